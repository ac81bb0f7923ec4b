"""The node table: what every kind of node is, read from data/nodes.yaml, as arrays that kernels look up by id."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Final, Literal, Self, TypeAlias

import numpy as np
from pydantic import Field, model_validator

from corrigible.documents import Document, parse_document
from corrigible.errors import BadInput
from corrigible.types import Array

AIR: Final = 0
BODY: Final = 254
"""Kind of a pixel that shows somebody's body."""

BORDER: Final = 255
"""Id of the cells around a world; nobody enters or sees them."""

LARGEST_ID: Final = 250
NEVER: Final = np.inf

Side: TypeAlias = Literal["top", "bottom", "side"]
SIDES: Final[tuple[Side, ...]] = ("side", "side", "side", "side", "top", "bottom")
"""Of the six faces +x, -x, +y, -y, top, bottom."""


class Faces(Document):
    """Textures of a node by side."""

    top: str
    bottom: str
    side: str


class Node(Document):
    """One kind of node; see the head of data/nodes.yaml."""

    name: str
    groups: dict[str, int] = Field(default_factory=dict)
    solid: bool = True
    drawn: bool = True
    liquid: bool = False
    cutout: bool = False
    light: int = Field(default=0, ge=0, le=14)
    drop: str | None = None
    textures: str | Faces | None = None

    def texture(self, side: Side) -> str:
        """Name of the texture of that side."""
        if isinstance(self.textures, Faces):
            return str(getattr(self.textures, side))
        return self.textures or ""


class Tool(Document):
    """Seconds to dig by group and rating; a group that is absent cannot be dug with it."""

    name: str
    times: dict[str, dict[int, float]]


class _File(Document):
    nodes: list[Node]
    uses: dict[str, str]
    tools: list[Tool]

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        names = [node.name for node in self.nodes]
        if len(set(names)) != len(names) or names[0] != "air" or len(names) > LARGEST_ID:
            raise ValueError(f"names are distinct, the first is air, and there are at most {LARGEST_ID}")
        mentioned = [*self.uses, *self.uses.values(), *(node.drop for node in self.nodes if node.drop)]
        missing = sorted(set(mentioned) - set(names))
        if missing:
            raise ValueError(f"no node is called {', '.join(missing)}")
        return self


@dataclass(frozen=True, kw_only=True, eq=False)
class NodeTable:
    """Properties by node id, arrays of (256,).

    solid, drawn, liquid, cutout: bool. light: int64, 0 to 14. drop, use: uint8 ids (drop of AIR: nothing; a use of
    itself: none). dig_time (tools, 256) float64: seconds, infinity where that tool cannot dig it.
    """

    nodes: tuple[Node, ...]
    tools: tuple[Tool, ...]
    solid: Array
    drawn: Array
    liquid: Array
    cutout: Array
    light: Array
    drop: Array
    use: Array
    dig_time: Array

    @cached_property
    def ids(self) -> Mapping[str, int]:
        """Id by name."""
        return {node.name: number for number, node in enumerate(self.nodes)}

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order of id."""
        return tuple(node.name for node in self.nodes)

    def id(self, name: str) -> int:
        """Id of the node of that name; BadInput where there is none."""
        if name not in self.ids:
            raise BadInput(
                value=f"node {name!r}", rule="it must be in the node table", remedy=f"one of {', '.join(self.names)}"
            )
        return self.ids[name]

    def in_group(self, group: str) -> Array:
        """(256,) bool: the nodes of that group, such as "tree"."""
        found = np.zeros(256, dtype=np.bool_)
        found[[number for number, node in enumerate(self.nodes) if group in node.groups]] = True
        return found

    def tool(self, name: str) -> int:
        """Index of the tool of that name; BadInput where there is none."""
        names = [tool.name for tool in self.tools]
        if name not in names:
            raise BadInput(value=f"tool {name!r}", rule="it must be in the table", remedy=f"one of {', '.join(names)}")
        return names.index(name)


@cache
def node_table() -> NodeTable:
    """The table of data/nodes.yaml."""
    source = files("corrigible.sandbox.voxel") / "data" / "nodes.yaml"
    file = parse_document(source.read_text(encoding="utf-8"), _File, source="nodes.yaml")
    ids = {node.name: number for number, node in enumerate(file.nodes)}
    own = np.arange(256, dtype=np.uint8)
    drop, use = own.copy(), own.copy()
    for number, node in enumerate(file.nodes):
        drop[number] = number if node.drop is None else ids.get(node.drop, AIR)
    for before, after in file.uses.items():
        use[ids[before]] = ids[after]
    return NodeTable(
        nodes=tuple(file.nodes),
        tools=tuple(file.tools),
        solid=_flags([node.solid for node in file.nodes], beyond=True),
        drawn=_flags([node.drawn for node in file.nodes], beyond=False),
        liquid=_flags([node.liquid for node in file.nodes], beyond=False),
        cutout=_flags([node.cutout for node in file.nodes], beyond=False),
        light=np.array([node.light for node in file.nodes] + [0] * (256 - len(file.nodes)), dtype=np.int64),
        drop=drop,
        use=use,
        dig_time=np.array([_dig_times(tool, file.nodes, file.tools[0]) for tool in file.tools]),
    )


def _flags(values: list[bool], *, beyond: bool) -> Array:
    return np.array(values + [beyond] * (256 - len(values)), dtype=np.bool_)


def _dig_times(tool: Tool, nodes: list[Node], hand: Tool) -> list[float]:
    """As in Minetest: the quickest of the groups that the tool, or else the hand, can dig."""
    found = [min(_times(tool, node) or _times(hand, node), default=NEVER) for node in nodes]
    return found + [NEVER] * (256 - len(nodes))


def _times(tool: Tool, node: Node) -> list[float]:
    found = [tool.times[group].get(rating) for group, rating in node.groups.items() if group in tool.times]
    return [time for time in found if time is not None]
