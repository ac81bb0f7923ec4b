"""What a scenario file may hold: grounds, features, spawns; each a small record with a `kind` (docs/scenarios.md)."""

import difflib
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo, model_validator

from corrigible.documents import Document, fault
from corrigible.sandbox.voxel.nodes import AIR, NodeTable, node_table

LEAVE: Final = "."
"""Letter of a map that leaves the world as it is there."""

Place: TypeAlias = Literal["anywhere", "center"] | tuple[int, int]


def table_of(info: ValidationInfo) -> NodeTable:
    """The node table that was handed to the reader of the document, or the shipped one."""
    return (info.context or {}).get("nodes") or node_table()


def _in_table(name: str, info: ValidationInfo) -> str:
    names = table_of(info).names
    if name not in names:
        short = {known.rpartition(":")[2]: known for known in names}
        near = [short[part] for part in difflib.get_close_matches(name.rpartition(":")[2], short, n=2, cutoff=0.5)]
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
        raise fault(f"no node is called {name!r}; {hint}")
    return name


def _pair(value: Any) -> Any:
    pair: Any = (value, value) if isinstance(value, int) else tuple(value) if isinstance(value, list | tuple) else ()
    whole = len(pair) == 2 and all(isinstance(number, int) and not isinstance(number, bool) for number in pair)
    if not whole or pair[0] > pair[1]:
        raise fault(f"{value!r} is neither a whole number nor two as [least, most]")
    return pair


def _within(least: int, most: int) -> AfterValidator:
    def check(pair: tuple[int, int]) -> tuple[int, int]:
        if pair[0] < least or pair[1] > most:
            raise fault(f"{pair[0]} to {pair[1]} must lie between {least} and {most}")
        return pair

    return AfterValidator(check)


def _place(value: Any) -> Place:
    if value in ("anywhere", "center"):
        return value
    if (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(type(number) is int and number >= 0 for number in value)
    ):
        return (value[0], value[1])
    raise fault(f"{value!r} is not anywhere, center or [x, y]")


NodeName: TypeAlias = Annotated[str, AfterValidator(_in_table)]
Count: TypeAlias = Annotated[tuple[int, int], BeforeValidator(_pair), _within(0, 1000)]
Height: TypeAlias = Annotated[tuple[int, int], BeforeValidator(_pair), _within(1, 64)]
Small: TypeAlias = Annotated[tuple[int, int], BeforeValidator(_pair), _within(1, 4)]
AnyPlace: TypeAlias = Annotated[Any, PlainValidator(_place)]


class _Ground(Document):
    surface: NodeName = Field(default="default:dirt_with_grass", description="node on top")
    soil: NodeName = Field(default="default:dirt", description="node below it")
    depth: int = Field(default=3, ge=0, le=64, description="nodes of soil")
    rock: NodeName = Field(default="default:stone", description="node below the soil; the lowest layer is bedrock")


class Flat(_Ground):
    """Level ground."""

    kind: Literal["flat"]
    height: int = Field(ge=2, le=62, description="nodes of ground, and so the z of the first free one")

    @property
    def heights(self) -> tuple[int, int]:
        """Lowest and highest ground."""
        return self.height, self.height


class Hills(_Ground):
    """Hills of smooth noise; where a slope is steep, rock shows."""

    kind: Literal["hills"]
    heights: Annotated[tuple[int, int], BeforeValidator(_pair), _within(2, 62)] = Field(
        description="nodes of ground in the deepest valley and on the highest top (which terraces may cut)"
    )
    scale: int = Field(default=16, ge=4, le=64, description="nodes from a hill to the next")
    cliffs: float = Field(
        default=0.0, ge=0, le=1, description="share of the world in which slopes are cut into terraces"
    )


class Water(Document):
    """Water in every valley, with a shore."""

    kind: Literal["water"]
    level: int = Field(ge=2, le=62, description="z of the first node above the water")
    node: NodeName = Field(default="default:water_source", description="the liquid")
    shore: NodeName = Field(default="default:sand", description="ground below the water and beside it")
    beach: int = Field(default=1, ge=0, le=4, description="nodes that the shore rises above the water")


class Caves(Document):
    """Tunnels that begin at the foot of a slope; they keep away from water."""

    kind: Literal["caves"]
    count: Count = Field(description="how many")
    length: Height = Field(default=(8, 14), description="nodes from the mouth to the end")
    treasure: NodeName | None = Field(default=None, description="node at the end")


class Trees(Document):
    """Trees on the ground's own surface or soil, with crowns that stay inside the world."""

    kind: Literal["trees"]
    count: Count = Field(description="how many")
    height: Height = Field(description="logs of a trunk")
    spacing: int = Field(default=5, ge=2, le=64, description="least distance of two trunks along x or y")
    trunk: NodeName = Field(default="default:tree", description="node of trunks and branches")
    base: NodeName | None = Field(
        default=None, description="node of a trunk's lowest place instead, `air` for a trunk that floats above it"
    )
    leaves: NodeName = Field(default="default:leaves", description="node of crowns")
    crown: Literal["round", "cone", "none"] = Field(
        default="round",
        description="round (covers as many logs as its radius), cone (all but the lowest third), or none",
    )
    radius: Small = Field(default=(2, 2), description="nodes from trunk to the edge of the crown")
    branches: Annotated[tuple[int, int], BeforeValidator(_pair), _within(0, 12)] = Field(
        default=(0, 0), description="branches of a tree, as far as its trunk has room for them"
    )
    branch_length: Small = Field(default=(1, 2), description="logs of a branch")
    branch_from: int = Field(default=3, ge=2, le=64, description="logs of the trunk below the lowest branch")

    @model_validator(mode="after")
    def _has_a_log(self) -> Self:
        if self.base is not None and self.height[0] < 2:
            raise fault("a trunk with another base has at least 2 places", "height")
        return self

    @property
    def reach(self) -> int:
        """Nodes from the trunk to the farthest leaf or log."""
        crown = 0 if self.crown == "none" else self.radius[1]
        return max(crown, self.branch_length[1] + self._tip if self.branches[1] else 0)

    @property
    def above(self) -> int:
        """Nodes of the tree above the highest log of its trunk, at most; the last log of a branch may rise by one."""
        branch = int(self.branch_length[1] > 1) + self._tip if self.branches[1] else 0
        return max(self.above_log(self.radius[1]), branch)

    @property
    def _tip(self) -> int:
        """Nodes of leaves around the end of a branch."""
        return 0 if self.crown == "none" else 1

    def above_log(self, radius: int) -> int:
        """Nodes of a crown of that radius above the highest log."""
        return {"none": 0, "cone": 1, "round": radius}[self.crown]


class _Placed(Document):
    at: AnyPlace = Field(
        default="anywhere", description="anywhere, center, or [x, y] of the corner with the least x and y"
    )
    sink: int = Field(default=0, ge=0, le=8, description="layers that lie in the ground, which is levelled there")


class Structure(_Placed):
    """Something built of layers of letters, such as a landmark."""

    kind: Literal["structure"]
    layers: list[str] = Field(min_length=1, max_length=64, description="maps from the lowest layer to the highest")
    legend: dict[str, NodeName] = Field(description="node by letter; `.` leaves what is there")
    count: Count = Field(default=(1, 1), description="how many; more than one only anywhere")
    spacing: int = Field(default=4, ge=1, le=64, description="free nodes between two of them")
    turn: bool = Field(default=False, description="turn each by a random number of quarters")

    @model_validator(mode="after")
    def _drawn_well(self) -> Self:
        check_letters(self.legend)
        for number, layer in enumerate(self.layers):
            check_map(layer, self.legend, "layers", number)
            if shape_of(layer) != shape_of(self.layers[0]):
                raise fault("every layer has as many rows and letters as the first", "layers", number)
        if self.at != "anywhere" and self.count != (1, 1):
            raise fault("more or fewer than one is placed anywhere only", "count")
        return self

    @property
    def shape(self) -> tuple[int, int, int]:
        """Nodes along x, y and z."""
        return *shape_of(self.layers[0]), len(self.layers)


class Rooms(_Placed):
    """One map, in which each letter is a column of nodes."""

    kind: Literal["rooms"]
    map: str = Field(description="rows of letters: the first row is north (largest y), the first letter west (least x)")
    legend: dict[str, list[NodeName]] = Field(
        description="nodes of a column by letter, from the lowest; `.` leaves what is there"
    )
    at: AnyPlace = Field(
        default="center", description="anywhere, center, or [x, y] of the corner with the least x and y"
    )

    @model_validator(mode="after")
    def _drawn_well(self) -> Self:
        check_letters(self.legend)
        check_map(self.map, self.legend, "map")
        for letter, column in self.legend.items():
            if not 1 <= len(column) <= 64:
                raise fault("a column has 1 to 64 nodes", "legend", letter)
        return self

    @property
    def shape(self) -> tuple[int, int, int]:
        """Nodes along x, y and z."""
        return *shape_of(self.map), max(len(column) for column in self.legend.values())


class Scatter(Document):
    """Clumps of nodes on the ground, such as bushes and boulders."""

    kind: Literal["scatter"]
    nodes: list[NodeName] = Field(min_length=1, description="one of these is drawn for each clump")
    count: Count = Field(description="how many clumps")
    clump: Annotated[tuple[int, int], BeforeValidator(_pair), _within(1, 16)] = Field(
        default=(1, 1), description="nodes of a clump, at most"
    )


class Wall(Document):
    """A wall or hedge around the world, which follows the ground."""

    kind: Literal["wall"]
    node: NodeName = Field(description="its node")
    height: int = Field(default=3, ge=1, le=62, description="nodes above the ground")
    inset: int = Field(default=0, ge=0, le=28, description="nodes between it and the edge of the world")
    post: NodeName | None = Field(default=None, description="node of posts, one higher than the wall")
    every: int = Field(default=6, ge=2, le=64, description="nodes from a post to the next, from each corner")


class Patches(Document):
    """Smooth patches of another surface."""

    kind: Literal["patches"]
    node: NodeName = Field(description="its node")
    share: float = Field(gt=0, lt=1, description="share of the ground that is patches")
    scale: int = Field(default=8, ge=2, le=64, description="nodes from a patch to the next")


class Open(Document):
    """Agents begin at random on open ground, under the sky where there is such a place."""

    kind: Literal["open"]
    places: int = Field(default=8, ge=1, le=64, description="places in a world; agents take the first ones")
    clear: int = Field(
        default=2, ge=0, le=16, description="free nodes to trees and anything built, where there is room"
    )
    apart: int = Field(default=2, ge=1, le=16, description="least distance of two places along x or y")


class Marks(Document):
    """Agents begin where a map of rooms has a letter, in random order."""

    kind: Literal["marks"]
    letter: str = Field(
        min_length=1, max_length=1, description="that letter; two free nodes above the ground are there"
    )


Ground: TypeAlias = Annotated[Flat | Hills, Field(discriminator="kind")]
Feature: TypeAlias = Annotated[
    Water | Caves | Trees | Structure | Rooms | Scatter | Wall | Patches, Field(discriminator="kind")
]
Spawn: TypeAlias = Annotated[Open | Marks, Field(discriminator="kind")]


def rows_of(text: str) -> tuple[str, ...]:
    """Rows of a map, from the north."""
    return tuple(text.splitlines())


def shape_of(text: str) -> tuple[int, int]:
    """Nodes of a map along x and y."""
    rows = rows_of(text)
    return len(rows[0]), len(rows)


def check_letters(legend: dict[str, Any]) -> None:
    """Raise a fault where a legend is empty or a key of it is not one letter that may be defined."""
    if not legend:
        raise fault("a legend has at least one letter", "legend")
    for letter in legend:
        if len(letter) != 1 or letter == LEAVE or letter.isspace():
            raise fault(f"a letter is one character, no space and not {LEAVE!r}", "legend", letter)


def check_map(text: str, legend: dict[str, Any], *place: str | int) -> None:
    """Raise a fault at the first row of the map that is ragged or has a letter without a meaning."""
    rows = rows_of(text)
    if not rows or not rows[0]:
        raise fault("a map has at least one row with one letter", *place)
    for number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise fault(f"row {number + 1} has {len(row)} letters and row 1 has {len(rows[0])}", *place, number)
        for letter in row:
            if letter != LEAVE and letter not in legend:
                raise fault(f"row {number + 1} has the letter {letter!r}, which the legend does not", *place, number)


def stands_free(column: list[str], sink: int, table: NodeTable) -> bool:
    """Whether a body can stand on the ground in such a column: a solid node below, two of air above."""
    above = [table.id(name) for name in column[sink : sink + 2]]
    below = table.solid[table.id(column[sink - 1])] if 0 < sink <= len(column) else sink == 0
    return bool(below) and all(node == AIR for node in above)
