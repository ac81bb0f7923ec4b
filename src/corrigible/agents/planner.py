"""A scripted planner that sees the whole world: the ceiling for learned tree punching, a teacher, and a reference.

It chooses where to stand and look by exact rays on the angles that turns lead to, and gets there by a search through
the exact physics. It is deterministic; what it may do is its style.
"""

from typing import Final, Literal, TypeAlias, final, get_args

import numpy as np
from scipy import ndimage

from corrigible.agents.planner_kernels import BOTTOM, FIRST, LAST, Memory, decide
from corrigible.agents.planner_search_kernels import DIG, DOWN, JUMP, LEFT, NOOP, RIGHT, UP, WALK, Rules, Scratch
from corrigible.agents.reach_kernels import Aims, Plants, dig_all, directions
from corrigible.errors import BadInput
from corrigible.sandbox.voxel import acting_kernels as keys
from corrigible.sandbox.voxel.acting_kernels import Limits
from corrigible.sandbox.voxel.actions import TURN, ActionSet, ActionSetName, action_set
from corrigible.sandbox.voxel.events import kinds
from corrigible.sandbox.voxel.layouts import unpadded
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.types import Array

Style: TypeAlias = Literal["ground", "stump-then-bottom", "stump-kept"]
"""ground: digs every log that it reaches from the ground, and never stands on one. stump-then-bottom: hops on the
bottom log as well, for logs beyond that, then comes down and digs it. stump-kept: the same, but leaves the bottom log.
"""

FINE: Final = 5
"""Places to a node, along x and along y, from which `reachable_logs` looks."""

MOST_STATES: Final = 1 << 18
MOST_EXPANDED: Final = 4_000
LONGEST_PLAN: Final = 256


def _plants() -> Plants:
    return Plants(kinds("group:tree"), kinds("group:leaves"))


def reachable_logs(worlds: VoxelWorlds, world: int, style: Style, *, turn: float = TURN, jumps: bool = True) -> int:
    """How many logs agent 0 of that world could dig in that style from where it is, however long it takes.

    Exact rays at all angles that turns of `turn` degrees lead to, from all places on foot, FINE a node along x and y;
    what is dug is out of the way of later rays. The ground is what is neither log nor leaf. For the stump styles all
    bottom logs stand until nothing else can be dug. jumps: whether the body can jump up a node. Raises BadInput for an
    unknown style.
    """
    bits = reachable_bits(worlds, world, style, turn=turn, jumps=jumps)
    return int(((bits & (FIRST | LAST)) != 0).sum())


def reachable_bits(worlds: VoxelWorlds, world: int, style: Style, *, turn: float = TURN, jumps: bool = True) -> Array:
    """As `reachable_logs`, by log: (P,) uint8 over padded cells; FIRST, LAST and BOTTOM of planner_kernels."""
    _check_style(style)
    state, plants = worlds.state, _plants()
    size = state.nodes.size
    node = state.nodes.node[world].copy()
    bits = np.zeros(len(node), dtype=np.uint8)
    nothing = np.zeros(len(node), dtype=np.bool_)
    stumps = nothing if style == "ground" else bottom_logs(node, size, worlds.kinds.solid, plants)
    logs = np.flatnonzero(plants.log[node])
    start = state.bodies.place[world, 0]
    aims = _all_aims(float(state.bodies.yaw[world, 0]), float(state.bodies.pitch[world, 0]), turn, worlds.limits)

    def dig(kept: Array, bit: int) -> None:
        found = np.zeros(len(node), dtype=np.bool_)
        dig_all(node, worlds.kinds, plants, kept, kept, size, start, aims, worlds.limits, FINE, jumps, logs, found)
        bits[found] |= bit

    if len(logs):
        dig(stumps, FIRST)
        if style == "stump-then-bottom":
            dig(nothing, LAST)
    bits[stumps] |= BOTTOM
    return bits


def bottom_logs(node: Array, size: tuple[int, int, int], solid: Array, plants: Plants) -> Array:
    """(P,) bool: logs that stand on the ground and bear another log."""
    log, plant = plants.log[node], plants.log[node] | plants.leaf[node]
    ground = solid[node] & ~plant
    found = np.zeros(len(node), dtype=np.bool_)
    found[1:-1] = log[1:-1] & log[2:] & ground[:-2]
    whole = np.zeros_like(found)
    unpadded(whole, size)[:] = unpadded(found, size)
    return whole


def _all_aims(yaw: float, pitch: float, turn: float, limits: Limits) -> Aims:
    """Every angle from here on: pitch in steps from what it is, and from the ends, where turns stop short."""
    lowest, highest = limits.lowest, limits.highest
    steps = np.arange(int((highest - lowest) // turn) + 2) * turn
    pitches = np.concatenate((pitch + steps, pitch - steps, lowest + steps, highest - steps, (lowest, highest)))
    inside = np.unique(pitches[(pitches >= lowest) & (pitches <= highest)])
    yaws = (yaw + turn * np.arange(_turns(turn))) % 360.0
    return Aims(yaws, inside, np.zeros(len(inside), dtype=np.int64), directions(yaws, inside))


def _turns(turn: float) -> int:
    count = round(360.0 / turn) if turn > 0 else 0
    if count < 1 or abs(count * turn - 360.0) > 1e-9:
        raise BadInput(value=f"turns of {turn} degrees", rule="whole turns add up to 360", remedy="use 15, say")
    return count


def _check_style(style: Style) -> None:
    if style not in get_args(Style):
        raise BadInput(
            value=f"style {style!r}", rule="it must be known", remedy=f"choose one of {', '.join(get_args(Style))}"
        )


_PRESSED: Final[tuple[tuple[int, int, int, int], ...]] = (
    (NOOP, 0, 0, 0),
    (WALK, keys.FORWARD, 0, 0),
    (JUMP, keys.FORWARD | keys.JUMP_KEY, 0, 0),
    (LEFT, 0, 1, 0),
    (RIGHT, 0, -1, 0),
    (UP, 0, 0, 1),
    (DOWN, 0, 0, -1),
    (DIG, keys.DIG, 0, 0),
)
"""Move, keys, and the signs of its turn."""


def _indices_of(actions: ActionSet) -> tuple[Array, float]:
    """Indices of the planner's moves in a set, (8,) int64, and degrees of a turn. It may lack the jump (-1).

    Raises BadInput where another is missing.
    """
    found = np.zeros(len(_PRESSED), dtype=np.int64)
    sizes: set[float] = set()
    for move, pressed, left, up in _PRESSED:
        same = (actions.keys == pressed) & (np.sign(actions.turn) == (left, up)).all(axis=1)
        if move == JUMP and not same.any():
            found[move] = -1
        elif not same.any():
            raise BadInput(
                value=f"action set {actions.name!r}",
                rule=f"the planner needs keys {pressed} with turns of sign ({left}, {up})",
                remedy="use 'ten' or 'full'",
            )
        else:
            found[move] = int(np.flatnonzero(same)[0])
            sizes |= set(np.abs(actions.turn[found[move]]).tolist()) - {0.0}
    if len(sizes) != 1:
        raise BadInput(value=f"turns of {sorted(sizes)} degrees", rule="all are equal", remedy="use 'ten' or 'full'")
    turn = sizes.pop()
    _turns(turn)
    return found, turn


def as_said_in(actions: ActionSet) -> Array:
    """(10,) int64: for each action that the teacher has ("ten"), the pupil's that does the same, or that digs besides.

    Raises BadInput where the pupil cannot do what the teacher does.
    """
    ten = action_set("ten")
    rows = [(key, *turn) for key, turn in zip(actions.keys.tolist(), actions.turn.tolist(), strict=True)]
    found: list[int] = []
    for name, key, turn in zip(ten.names, ten.keys.tolist(), ten.turn.tolist(), strict=True):
        same = [row for row in ((key, *turn), (key | keys.DIG, *turn)) if row in rows]
        if not same:
            raise BadInput(
                value=f"action set {actions.name!r}",
                rule=f"a pupil of the planner can do {name!r}",
                remedy="teach in a world with the actions of 'ten'",
            )
        found.append(rows.index(same[0]))
    return np.array(found, dtype=np.int64)


@final
class Planner:
    """Plays agent 0 of every world, seeing everything; remembers what it does in each, until an episode begins.

    actions: the set whose indices it returns; it uses noop, forward, left, right, up, down, dig, and where the set has
    it forward+jump.
    Logs that appear during an episode are not seen. Raises BadInput for an unknown style, or a set that lacks a move.
    """

    def __init__(self, style: Style = "ground", *, actions: ActionSet | ActionSetName = "ten") -> None:
        _check_style(style)
        self.style: Style = style
        self._indices, self._turn = _indices_of(action_set(actions))
        self._jumps = bool(self._indices[JUMP] >= 0)
        self._memory: Memory | None = None
        self._met = np.zeros((3, 0), dtype=np.int64)
        M = MOST_STATES
        self._scratch = Scratch(
            np.zeros((M, 3)), np.zeros((M, 3)), np.zeros(M, dtype=np.bool_),
            *(np.zeros(M, dtype=np.int64) for _ in range(4)),
        )  # fmt: skip

    def act(self, worlds: VoxelWorlds) -> Array:
        """(N,) int64: one action for agent 0 of every world; noop where its episode is over or nothing is left."""
        state, params = worlds.state, worlds.params
        N = state.worlds
        active = ~state.done
        now = np.stack((state.world, state.episode, state.time))
        if self._memory is None or self._memory.bits.shape != state.nodes.node.shape:
            self._memory, self._met = _empty(N, state.nodes.node.shape[1]), np.full((3, N), -2, dtype=np.int64)
        fresh = active & (now != self._met + np.array([[0], [0], [1]])).any(axis=0)
        for n in np.flatnonzero(fresh):
            self._memory = _remember(
                self._memory,
                worlds,
                int(n),
                reachable_bits(worlds, int(n), self.style, turn=self._turn, jumps=self._jumps),
            )
        self._met[:, active] = now[:, active]
        rules = Rules(
            worlds.kinds, _plants(), params.ticks, float(params.dt), worlds.limits, self._turn,
            self.style != "ground", self._jumps,
        )  # fmt: skip
        moves = np.zeros(N, dtype=np.int64)
        decide(state.nodes, rules, state.bodies, self._memory, self._scratch, MOST_EXPANDED, active, moves)
        return np.asarray(self._indices[moves])


def _empty(worlds: int, cells: int) -> Memory:
    N = worlds
    return Memory(
        logs=np.full((N, 1), -1, dtype=np.int64),
        tree=np.zeros((N, 1), dtype=np.int64),
        bits=np.zeros((N, cells), dtype=np.uint8),
        plan=np.zeros((N, LONGEST_PLAN), dtype=np.int8),
        length=np.zeros(N, dtype=np.int64),
        position=np.zeros(N, dtype=np.int64),
        expected=np.zeros((N, 5)),
        patience=np.zeros(N, dtype=np.int64),
        failures=np.zeros(N, dtype=np.int64),
    )


def _remember(memory: Memory, worlds: VoxelWorlds, n: int, bits: Array) -> Memory:
    """The memory with world n as its episode begins; room for its logs is made where there is too little."""
    state = worlds.state
    node, size = state.nodes.node[n], state.nodes.size
    logs = np.flatnonzero(_plants().log[node])
    room = memory.logs.shape[1]
    if len(logs) > room:
        more = ((0, 0), (0, len(logs) - room))
        memory = memory._replace(
            logs=np.pad(memory.logs, more, constant_values=-1), tree=np.pad(memory.tree, more, constant_values=0)
        )
    whole = _plants().log[node].reshape(tuple(side + 2 for side in size))
    labels = np.zeros(whole.shape, dtype=np.int32)
    ndimage.label(whole, structure=np.ones((3, 3, 3)), output=labels)
    memory.logs[n], memory.tree[n] = -1, 0
    memory.logs[n, : len(logs)], memory.tree[n, : len(logs)] = logs, labels.reshape(-1)[logs]
    memory.bits[n] = bits
    memory.length[n] = memory.position[n] = memory.patience[n] = memory.failures[n] = 0
    memory.expected[n, :3] = state.bodies.place[n, 0]
    memory.expected[n, 3:] = state.bodies.yaw[n, 0], state.bodies.pitch[n, 0]
    return memory


@final
class RandomPlayer:
    """Every action of the set alike, from a generator: what no skill at all gets."""

    def __init__(self, generator: np.random.Generator, *, actions: ActionSet | ActionSetName = "ten") -> None:
        self._generator, self._count = generator, len(action_set(actions))

    def act(self, worlds: VoxelWorlds) -> Array:
        """(N,) int64: one action for agent 0 of every world."""
        return self._generator.integers(0, self._count, size=worlds.state.worlds)
