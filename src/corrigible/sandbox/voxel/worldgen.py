"""Layouts: what the worlds of a scenario look like when an episode begins.

A layout depends on scenario, size, seed and number alone, and is the same on every machine.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.features import Caves, Feature, Patches, Rooms, Scatter, Structure, Trees, Wall, Water
from corrigible.sandbox.voxel.fitting import Size, misfit
from corrigible.sandbox.voxel.nodes import NodeTable, node_table
from corrigible.sandbox.voxel.scenario import Scenario
from corrigible.sandbox.voxel.terrain.buildings import build_rooms, build_structures, build_wall, scatter
from corrigible.sandbox.voxel.terrain.canvas import Canvas, Crowded, Placed
from corrigible.sandbox.voxel.terrain.caves import dig_caves
from corrigible.sandbox.voxel.terrain.land import lay_ground, pour_water, spread_patches
from corrigible.sandbox.voxel.terrain.spawns import find_spawns
from corrigible.sandbox.voxel.terrain.trees import plant
from corrigible.seeding import stream
from corrigible.types import Array

DRAWS: Final = 16
"""Draws of a world before a feature that finds no room is refused."""

SIDES: Final = (8, 64)
"""Least and largest X, Y and Z."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """One world at the beginning of an episode; its arrays cannot be written.

    nodes (X, Y, Z) uint8 ids; node (x, y, z) fills x..x+1, y..y+1, z..z+1. The layer z = 0 is bedrock.
    spawns (M, 3) float64: feet, in the middle of a node, on solid ground with two nodes of air above; in random order.
    structure (X, Y, Z) int16: number of the tree or other thing that a node belongs to, placed[number - 1]; 0 for none.
    """

    nodes: Array
    spawns: Array
    structure: Array
    placed: tuple[Placed, ...]


def build_layout(
    scenario: Scenario, size: Size | None, seed: int, number: int, nodes: NodeTable | None = None
) -> Layout:
    """Layout `number` of (scenario, size (X, Y, Z), seed); a size of None is the scenario's own.

    Raises BadInput where the size is out of range or the features do not fit in it, naming what to change.
    """
    size = scenario.size if size is None else size
    _check(scenario, size, seed, number)
    said = ""
    for draw in range(DRAWS):
        try:
            return _draw(scenario, size, nodes or node_table(), (seed, number, draw))
        except Crowded as crowded:
            said = crowded.said
    raise BadInput(
        value=f"{scenario.name} in {_shown(size)}, layout {number} of seed {seed}",
        rule=f"{said} (in the last of {DRAWS} draws)",
        remedy="ask for fewer or closer together, or a larger size",
    )


def _check(scenario: Scenario, size: Size, seed: int, number: int) -> None:
    if len(size) != 3 or not all(SIDES[0] <= side <= SIDES[1] for side in size):
        raise BadInput(
            value=f"size {_shown(size)}",
            rule=f"a world is X x Y x Z nodes, each {SIDES[0]} to {SIDES[1]}",
            remedy=f"{scenario.name} was made for {_shown(scenario.size)}",
        )
    if seed < 0 or number < 0:
        raise BadInput(value=f"seed {seed}, layout {number}", rule="neither is negative", remedy="count from 0")
    found = misfit(scenario.ground, scenario.features, scenario.spawn, size)
    if found:
        raise BadInput(
            value=f"{scenario.name} in {_shown(size)}: {'.'.join(map(str, found.place))}",
            rule=found.rule,
            remedy=found.remedy,
        )


def _shown(size: Size) -> str:
    return " x ".join(map(str, size))


def _draw(scenario: Scenario, size: Size, table: NodeTable, names: tuple[int, int, int]) -> Layout:
    """One draw of (seed, number, draw). Each feature has its own stream; raises Crowded naming who found no room."""
    seed, *rest = names

    def random(purpose: str | int) -> np.random.Generator:
        return stream(seed, "voxel-layout", scenario.random_digest, *size, *rest, purpose)

    canvas = lay_ground(scenario.ground, size, table, random("ground"))
    for index, feature in enumerate(scenario.features):
        try:
            _add(canvas, feature, index, random(index))
        except Crowded as crowded:
            raise Crowded(f"features.{index} ({feature.kind}): {crowded.said}") from crowded
    try:
        spawns = find_spawns(canvas, scenario.spawn, random("spawn"))
    except Crowded as crowded:
        raise Crowded(f"spawn: {crowded.said}") from crowded
    for array in (canvas.nodes, canvas.structure, spawns):
        array.flags.writeable = False
    return Layout(nodes=canvas.nodes, structure=canvas.structure, spawns=spawns, placed=tuple(canvas.placed))


def _add(canvas: Canvas, feature: Feature, index: int, generator: np.random.Generator) -> None:
    match feature:
        case Water():
            pour_water(canvas, feature)
        case Caves():
            dig_caves(canvas, feature, index, generator)
        case Trees():
            plant(canvas, feature, index, generator)
        case Structure():
            build_structures(canvas, feature, index, generator)
        case Rooms():
            build_rooms(canvas, feature, index, generator)
        case Scatter():
            scatter(canvas, feature, index, generator)
        case Wall():
            build_wall(canvas, feature, index)
        case Patches():
            spread_patches(canvas, feature, generator)
