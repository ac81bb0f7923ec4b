"""A replay as frames for a film, or as a sheet of the moments that matter."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.pictures import FramePainter, Told
from corrigible.sandbox.voxel.replay import ActionLog, Player
from corrigible.sandbox.voxel.sheets import Band, Tile, sheet
from corrigible.sandbox.voxel.telling import deed, doing
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.types import Array

Progress: TypeAlias = Callable[[int, int], None]
"""Called with steps done and steps in all."""

MOMENTS: Final = 12
"""Tiles of a sheet."""

_COLUMNS: Final = 4


@dataclass(frozen=True, kw_only=True)
class Showing:
    """What of a log is shown: world (its column), agent, every N-th step, and how much larger than the network's view.

    scale: None takes about 384 pixels. deeds: every step in which the agent changed something is shown, too. Raises
    BadInput where a value is out of range.
    """

    world: int = 0
    agent: int = 0
    every: int = 1
    scale: int | None = None
    deeds: bool = True

    def __post_init__(self) -> None:
        """Check `every` (raises BadInput); what depends on the log is checked with it."""
        if self.every < 1:
            raise BadInput(value=f"every = {self.every}", rule="it must be at least 1", remedy="1 shows every step")


def frames_of(log: ActionLog, showing: Showing, *, progress: Progress | None = None) -> Iterator[Array]:
    """Frames uint8 (H, W, 3): one of the beginning, every N-th step, and each in which the agent changed something.

    Raises CorrigibleError after the last frame where the replay did not
    end as it was recorded, BadInput at the first where `showing` does not fit the log.
    """
    for told, painter in told_frames(log, showing, progress):
        yield painter.paint(told)


def moments_of(log: ActionLog, showing: Showing, *, progress: Progress | None = None) -> Array:
    """uint8 (H, W, 3): a sheet of at most twelve moments. The agent's deeds come first, then steps evenly between."""
    _check(log, showing)
    deeds = [step for step, words in _deeds(log, showing) if words]
    steps = _spread(deeds, log.steps, MOMENTS)
    tiles: list[Tile] = []
    for told, painter in told_frames(log, replace(showing, every=1), progress):
        if told.step in steps:
            tiles.append(Tile(picture=painter.seen()[1].copy(), words=f"step {told.step}: {told.words}"))
    scenario = log.params.loaded
    summary = f"{scenario.name}, seed {log.seed}, world {showing.world}, {log.steps} steps"
    return sheet((Band(title=scenario.title, summary=summary, tiles=tuple(tiles)),), columns=_COLUMNS)


def _check(log: ActionLog, showing: Showing) -> None:
    if not 0 <= showing.agent < log.params.agents:
        raise BadInput(
            value=f"agent {showing.agent}",
            rule=f"the log holds agents 0 to {log.params.agents - 1}",
            remedy="choose one of them",
        )


def _spread(deeds: list[int], steps: int, most: int) -> frozenset[int]:
    """At most `most` steps: deeds, thinned evenly where they are too many, and steps between them where too few."""
    if len(deeds) >= most:
        return frozenset(deeds[index] for index in np.linspace(0, len(deeds) - 1, most).astype(int))
    chosen = {0, steps, *deeds}
    for count in range(2, 4 * most):
        for step in np.linspace(0, steps, count).astype(int):
            if len(chosen) < most and min(abs(int(step) - known) for known in chosen) > steps // (2 * most):
                chosen.add(int(step))
    return frozenset(sorted(chosen)[:most])


def _deeds(log: ActionLog, showing: Showing) -> Iterator[tuple[int, str]]:
    """Number and deed of every step."""
    player = Player(log.only([showing.world]), threads=1)
    while not player.over:
        events = player.step()
        yield player.time, deed(player.worlds, events, 0, showing.agent)


def told_frames(
    log: ActionLog, showing: Showing, progress: Progress | None = None
) -> Iterator[tuple[Told, FramePainter]]:
    """What is to be told of each frame, while the painter's world stands at that moment; the world replays alone.

    Raises as `frames_of`.
    """
    _check(log, showing)
    own = log.only([showing.world])
    player = Player(own, threads=1)
    player.ready()
    agent, seconds = showing.agent, own.params.seconds
    painter = FramePainter(log.view or ViewParams(), player.worlds, agent=agent, scale=showing.scale)
    yield Told(step=0, seconds=0.0, words="an episode begins"), painter
    while not player.over:
        if player.time and player.ready().any():
            painter.forget()
            told = Told(step=player.time, seconds=player.time * seconds, words="an episode begins")
            yield told, painter
        keys, turn = int(own.keys[player.time, 0, agent]), own.turn[player.time, 0, agent]
        events = player.step()
        painter.follow()
        done = deed(player.worlds, events, 0, agent)
        if (done and showing.deeds) or player.time % showing.every == 0 or player.over:
            words = done or doing(events, 0, agent, keys, turn)
            looks = (float(turn[0]), float(turn[1]))
            yield Told(step=player.time, seconds=player.time * seconds, words=words, keys=keys, turn=looks), painter
        if progress is not None:
            progress(player.time, own.steps)
    player.check()
