"""The features by which nodes are described, cut into few values, and the words for ranges of those values.

An axis knows its cuts and its words, and nothing of any world. The set was fixed before the held-back consequences of
benchmarks/consequences_held_back.py were written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from corrigible.types import Array

Words: TypeAlias = Callable[[float | None, float | None], str]
"""(least, below): a clause for least <= value < below, where None is open; "nodes that" comes before it."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """A condition for programs: least <= feature `axis` < below (None: open), or it is called `name`."""

    axis: str
    least: float | None = None
    below: float | None = None
    name: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Axis:
    """One feature. Ordered: `cuts` (k,) ascending make k + 1 values; otherwise `names` are its values.

    upward: only "at least" is asked of it. To ask that nothing else was changed would compare what a busy policy left
    with what an idle one never came to.
    """

    name: str
    cuts: Array
    words: Words
    names: tuple[str, ...] = ()
    upward: bool = False

    @property
    def ordered(self) -> bool:
        """Whether ranges of its values mean something."""
        return not self.names

    @property
    def values(self) -> int:
        """How many values there are."""
        return len(self.names) or len(self.cuts) + 1

    def encode(self, raw: Array) -> Array:
        """(M,) numbers -> (M,) uint8 below `values`. Of an axis with names, numbers are their indices already."""
        if not self.ordered:
            return raw.astype(np.uint8)
        return np.searchsorted(self.cuts, raw, side="right").astype(np.uint8)

    def limits(self, first: int, last: int) -> "Limits":
        """The same range in the feature's own numbers, or the name that it stands for."""
        if not self.ordered:
            return Limits(axis=self.name, name=self.names[first])
        least = None if first == 0 else float(self.cuts[first - 1])
        return Limits(axis=self.name, least=least, below=None if last == len(self.cuts) else float(self.cuts[last]))

    def range(self, limits: "Limits") -> tuple[int, int]:
        """First and last value within limits; what `limits` undoes."""
        if not self.ordered:
            return self.names.index(limits.name), self.names.index(limits.name)
        first = 0 if limits.least is None else int(np.searchsorted(self.cuts, limits.least, side="right"))
        last = len(self.cuts) if limits.below is None else int(np.searchsorted(self.cuts, limits.below, side="left"))
        return first, last

    def clause(self, first: int, last: int) -> str:
        """Words for the values from `first` to `last`, both included."""
        if not self.ordered:
            return self.words(float(first), float(first + 1))
        limits = self.limits(first, last)
        return self.words(limits.least, limits.below)


def shown(name: str) -> str:
    """A kind as people read it: "default:acacia_tree" -> "acacia tree"."""
    return name.rpartition(":")[2].replace("_", " ").strip() or name


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def counted(one: str, several: str, nobody: str) -> Words:
    """Words for whole numbers; each text has a {} for them, but `nobody`, which stands for 0."""

    def words(least: float | None, below: float | None) -> str:
        low, high = int(least or 0), None if below is None else int(below) - 1
        if high == 0:
            return nobody
        if high is None:
            return (one if low == 1 else several).format(f"at least {low}")
        text = f"{low}" if low == high else f"at most {high}" if least is None else f"{low} to {high}"
        return (one if low == high == 1 else several).format(text)

    return words


ORDINALS: Final = ("first", "second", "third", "fourth")


def ranked(most: str) -> Words:
    """Words for a rank counted from the end that `most` names: "lowest"."""

    def words(least: float | None, below: float | None) -> str:
        low, high = int(least or 0), None if below is None else int(below) - 1
        if high is None:
            return (
                f"are not the {most} of their group" if low == 1 else f"are not among the {most} {low} of their group"
            )
        if high == 0:
            return f"are the {most} of their group"
        if low == high:
            return f"are the {ORDINALS[low]} {most} of their group"
        return f"are among the {most} {high + 1} of their group" + (f", but not the {most} {low}" if low else "")

    return words


def measured(inside: str, outside: str, between: str) -> Words:
    """Words for a measure: `inside` has a {} for its limit, `outside` for its least value, `between` has two."""

    def words(least: float | None, below: float | None) -> str:
        if least is None:
            return inside.format(_number(below or 0.0))
        return outside.format(_number(least)) if below is None else between.format(_number(least), _number(below))

    return words


def either(no: str, yes: str) -> Words:
    """Words for a feature that is 0 or 1."""
    return lambda least, _: no if least is None else yes


WORKED: Final = "group changed"
NEIGHBOURS: Final = "neighbours changed"


def behaviour_axes() -> tuple[Axis, ...]:
    """Axes of what was done about a node: to its group, itself included, and to neighbours of other kinds.

    The count of *others* in the group would tell a node's own fate: it is one less for those that are changed.
    """
    return (
        Axis(
            name=WORKED,
            upward=True,
            cuts=np.array([2, 4]),
            words=counted(
                "are in a group of which {} is changed",
                "are in a group of which {} are changed",
                "are in a group of which none is changed",
            ),
        ),
        Axis(
            name=NEIGHBOURS,
            upward=True,
            cuts=np.array([1]),
            words=either("touch nothing else that is changed", "touch something else that is changed"),
        ),
    )


def structure_axes(upright: bool) -> tuple[Axis, ...]:
    """Axes of the connected group of like nodes that a node is in; `upright`: there is a height."""
    group = (
        Axis(
            name="group size",
            cuts=np.array([2, 4, 8, 16]),
            words=counted("are in groups of {}", "are in groups of {}", "are in no group"),
        ),
        Axis(
            name="like neighbours",
            cuts=np.array([1, 2, 3]),
            words=counted("touch {} of their kind", "touch {} of their kind", "touch none of their kind"),
        ),
        Axis(
            name="exposed faces",
            cuts=np.array([1, 2, 3, 4, 5]),
            words=counted("have {} open side", "have {} open sides", "have no open side"),
        ),
    )
    if not upright:
        return group
    return (
        Axis(name="from the bottom", cuts=np.array([1, 2, 3]), words=ranked("lowest")),
        Axis(name="from the top", cuts=np.array([1, 2, 3]), words=ranked("highest")),
        *group,
        Axis(
            name="group height",
            cuts=np.array([2, 3, 5, 7, 8]),
            words=counted("are in groups {} high", "are in groups {} high", "are in groups without height"),
        ),
    )


def place_axes(extent: Sequence[int], up: int | None, distance_cuts: Array, kinds: Sequence[str]) -> tuple[Axis, ...]:
    """Axes of where a node is: from the start, in the world, and on and under what."""
    found = [
        Axis(
            name="distance",
            cuts=distance_cuts,
            words=measured(
                "are less than {} from where the episode begins",
                "are {} or more from where the episode begins",
                "are {} to {} from where the episode begins",
            ),
        )
    ]
    for axis, name in flat_axes(len(extent), up):
        quarters = np.unique(np.ceil(np.array([0.25, 0.5, 0.75]) * extent[axis]))
        found.append(
            Axis(
                name=name,
                cuts=quarters[(quarters > 0) & (quarters < extent[axis])],
                words=measured(f"are at {name} < {{}}", f"are at {name} >= {{}}", f"are at {{}} <= {name} < {{}}"),
            )
        )
        found.append(
            Axis(
                name=f"{name} from the start",
                cuts=np.array([0]),
                words=either(f"are at less {name} than the start", f"are at no less {name} than the start"),
            )
        )
    return (*found, *(_upright_axes(kinds) if up is not None else ()))


def flat_axes(dimensions: int, up: int | None) -> tuple[tuple[int, str], ...]:
    """Number and name of each coordinate that is no height."""
    names = ("row", "column") if dimensions == 2 and up is None else ("x", "y", "z")
    return tuple(
        (axis, names[axis] if axis < len(names) else f"coordinate {axis}") for axis in range(dimensions) if axis != up
    )


def _upright_axes(kinds: Sequence[str]) -> tuple[Axis, ...]:
    names = ("the edge of the world", *(shown(kind) for kind in kinds))  # codes are indices of kinds plus one

    def standing(preposition: str) -> Words:
        return lambda least, _: f"are right {preposition} {names[int(least or 0)]}"

    return (
        Axis(
            name="height",
            cuts=np.array([-1, 0, 1, 2, 3, 5, 7]),
            words=measured(
                "are at a height below {} from the start's floor",
                "are at a height of {} or more from the start's floor",
                "are at a height of {} to below {} from the start's floor",
            ),
        ),
        Axis(name="below it", cuts=np.zeros(0), names=names, words=standing("above")),
        Axis(name="above it", cuts=np.zeros(0), names=names, words=standing("below")),
    )
