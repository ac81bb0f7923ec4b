"""Replay of a stag hunt: the same stag and the same hunters under every tone of the voice, and who joins.

Colours are CSS variables with fallbacks (--ink, --paper, --line, --muted, --accent, --warn, --good).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from corrigible.errors import BadInput, CorrigibleError
from corrigible.sandbox.signals.environment import TONES, Hunt, StagHunt, Tone
from corrigible.sandbox.signals.world import STAG, StagHuntParams
from corrigible.types import Array, Replay, Trajectory

WIDTH: Final = 360
HEIGHT: Final = 316
LEFT: Final = 20
ROW: Final = 10  # players in a row of dots, in order of what each sees
SECONDS: Final = 1.6

INK: Final = "var(--ink,#1f2933)"
PAPER: Final = "var(--paper,#ffffff)"
LINE: Final = "var(--line,#cbd2d9)"
MUTED: Final = "var(--muted,#616e7c)"
ACCENT: Final = "var(--accent,#1d6fd1)"
WARN: Final = "var(--warn,#c2410c)"
GOOD: Final = "var(--good,#15803d)"


@dataclass(frozen=True, kw_only=True)
class _Scene:
    """One hunt. joins, pledged: bool of each player, those to whom the stag looks weakest first."""

    tone: Tone
    said: float | None
    theta: float
    joins: tuple[bool, ...]
    pledged: tuple[bool, ...]
    caught: bool

    @property
    def needed(self) -> int:
        """The fewest hunters that catch the stag."""
        return max(0, int(np.ceil(self.theta * len(self.joins))))


def replay_of(world: StagHuntParams, trajectory: Trajectory, column: int) -> Replay:
    """One frame a tone. Raises BadInput where there is no such column, CorrigibleError without observations."""
    if not 0 <= column < trajectory.action.shape[1]:
        raise BadInput(
            value=f"world {column}",
            rule=f"the trajectory has worlds 0 to {trajectory.action.shape[1] - 1}",
            remedy="choose one",
        )
    if trajectory.observations is None or trajectory.final_observation is None:
        raise CorrigibleError(
            value="a trajectory without observations",
            rule="a picture shows what was seen and heard",
            remedy="restore it by the sandbox that rolled it out",
        )
    seen = trajectory.observations.array()[:, column]
    theta = trajectory.final_observation[column]
    hunt = StagHunt(params=world).hunt(theta, trajectory.action[:, column : column + 1])
    scenes = [_scene(world, seen[t], float(theta[0]), hunt, t) for t in range(len(TONES))]
    return Replay(
        width=WIDTH,
        height=HEIGHT,
        frames=tuple(_frame(world, scene) for scene in scenes),
        captions=tuple(_caption(scene) for scene in scenes),
        seconds=SECONDS,
    )


def _scene(world: StagHuntParams, seen: Array, theta: float, hunt: Hunt, t: int) -> _Scene:
    order = np.argsort(seen[:, 0], kind="stable")
    joins = hunt.executed[t, 0] == STAG
    pledged = np.arange(world.players) < world.committed
    return _Scene(
        tone=TONES[t],
        said=None if world.hearing == "none" else float(seen[:, 1].mean()),
        theta=theta,
        joins=tuple(bool(value) for value in joins[order]),
        pledged=tuple(bool(value) for value in pledged[order]),
        caught=bool(hunt.caught[t, 0]),
    )


def _caption(scene: _Scene) -> str:
    came, players = sum(scene.joins), len(scene.joins)
    tone = "the tone as it comes" if scene.tone == "as it comes" else f"the same stag, tone set: {scene.tone}"
    return f"{tone}; {came} of {players} hunt, {scene.needed} were needed: {'caught' if scene.caught else 'it escapes'}"


def _frame(world: StagHuntParams, scene: _Scene) -> str:
    parts = [_voice(world, scene), _crowd(scene), _scale(scene), _stag(scene)]
    return f'<g font-family="system-ui,sans-serif">{"".join(parts)}</g>'


def _text(x: float, y: float, words: str, *, size: int = 14, colour: str = INK, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}"{more}>{words}</text>'


def _tone_colour(tone: Tone) -> str:
    return {"hope": GOOD, "mild hope": GOOD, "despair": WARN, "mild despair": WARN}.get(tone, MUTED)


def _voice(world: StagHuntParams, scene: _Scene) -> str:
    colour = _tone_colour(scene.tone)
    if scene.said is None:
        said = "Nobody speaks."
    else:
        hunters = round((scene.said - world.manner) * len(scene.joins))
        who = "A voice to all" if world.hearing == "public" else "Whispers, on average"
        said = f"{who}: “it takes {hunters} of us”"
    box = f'x="{LEFT}" y="12" width="{WIDTH - 2 * LEFT}" height="50" rx="12"'
    bubble = f'<rect {box} fill="{PAPER}" stroke="{colour}" stroke-width="2.5"/>'
    return bubble + _text(LEFT + 14, 33, said, size=15) + _text(LEFT + 14, 52, scene.tone, size=13, colour=colour)


def _crowd(scene: _Scene) -> str:
    rows = -(-len(scene.joins) // ROW)
    across = (WIDTH - 2 * LEFT) / ROW
    down = min(26.0, 132.0 / rows)
    radius = min(9.0, down * 0.38)
    drawn = [_text(LEFT, 84, "hunters: full dots join (weakest-looking stag first)", size=12, colour=MUTED)]
    for place, (joins, pledged) in enumerate(zip(scene.joins, scene.pledged, strict=True)):
        x, y = LEFT + (place % ROW + 0.5) * across, 98 + (place // ROW + 0.5) * down
        look = f'fill="{ACCENT}" stroke="{ACCENT}"' if joins else f'fill="none" stroke="{MUTED}"'
        drawn.append(f'<circle cx="{x:g}" cy="{y:.1f}" r="{radius:.1f}" {look} stroke-width="1.8"/>')
        if pledged:
            drawn.append(f'<circle cx="{x:g}" cy="{y:.1f}" r="{radius * 0.4:.1f}" fill="{PAPER}"/>')
    return "".join(drawn)


def _scale(scene: _Scene) -> str:
    """How many came, as a bar, and how many were needed, as a mark on it."""
    length = WIDTH - 2 * LEFT
    came, players = sum(scene.joins), len(scene.joins)
    colour = GOOD if scene.caught else WARN
    mark = LEFT + length * min(1.0, max(0.0, scene.needed / players))
    end = ' text-anchor="end"' if mark > WIDTH / 2 else ""
    return "".join(
        (
            f'<rect x="{LEFT}" y="242" width="{length}" height="14" rx="3" fill="{LINE}"/>',
            f'<rect x="{LEFT}" y="242" width="{length * came / players:.1f}" height="14" rx="3" fill="{colour}"/>',
            f'<path d="M{mark:.1f} 236V262" stroke="{INK}" stroke-width="3"/>',
            _text(mark + (-6 if end else 6), 275, f"needs {scene.needed}", size=12, more=end),
        )
    )


def _stag(scene: _Scene) -> str:
    came = sum(scene.joins)
    if scene.caught:
        return _text(LEFT, 304, f"{came} came: the stag is caught", size=17, colour=GOOD, more=' font-weight="600"')
    possible = "" if scene.theta <= 1 else ", as it must"
    return _text(LEFT, 304, f"{came} came: the stag escapes{possible}", size=17, colour=WARN, more=' font-weight="600"')
