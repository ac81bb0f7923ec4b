"""What a step did, for rewards, monitors and evaluators: batch-first arrays, a neutral trace, and who did it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol, TypeAlias, final, runtime_checkable

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.acting_kernels import Record
from corrigible.sandbox.voxel.nodes import NodeTable, node_table
from corrigible.types import Array, Scene, WorldTrace

if TYPE_CHECKING:  # worlds tell events, so their module imports this one
    from corrigible.sandbox.voxel.simulator import VoxelWorlds

CHANGES_PER_AGENT = 4
"""An agent digs and places at most one node a step, and uses one, or the two halves of a door."""


def empty_record(worlds: int, agents: int) -> Record:
    """A record in which nothing happened."""
    N, A = worlds, agents

    def ids() -> Array:
        return np.zeros((N, A), dtype=np.uint8)

    def places() -> Array:
        return np.zeros((N, A, 3), dtype=np.int16)

    return Record(
        dug=ids(),
        dug_at=places(),
        placed=ids(),
        placed_at=places(),
        used=ids(),
        used_at=places(),
        punched=ids(),
        pointed=ids(),
        pointed_index=np.full((N, A), -1, dtype=np.int64),
        jumped=np.zeros((N, A), dtype=np.bool_),
        landed=np.zeros((N, A), dtype=np.bool_),
        change=np.zeros((N, CHANGES_PER_AGENT * A, 5), dtype=np.int16),
        changes=np.zeros(N, dtype=np.int64),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class VoxelEvents:
    """One step of N worlds with A agents; what a reward function is given.

    dug, placed, used, punched, pointed: (N, A) uint8 ids, 0 where nothing was. punched: what was dug at, finished or
    not. pointed: what the crosshair is on after the step, within reach. *_at: (N, A, 3) int16 cells. jumped, landed:
    (N, A) bool. place: (N, A, 3) float64, feet after the step. structure: (N, A) int16: which tree or thing the dug
    node belonged to at the start of the episode, 0 for none.

    Of the cells of that structure that held a node of the group tree when the episode began ("its logs"): remaining
    (N, A) int16 is how many hold one after the step; 0 where nothing was dug, or it belonged to nothing. above_base
    (N, A) int16 is the height of the dug cell above the lowest of them, so 0 for the bottom log; -1 where no node of
    the group tree was dug, or it belonged to nothing that had logs, or lies below them. felled (N, A) bool: it was a
    log of a tree (`trees` of the scenario), and none of that tree's logs remains.
    """

    dug: Array
    dug_at: Array
    placed: Array
    placed_at: Array
    used: Array
    used_at: Array
    punched: Array
    pointed: Array
    jumped: Array
    landed: Array
    place: Array
    structure: Array
    remaining: Array
    above_base: Array
    felled: Array

    def digs(self, what: str) -> Array:
        """(N, A) bool: a node was dug that is called `what`, or is in the group `what` ("group:tree")."""
        return kinds(what)[self.dug]

    def puts(self, what: str) -> Array:
        """(N, A) bool: such a node was put down."""
        return kinds(what)[self.placed]

    def uses(self, what: str) -> Array:
        """(N, A) bool: such a node was used (named as it was before)."""
        return kinds(what)[self.used]

    def punches(self, what: str) -> Array:
        """(N, A) bool: such a node was dug at."""
        return kinds(what)[self.punched]

    def sees(self, what: str) -> Array:
        """(N, A) bool: such a node is under the crosshair, within reach."""
        return kinds(what)[self.pointed]

    def copy(self) -> "VoxelEvents":
        """Arrays of its own: those of a step are written again by the next."""
        return VoxelEvents(**{item.name: getattr(self, item.name).copy() for item in fields(self)})


Reward: TypeAlias = Callable[[VoxelEvents], Array]
"""Events -> (N, A) numbers. Plain Python over arrays; used alike for what is paid and for what was meant."""


@runtime_checkable
class Watching(Protocol):
    """A reward that looks at the worlds beside the events: whatever has `watch` is taken for one.

    It cannot be called itself: `unwatched` says so.
    """

    def watch(self, worlds: "VoxelWorlds") -> Reward:
        """What these worlds pay: asked for once, before their first step, and called once after every step.

        The worlds are then as the step left them; what they were before it, `worlds.listeners` can see. They are looked
        at only. What is paid follows from the state before the step, its actions and the state after it: worlds begin
        anew and are restored without a word, and a training that was killed must go on as if it had not been.
        """
        ...


def reward_in(reward: Reward | Watching, worlds: "VoxelWorlds") -> Reward:
    """The function of events that pays in these worlds."""
    return reward.watch(worlds) if isinstance(reward, Watching) else reward


def unwatched(reward: object) -> BadInput:
    """What a reward of worlds says when it is called by itself."""
    return BadInput(
        value=f"{type(reward).__name__} as a function of events",
        rule="it looks at the worlds as well",
        remedy="call reward_in(reward, worlds) once, and then what that returns",
    )


def logs(events: VoxelEvents) -> Array:
    """One for every log dug: what is paid unless another reward is given."""
    return events.digs("group:tree").astype(np.float32)


def kinds(what: str, table: NodeTable | None = None) -> Array:
    """(256,) bool by id: the node called `what`, or the nodes of the group in "group:NAME"; BadInput if unknown."""
    nodes = table or node_table()
    if not what.startswith("group:"):
        found = np.zeros(256, dtype=np.bool_)
        found[nodes.id(what)] = True
        return found
    found = nodes.in_group(what.removeprefix("group:"))
    if not found.any():
        known = sorted({group for node in nodes.nodes for group in node.groups})
        raise BadInput(value=what, rule="a node must be in the group", remedy=f"one of group:{', group:'.join(known)}")
    return found


def paid_by(reward: Reward, events: VoxelEvents) -> Array:
    """(N, A) float32; BadInput where the function gives another shape or a number that is not finite."""
    amount = np.asarray(reward(events), dtype=np.float32)
    if amount.shape != events.dug.shape or not np.isfinite(amount).all():
        raise BadInput(
            value=f"the reward function gave shape {amount.shape}"
            if amount.shape != events.dug.shape
            else "not finite",
            rule=f"it maps events to {events.dug.shape} finite numbers, worlds x agents",
            remedy="mend the function",
        )
    return amount


@final
class TraceLog:
    """Collects the neutral changes of the world, step by step, into a WorldTrace."""

    def __init__(self, worlds: int, scene: Scene | None = None) -> None:
        self._worlds, self._scene = worlds, scene
        self._rows: list[Array] = []

    def add(self, time: int, record: Record) -> None:
        """Changes of the step that began at `time`."""
        counts = record.changes
        if counts.any():
            world, row = np.nonzero(np.arange(record.change.shape[1]) < counts[:, None])
            head = np.stack((np.full(len(world), time), world), axis=1)
            self._rows.append(np.concatenate((head, record.change[world, row]), axis=1))

    def trace(self, names: Sequence[str] | None = None) -> WorldTrace:
        """Everything added so far; kinds are node names by id."""
        rows = np.concatenate(self._rows) if self._rows else np.zeros((0, 7), dtype=np.int64)
        return WorldTrace(
            time=rows[:, 0].astype(np.int32),
            world=rows[:, 1].astype(np.int32),
            place=rows[:, 2:5].astype(np.int16),
            before=rows[:, 5].astype(np.int16),
            after=rows[:, 6].astype(np.int16),
            kinds=tuple(names or node_table().names),
            worlds=self._worlds,
            scene=self._scene,
        )
