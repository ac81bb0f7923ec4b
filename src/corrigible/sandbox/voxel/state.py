"""The state of N worlds as arrays of N rows: a copy of some rows is a snapshot, and written elsewhere it is a fork."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.acting_kernels import Bodies, Nodes
from corrigible.sandbox.voxel.layouts import padded
from corrigible.sandbox.voxel.nodes import AIR
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.types import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class EnvState:
    """Everything that the next step and the next view depend on; arrays are batch-first and changed in place.

    nodes, bodies: see acting_kernels. world, episode, layout (N,) int64: which random stream, which of its episodes,
    and the layout that it began in. time (N,) int64: steps of the running episode. hour (N,) float64: time of day.
    done (N,) bool: the episode is over. eye: how high above the feet it is, nodes; of all bodies, and never changed.
    """

    nodes: Nodes
    bodies: Bodies
    world: Array
    episode: Array
    layout: Array
    time: Array
    hour: Array
    done: Array
    eye: float

    @property
    def worlds(self) -> int:
        """N."""
        return int(self.done.shape[0])

    def arrays(self) -> Iterator[tuple[str, Array]]:
        """Name and array of everything, in a fixed order."""
        yield from (("node", self.nodes.node), ("column", self.nodes.column))
        yield from self.bodies._asdict().items()
        yield from ((name, getattr(self, name)) for name in ("world", "episode", "layout", "time", "hour", "done"))


def empty_state(params: EnvParams, worlds: int) -> EnvState:
    """Arrays for `worlds` worlds, not yet begun: all done, and of air."""
    N, A = worlds, params.agents
    X, Y, Z = params.shape
    return EnvState(
        nodes=Nodes(
            node=np.tile(padded(np.full((X, Y, Z), AIR, dtype=np.uint8)), (N, 1)),
            column=np.zeros((N, (X + 2) * (Y + 2)), dtype=np.uint64),
            size=(X, Y, Z),
        ),
        bodies=Bodies(
            place=np.zeros((N, A, 3)),
            velocity=np.zeros((N, A, 3)),
            yaw=np.zeros((N, A)),
            pitch=np.zeros((N, A)),
            grounded=np.zeros((N, A), dtype=np.bool_),
            target=np.full((N, A), -1, dtype=np.int64),
            progress=np.zeros((N, A)),
            pause=np.zeros((N, A)),
            tool=np.zeros((N, A), dtype=np.int64),
            item=np.zeros((N, A), dtype=np.int64),
            inventory=np.zeros((N, A, 256), dtype=np.int32),
        ),
        world=np.arange(N, dtype=np.int64),
        episode=np.full(N, -1, dtype=np.int64),
        layout=np.zeros(N, dtype=np.int64),
        time=np.zeros(N, dtype=np.int64),
        hour=np.zeros(N),
        done=np.ones(N, dtype=np.bool_),
        eye=float(params.eye),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """Rows of some worlds, copied; it can be restored any number of times, into any worlds of equal params."""

    size: tuple[int, int, int]
    rows: dict[str, Array]

    @property
    def worlds(self) -> int:
        """How many worlds it holds."""
        return int(self.rows["done"].shape[0])

    def nbytes(self) -> int:
        """Bytes that it takes."""
        return sum(array.nbytes for array in self.rows.values())


def take(state: EnvState, worlds: Array) -> Snapshot:
    """A snapshot of those worlds (indices, (M,))."""
    return Snapshot(size=state.nodes.size, rows={name: array[worlds].copy() for name, array in state.arrays()})


def put(state: EnvState, snapshot: Snapshot, worlds: Array) -> None:
    """Write a snapshot into those worlds (indices, (M,)); BadInput where counts or shapes do not fit."""
    arrays = dict(state.arrays())
    fits = snapshot.size == state.nodes.size and len(worlds) == snapshot.worlds
    if not fits or any(arrays[name].shape[1:] != rows.shape[1:] for name, rows in snapshot.rows.items()):
        raise BadInput(
            value=f"a snapshot of {snapshot.worlds} worlds of {snapshot.size}",
            rule=f"it goes into as many worlds of the same kind, and {len(worlds)} of {state.nodes.size} were named",
            remedy="restore into worlds with equal params",
        )
    for name, rows in snapshot.rows.items():
        arrays[name][worlds] = rows
