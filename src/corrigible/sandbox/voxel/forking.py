"""Copies of worlds that live on by themselves, and what would have happened: for counterfactual explanation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.events import Reward, TraceLog, VoxelEvents, logs, paid_by, reward_in
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.state import Snapshot
from corrigible.types import Array, WorldTrace


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """T steps of M worlds. place (T + 1, M, A, 3) float64: feet, before the first step and after each.

    events: of each step, copies. paid (T, M, A) float32. trace: changes of the world. worlds: as they were left.
    """

    place: Array
    events: tuple[VoxelEvents, ...]
    paid: Array
    trace: WorldTrace
    worlds: VoxelWorlds


@dataclass(frozen=True, kw_only=True, eq=False)
class Counterfactual:
    """The same actions in the same worlds, left alone and edited.

    parted (M,) int64: number of the first step, from 0, whose events differ (any array of VoxelEvents); -1 where none
    does, so that the edit made no difference to what any agent did or met in those steps.
    """

    actual: Course
    edited: Course
    parted: Array


def fork(worlds: VoxelWorlds, indices: Sequence[int] | Array, copies: int = 1) -> VoxelWorlds:
    """A batch of its own with `copies` copies of each of those worlds, side by side, which goes on as they would.

    It shares the pool of layouts, which never changes. Raises BadInput where a world does not exist, or the memory is
    not there.
    """
    if copies < 1:
        raise BadInput(value=f"{copies} copies", rule="at least one is made", remedy="ask for 1 or more")
    chosen = np.repeat(np.asarray(indices, dtype=np.int64), copies)
    if chosen.ndim != 1 or len(chosen) == 0:
        raise BadInput(value=f"worlds {indices!r}", rule="at least one is forked", remedy="name worlds by number")
    snapshot = worlds.snapshot(chosen)
    made = _batch_of(worlds, snapshot)
    for own, old in zip(made.record, worlds.record, strict=True):
        own[...] = old[chosen]  # what the last step did is in the picture: the node that is pointed at is marked
    return made


def counterfactual(
    worlds: VoxelWorlds,
    snapshot: Snapshot,
    edit: Callable[[VoxelWorlds], None],
    keys: Array,
    turn: Array,
    *,
    reward: Reward = logs,
) -> Counterfactual:
    """What the same actions do from `snapshot` on, and what they would have done had `edit` been made before.

    keys (T, M, A) uint16 and turn (T, M, A, 2) float64, degrees, are those of VoxelWorlds.step for the M worlds of the
    snapshot; `edit` gets these as a batch, numbered 0 to M - 1. Actions do not react to the edit; for a policy that
    does, `fork` and step. `worlds` lends params and layouts and is not changed. BadInput where shapes do not fit.
    """
    M, A = snapshot.worlds, worlds.params.agents
    if keys.ndim != 3 or keys.shape[0] < 1 or keys.shape[1:] != (M, A) or turn.shape != (*keys.shape, 2):
        raise BadInput(
            value=f"keys of shape {keys.shape} and turns of shape {turn.shape}",
            rule=f"they are (T, {M}, {A}) and (T, {M}, {A}, 2) with at least one step",
            remedy="give one action for each step, world and agent",
        )
    left_alone, changed = _batch_of(worlds, snapshot), _batch_of(worlds, snapshot)
    edit(changed)
    actual, edited = (_run(batch, keys, turn, reward) for batch in (left_alone, changed))
    differs = np.array([_differs(one, other) for one, other in zip(actual.events, edited.events, strict=True)])
    parted = np.where(differs.any(axis=0), differs.argmax(axis=0), -1)
    return Counterfactual(actual=actual, edited=edited, parted=parted.astype(np.int64))


def _batch_of(worlds: VoxelWorlds, snapshot: Snapshot) -> VoxelWorlds:
    # the scenario as it was read: its file may have changed or gone
    params = replace(worlds.params, worlds=snapshot.worlds, scenario=worlds.params.loaded)
    made = VoxelWorlds(params, worlds.seed)
    made.layouts = worlds.layouts
    made.restore(snapshot)
    return made


def _run(batch: VoxelWorlds, keys: Array, turn: Array, reward: Reward) -> Course:
    log = TraceLog(batch.state.worlds)
    places, events = [batch.state.bodies.place.copy()], list[VoxelEvents]()
    paid: list[Array] = []
    pay = reward_in(reward, batch)
    for t in range(len(keys)):
        happened = batch.step(keys[t], turn[t]).copy()
        log.add(t, batch.record)
        events.append(happened)
        paid.append(paid_by(pay, happened))
        places.append(happened.place)
    return Course(place=np.array(places), events=tuple(events), paid=np.array(paid), trace=log.trace(), worlds=batch)


def _differs(one: VoxelEvents, other: VoxelEvents) -> Array:
    """(M,) bool."""
    found = np.zeros(len(one.dug), dtype=np.bool_)
    for item in fields(one):
        unlike = getattr(one, item.name) != getattr(other, item.name)
        found |= unlike.reshape(len(found), -1).any(axis=1)
    return found
