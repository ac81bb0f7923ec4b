"""Replays of grid worlds as SVG: the map, the agent, what it intended, what was carried out, and the trail behind it.

Colours are CSS variables with fallbacks (--ink, --paper, --line, --muted, --accent, --warn, --good), and no element has
an id, so that frames can stand in one page, light or dark.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from corrigible.errors import BadInput, CorrigibleError
from corrigible.sandbox.grid.maps import MOVES, PRESS, Cell
from corrigible.sandbox.grid.tables import TabularWorld
from corrigible.types import Array, Replay, Trajectory

SIZE: Final = 56  # pixels of a cell
MARGIN: Final = 6

INK: Final = "var(--ink,#1f2933)"
PAPER: Final = "var(--paper,#ffffff)"
LINE: Final = "var(--line,#cbd2d9)"
MUTED: Final = "var(--muted,#616e7c)"
ACCENT: Final = "var(--accent,#1d6fd1)"
WARN: Final = "var(--warn,#c2410c)"
GOOD: Final = "var(--good,#15803d)"


@dataclass(frozen=True, kw_only=True)
class _Step:
    """One step of the episode; `after` and `nodes` show the world at its end."""

    before: Cell
    after: Cell
    action: int
    executed: int
    nodes: tuple[int, ...]
    ending: str


def replay_of(world: TabularWorld, trajectory: Trajectory, column: int) -> Replay:
    """Frames of the first episode in `column`: one before it starts, then one a step; equal steps share a frame.

    Raises BadInput where there is no such column, CorrigibleError where the trajectory has no observations.
    """
    if not 0 <= column < trajectory.action.shape[1]:
        raise BadInput(
            value=f"world {column}",
            rule=f"the trajectory has worlds 0 to {trajectory.action.shape[1] - 1}",
            remedy="choose one",
        )
    seen = _observations(trajectory, column)
    first = _Shown(world)
    steps = _steps(world, trajectory, column, seen, first)
    frames = [_frame(world, first.nodes(seen[0]), (first.cell(seen[0]),), None)]
    captions = ["start"]
    trail = [first.cell(seen[0])]
    number = 0
    while number < len(steps):
        step, last = steps[number], number
        while last + 1 < len(steps) and steps[last + 1] == step:
            last += 1
        trail.append(step.after)
        frames.append(_frame(world, step.nodes, tuple(trail), step))
        captions.append(_caption(world, step, number + 1, last + 1))
        number = last + 1
    rows, columns = len(world.layout), len(world.layout[0])
    return Replay(
        width=columns * SIZE + 2 * MARGIN,
        height=rows * SIZE + 2 * MARGIN,
        frames=tuple(frames),
        captions=tuple(captions),
    )


class _Shown:
    """What an observation shows: the agent's cell and the nodes. Tables guarantee that it fixes both."""

    def __init__(self, world: TabularWorld) -> None:
        _, self._state = np.unique(world.observation, return_index=True)
        self._world = world

    def cell(self, observation: int) -> Cell:
        row, column = self._world.agent_position[self._state[observation]]
        return int(row), int(column)

    def nodes(self, observation: int) -> tuple[int, ...]:
        return tuple(int(kind) for kind in self._world.node_kind[self._state[observation]])


def _observations(trajectory: Trajectory, column: int) -> Array:
    """(T + 1,) observations of one column, the final one last."""
    if trajectory.observations is None or trajectory.final_observation is None:
        raise CorrigibleError(
            value="a trajectory without observations",
            rule="a picture shows what was observed",
            remedy="restore it by the sandbox that rolled it out",
        )
    return np.append(trajectory.observations.array()[:, column], trajectory.final_observation[column])


def _steps(world: TabularWorld, trajectory: Trajectory, column: int, seen: Array, shown: _Shown) -> list[_Step]:
    executed = trajectory.action if trajectory.executed_action is None else trajectory.executed_action
    steps: list[_Step] = []
    for t in range(int(trajectory.mask[:, column].argmin()) or trajectory.mask.shape[0]):
        ending = ""
        if trajectory.terminated[t, column]:
            ending = "the episode ends here"
        elif trajectory.truncated[t, column]:
            ending = "time is up" if t + 1 == world.horizon else "the supervisor stops the episode"
        steps.append(
            _Step(
                before=shown.cell(seen[t]),
                after=shown.cell(seen[t + 1]),
                action=int(trajectory.action[t, column]),
                executed=int(executed[t, column]),
                nodes=shown.nodes(seen[t + 1]),
                ending=ending,
            )
        )
    return steps


def _caption(world: TabularWorld, step: _Step, first: int, last: int) -> str:
    when = f"step {first}" if first == last else f"steps {first} to {last}"
    intended, executed = world.action_names[step.action], world.action_names[step.executed]
    what = intended if step.action == step.executed else f"intends {intended}, interrupted: {executed} is carried out"
    return f"{when}: {what}" + (f"; {step.ending}" if step.ending else "")


def _frame(world: TabularWorld, nodes: tuple[int, ...], trail: tuple[Cell, ...], step: _Step | None) -> str:
    parts = [_floor(world), *(_node(world, place, kind) for place, kind in enumerate(nodes)), _trail(trail)]
    parts.append(_agent(trail[-1], step))
    return f'<g transform="translate({MARGIN} {MARGIN})" font-family="system-ui,sans-serif">{"".join(parts)}</g>'


def _floor(world: TabularWorld) -> str:
    drawn: list[str] = []
    nodes = {(int(row), int(column)) for row, column in world.place}
    for row, line in enumerate(world.layout):
        for column, letter in enumerate(line):
            x, y = column * SIZE, row * SIZE
            square = f'<rect x="{x}" y="{y}" width="{SIZE}" height="{SIZE}"'
            if letter == "#":
                drawn.append(f'{square} fill="{MUTED}" fill-opacity=".55"/>')
                continue
            drawn.append(f'{square} fill="{PAPER}" stroke="{LINE}" stroke-width="1.5"/>')
            if letter == "I":
                drawn.append(_hatching(x, y))
            elif letter == "G":
                drawn.append(_flag(x, y))
            elif letter not in ". A" and (row, column) not in nodes:
                drawn.append(_letter(x, y, letter))
    return "".join(drawn)


def _hatching(x: int, y: int) -> str:
    """Diagonal stripes: here the supervisor may interrupt."""
    ends = range(14, 2 * SIZE, 14)
    lines = (
        f"M{x + max(0, end - SIZE)} {y + min(end, SIZE)}L{x + min(end, SIZE)} {y + max(0, end - SIZE)}" for end in ends
    )
    return f'<path d="{"".join(lines)}" stroke="{WARN}" stroke-width="3" stroke-opacity=".45" fill="none"/>'


def _flag(x: int, y: int) -> str:
    return (
        f'<path d="M{x + 19} {y + 44}V{y + 12}" stroke="{INK}" stroke-width="3" stroke-linecap="round"/>'
        f'<path d="M{x + 20} {y + 12}l20 8l-20 8z" fill="{GOOD}"/>'
    )


def _letter(x: int, y: int, letter: str) -> str:
    return (
        f'<text x="{x + SIZE // 2}" y="{y + 38}" text-anchor="middle" font-size="28" font-weight="600" '
        f'fill="{MUTED}">{letter}</text>'
    )


def _node(world: TabularWorld, place: int, kind: int) -> str:
    """A toggle, its knob to the right while the node is as it was at the start, and the last word of its kind."""
    row, column = (int(value) for value in world.place[place])
    x, y = column * SIZE, row * SIZE
    colour, knob = (GOOD, 35) if kind == 0 else (WARN, 21)
    word = world.kinds[kind].rsplit(" ", maxsplit=1)[-1]
    size = 15 if len(word) < 5 else 12  # pixels; seven letters still fit a cell
    return (
        f'<rect x="{x + 12}" y="{y + 9}" width="32" height="18" rx="9" fill="{colour}"/>'
        f'<circle cx="{x + knob}" cy="{y + 18}" r="6.5" fill="{PAPER}"/>'
        f'<text x="{x + SIZE // 2}" y="{y + 48}" text-anchor="middle" font-size="{size}" font-weight="600" '
        f'fill="{INK}">{word}</text>'
    )


def _centre(cell: Cell) -> tuple[float, float]:
    return (cell[1] + 0.5) * SIZE, (cell[0] + 0.5) * SIZE


def _trail(trail: tuple[Cell, ...]) -> str:
    points = " ".join(f"{x:g},{y:g}" for x, y in map(_centre, trail))
    return (
        f'<polyline points="{points}" fill="none" stroke="{ACCENT}" stroke-opacity=".35" stroke-width="7" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def _agent(cell: Cell, step: _Step | None) -> str:
    """A disc with the sign of the intended action; ringed where something else was carried out."""
    x, y = _centre(cell)
    overruled = step is not None and step.action != step.executed
    ring = (
        f'<circle cx="{x:g}" cy="{y:g}" r="23" fill="none" stroke="{WARN}" stroke-width="4.5" stroke-dasharray="7 5"/>'
        if overruled
        else ""
    )
    disc = f'<circle cx="{x:g}" cy="{y:g}" r="17" fill="{ACCENT}" stroke="{PAPER}" stroke-width="2"/>'
    return ring + disc + ("" if step is None else _sign(x, y, step.action))


def _sign(x: float, y: float, action: int) -> str:
    """An arrow for a move, a dot for a press, a bar for staying."""
    if action == PRESS:
        return f'<circle cx="{x:g}" cy="{y:g}" r="7" fill="{PAPER}"/>'
    down, right = MOVES[action]
    if (down, right) == (0, 0):
        return f'<rect x="{x - 7:g}" y="{y - 2.5:g}" width="14" height="5" rx="2" fill="{PAPER}"/>'
    tip = (x + 10 * right, y + 10 * down)
    tail = (x - 6 * right, y - 6 * down)
    wide = (8 * down, 8 * right)
    return (
        f'<path d="M{tip[0]:g} {tip[1]:g}L{tail[0] + wide[0]:g} {tail[1] + wide[1]:g}'
        f'L{tail[0] - wide[0]:g} {tail[1] - wide[1]:g}z" fill="{PAPER}"/>'
    )
