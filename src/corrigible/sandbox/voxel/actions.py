"""Named sets of actions: an index stands for the keys that are held and the turn that is made in a step."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final, Literal, TypeAlias, final, get_args

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.acting_kernels import (
    BACK,
    DIG,
    FORWARD,
    JUMP_KEY,
    LEFT,
    NEXT,
    PLACE,
    RIGHT,
    SNEAK_KEY,
    USE,
)
from corrigible.types import Array

ActionSetName: TypeAlias = Literal["ten", "ancestor", "full"]
"""ten: walk, look about, dig. ancestor: that of EleutherAI's Alignment MineTest baseline. full: every key."""

TURN: Final = 15.0
"""Degrees of a turn in `ten` and `full`."""

MOUSE_TURN: Final = 5.0
"""Degrees of a turn in `ancestor`: 25 pixels at Minetest's default mouse sensitivity of 0.2 degrees a pixel."""


KEYS: Final = {
    "forward": FORWARD,
    "back": BACK,
    "left": LEFT,
    "right": RIGHT,
    "jump": JUMP_KEY,
    "sneak": SNEAK_KEY,
    "dig": DIG,
    "place": PLACE,
    "use": USE,
    "next": NEXT,
}
"""Bit of each key by its name."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class ActionSet:
    """n actions: keys (n,) uint16, bits of acting_kernels; turn (n, 2) float64, degrees of yaw (left) and pitch (up).

    Raises BadInput where the arrays do not fit one another.
    """

    name: str
    keys: Array
    turn: Array
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check shapes and types (raises BadInput)."""
        n = len(self.names)
        fits = self.keys.shape == (n,) and self.turn.shape == (n, 2)
        if n < 1 or not fits or self.keys.dtype != np.uint16 or self.turn.dtype != np.float64:
            raise BadInput(
                value=f"action set {self.name!r}: keys {self.keys.shape} {self.keys.dtype}, turn {self.turn.shape}",
                rule=f"its {n} names want keys ({n},) uint16 and turns ({n}, 2) float64, at least one",
                remedy="give one row for each name",
            )
        if not np.isfinite(self.turn).all() or len(set(self.names)) != n:
            raise BadInput(
                value=f"action set {self.name!r}", rule="turns are finite, and names are unique", remedy="mend it"
            )

    def __len__(self) -> int:
        """How many actions there are."""
        return len(self.names)

    def index(self, name: str) -> int:
        """Index of an action by its name; BadInput with the nearest ones where it is unknown."""
        if name not in self.names:
            near = difflib.get_close_matches(name, self.names, n=3, cutoff=0.3)
            raise BadInput(
                value=f"action {name!r}",
                rule=f"it must be in the set {self.name!r}",
                remedy=f"did you mean {', '.join(near)}?" if near else f"one of {', '.join(self.names)}",
            )
        return self.names.index(name)

    def press(self, actions: Array, keys: Array, turn: Array) -> None:
        """Write what `actions` (..., integers) mean into keys (...) uint16 and turn (..., 2) float64, in place.

        Raises BadInput where an action is no index of this set or shapes differ; nothing is written then.
        """
        if actions.dtype.kind not in "iu" or actions.shape != keys.shape or turn.shape != (*keys.shape, 2):
            raise BadInput(
                value=f"actions of shape {actions.shape} and type {actions.dtype}",
                rule=f"they are whole numbers of shape {keys.shape}",
                remedy="give one index for each body",
            )
        if actions.size and (actions.min() < 0 or actions.max() >= len(self)):
            raise BadInput(
                value=f"actions from {actions.min()} to {actions.max()}",
                rule=f"the set {self.name!r} has indices 0 to {len(self) - 1}",
                remedy="give indices of this set",
            )
        # checked above; with mode="raise" NumPy would buffer what it writes
        np.take(self.keys, actions, out=keys, mode="clip")
        np.take(self.turn, actions, axis=0, out=turn, mode="clip")


def without(actions: ActionSet, key: int) -> ActionSet:
    """The set without every action that holds `key`, such as acting_kernels.JUMP_KEY; of several bits, any of them.

    Indices are new: `names` tells which action is which. Raises BadInput for a key that is none, or where no action is
    left.
    """
    names = [name for name, bit in KEYS.items() if key & bit]
    if not names or key & ~sum(KEYS.values()):
        raise BadInput(
            value=f"key {key}",
            rule=f"it is one of {', '.join(f'{bit} ({name})' for name, bit in KEYS.items())}, or a sum of some",
            remedy="name a key of acting_kernels",
        )
    kept = np.flatnonzero((actions.keys & np.uint16(key)) == 0)
    if not len(kept):
        raise BadInput(
            value=f"action set {actions.name!r} without {' and '.join(names)}",
            rule="at least one action is left",
            remedy="choose another key or another set",
        )
    keys, turn = actions.keys[kept], actions.turn[kept]
    for array in (keys, turn):
        array.flags.writeable = False
    return ActionSet(
        name=f"{actions.name} without {' and '.join(names)}",
        keys=keys,
        turn=turn,
        names=tuple(actions.names[k] for k in kept),
    )


def action_set(which: ActionSetName | ActionSet) -> ActionSet:
    """The set of that name, or the one that is given; BadInput where the name is unknown."""
    if isinstance(which, ActionSet):
        return which
    if which not in get_args(ActionSetName):
        raise BadInput(
            value=f"action set {which!r}",
            rule="it must be known",
            remedy=f"choose one of {', '.join(get_args(ActionSetName))}, or give an ActionSet",
        )
    return _named(which)


@cache
def _named(name: ActionSetName) -> ActionSet:
    match name:
        case "ten":
            return _made(name, _TEN)
        case "full":
            return _made(name, (*_TEN, *_MORE))
        case "ancestor":
            return _made(name, _ancestor())


_Row: TypeAlias = tuple[str, int, float, float]
"""Name, keys, degrees left, degrees up."""

_TEN: Final[tuple[_Row, ...]] = (
    ("noop", 0, 0.0, 0.0),
    ("forward", FORWARD, 0.0, 0.0),
    ("forward+jump", FORWARD | JUMP_KEY, 0.0, 0.0),
    ("left", 0, TURN, 0.0),
    ("right", 0, -TURN, 0.0),
    ("up", 0, 0.0, TURN),
    ("down", 0, 0.0, -TURN),
    ("dig", DIG, 0.0, 0.0),
    ("forward+dig", FORWARD | DIG, 0.0, 0.0),
    ("forward+jump+dig", FORWARD | JUMP_KEY | DIG, 0.0, 0.0),
)

_MORE: Final[tuple[_Row, ...]] = (
    ("back", BACK, 0.0, 0.0),
    ("strafe-left", LEFT, 0.0, 0.0),
    ("strafe-right", RIGHT, 0.0, 0.0),
    ("jump", JUMP_KEY, 0.0, 0.0),
    ("sneak", SNEAK_KEY, 0.0, 0.0),
    ("forward+sneak", FORWARD | SNEAK_KEY, 0.0, 0.0),
    ("place", PLACE, 0.0, 0.0),
    ("jump+place", JUMP_KEY | PLACE, 0.0, 0.0),
    ("use", USE, 0.0, 0.0),
    ("next-item", NEXT, 0.0, 0.0),
)


def _ancestor() -> tuple[_Row, ...]:
    """Discrete(36), ordered as in minetest-baselines (tasks.py): forward, jump, mouse along x, mouse along y.

    There digging is always on, and a mouse moves by -25, 0 or 25 pixels along x (right) and y (down).
    """
    rows: list[_Row] = []
    for forward, jump, x, y in product((0, 1), (0, 1), (-1, 0, 1), (-1, 0, 1)):
        words = ["forward"] * forward + ["jump"] * jump + ["dig"]
        words += {-1: ["left"], 0: [], 1: ["right"]}[x] + {-1: ["up"], 0: [], 1: ["down"]}[y]
        rows.append(("+".join(words), DIG | FORWARD * forward | JUMP_KEY * jump, -x * MOUSE_TURN, -y * MOUSE_TURN))
    return tuple(rows)


def _made(name: ActionSetName, rows: Sequence[_Row]) -> ActionSet:
    keys = np.array([row[1] for row in rows], dtype=np.uint16)
    turn = np.array([(row[2] + 0.0, row[3] + 0.0) for row in rows], dtype=np.float64)
    for array in (keys, turn):
        array.flags.writeable = False
    return ActionSet(name=name, keys=keys, turn=turn, names=tuple(row[0] for row in rows))
