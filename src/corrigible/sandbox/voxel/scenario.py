"""Scenarios of the voxel world: small YAML files, shipped or the user's own (docs/scenarios.md)."""

import difflib
import hashlib
import json
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from corrigible.documents import Document, fault, parse_document, read_document
from corrigible.errors import BadInput
from corrigible.sandbox.voxel.features import (
    Feature,
    Ground,
    Marks,
    NodeName,
    Rooms,
    Spawn,
    stands_free,
    table_of,
)
from corrigible.sandbox.voxel.fitting import misfit
from corrigible.sandbox.voxel.nodes import NodeTable, node_table

_FOLDER: Final = files("corrigible.sandbox.voxel") / "data" / "scenarios"

_Side = Annotated[int, Field(ge=8, le=64)]


class Scenario(Document):
    """A kind of world and how episodes in it begin."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="small letters, digits and underscores")
    title: str = Field(min_length=1, max_length=60, description="the name for people")
    summary: str = Field(min_length=1, max_length=160, description="one line")
    size: tuple[_Side, _Side, _Side] = Field(
        strict=False, description="[X, Y, Z] nodes, each 8 to 64; a run may ask for another"
    )
    ground: Ground = Field(description="see Ground")
    features: list[Feature] = Field(default_factory=list, max_length=32, description="see Features; made in this order")
    spawn: Spawn = Field(description="where agents begin, see Spawn")
    tool: str = Field(default="hand", description="tool that is held, from the tools of nodes.yaml")
    carries: dict[NodeName, Annotated[int, Field(ge=1, le=9999)]] = Field(
        default_factory=dict, description="how many of which nodes an agent has at the beginning"
    )
    time: float = Field(default=12.0, ge=0, lt=24, description="time of day at the beginning, hours")
    steps: int = Field(default=300, ge=1, le=1_000_000, description="length of an episode in steps of 0.25 s")

    @field_validator("tool")
    @classmethod
    def _is_a_tool(cls, tool: str, info: ValidationInfo) -> str:
        names = [known.name for known in table_of(info).tools]
        if tool not in names:
            raise fault(f"no tool is called {tool!r}; there are {', '.join(names)}")
        return tool

    @model_validator(mode="after")
    def _agrees_with_itself(self, info: ValidationInfo) -> Self:
        found = misfit(self.ground, self.features, self.spawn, self.size)
        if found:
            raise fault(f"{found.rule}; {found.remedy}", *found.place)
        if isinstance(self.spawn, Marks):
            self._check_marks(self.spawn.letter, table_of(info))
        return self

    def _check_marks(self, letter: str, table: NodeTable) -> None:
        marked = False
        for number, feature in enumerate(self.features):
            if isinstance(feature, Rooms) and letter in feature.legend and letter in feature.map:
                marked = True
                if not stands_free(feature.legend[letter], feature.sink, table):
                    said = "agents begin there: solid or no node below the ground's surface, two of air above"
                    raise fault(said, "features", number, "legend", letter)
        if not marked:
            raise fault(f"no map of rooms has the letter {letter!r}", "spawn", "letter")

    @cached_property
    def digest(self) -> str:
        """sha256 of what makes its worlds: name, ground, features and spawn."""
        return self._digest(based=True)

    @cached_property
    def random_digest(self) -> str:
        """sha256 of what its draws depend on: the same but for the base of trees, which makes one node another."""
        return self._digest(based=False)

    def _digest(self, *, based: bool) -> str:
        content = self.model_dump(mode="json", include={"name", "ground", "features", "spawn"})
        for feature in content["features"]:
            # trees without a base are those that had no such key, before there was one
            if feature.get("base") is None or not based:
                feature.pop("base", None)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def scenario_names() -> tuple[str, ...]:
    """Names of the shipped scenarios, sorted."""
    return tuple(sorted(Path(file.name).stem for file in _FOLDER.iterdir() if file.name.endswith(".yaml")))


def load_scenario(name_or_path: str | Path, nodes: NodeTable | None = None) -> Scenario:
    """The shipped scenario of that name, or the one of that YAML file (a Path, or a text with a separator or suffix).

    Names of nodes and tools must be in `nodes` (None: the shipped table). Raises BadInput for an unknown name, with
    the nearest ones, and for a file that cannot be read or is no scenario, with line and reason.
    """
    context = {"nodes": nodes or node_table()}
    path = Path(name_or_path)
    if isinstance(name_or_path, Path) or path.suffix in {".yaml", ".yml"} or len(path.parts) > 1:
        return read_document(path, Scenario, context=context)
    names = scenario_names()
    if name_or_path not in names:
        near = difflib.get_close_matches(name_or_path, names, n=3, cutoff=0.4)
        raise BadInput(
            value=f"scenario {name_or_path!r}",
            rule="it must be shipped, or the path of a .yaml file",
            remedy=f"did you mean {', '.join(near)}?" if near else f"choose one of {', '.join(names)}",
        )
    text = (_FOLDER / f"{name_or_path}.yaml").read_text(encoding="utf-8")
    return parse_document(text, Scenario, source=f"{name_or_path}.yaml", context=context)
