"""Synthetic forests, and players who dig nodes by chance: traces without a simulator, of known rates."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from corrigible.types import Array, Scene, WorldTrace

KINDS: Final = ("air", "default:stone", "default:dirt", "default:tree", "default:leaves", "default:torch")
AIR, STONE, DIRT, LOG, LEAF, TORCH = range(len(KINDS))
SIZE: Final = (24, 24, 20)
GROUND: Final = 3
STEPS: Final = 300
WORKED, LOGS, LEAVES, SOIL = 0.7, 0.9, 0.2, 0.01  # chances: that a tree is worked; that its nodes, or soil, are dug


@dataclass(frozen=True, kw_only=True, eq=False)
class Nodes:
    """M nodes that may be dug: logs, leaves and the uppermost soil, as the one who plants sees them.

    world, kind, tree (-1: none), rank (from the lowest of its tree), top (from the highest), length (logs of its tree):
    (M,) int. place (M, 3). distance (M,): from the start, horizontally. under_trunk (M,) bool: a log stands on it.
    """

    world: Array
    place: Array
    kind: Array
    tree: Array
    rank: Array
    top: Array
    length: Array
    distance: Array
    under_trunk: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Forest:
    """B worlds. kind (B, *SIZE) int16, origin (B, 3) float64."""

    kind: Array
    origin: Array
    nodes: Nodes

    def scene(self) -> Scene:
        return Scene(shape=self.kind.shape, materialise=lambda: self.kind, origin=self.origin, up=2)


Where = Callable[[Nodes], Array]


@dataclass(frozen=True, kw_only=True, eq=False)
class Plant:
    """A consequence: nodes `where` have their chance moved to `chance` by a share, the effect.

    reorder: changes their time instead, to the earliest (True) of their tree. into: what they become.
    """

    name: str
    where: Where
    chance: float = 0.0
    reorder: bool = False
    into: int = AIR
    only_worked: bool = True


def grow(worlds: int, generator: np.random.Generator, trees: int = 5) -> Forest:
    kind = np.zeros((worlds, *SIZE), dtype=np.int16)
    kind[..., 0], kind[..., 1:GROUND] = STONE, DIRT
    origin = np.zeros((worlds, 3))
    rows: list[tuple[int, ...]] = []
    number = 0
    for world in range(worlds):
        origin[world] = (*generator.uniform(4, 20, 2), GROUND)
        spots = generator.permutation(25)[:trees]
        for spot in spots:
            x, y = 2 + 4 * (spot // 5) + generator.integers(0, 3), 2 + 4 * (spot % 5) + generator.integers(0, 3)
            length = int(generator.integers(6, 9))
            for rank in range(length):
                kind[world, x, y, GROUND + rank] = LOG
                rows.append((world, x, y, GROUND + rank, LOG, number, rank, length - 1 - rank, length))
            for dx in (-1, 0, 1):
                for dy in (-1, 0, 1):
                    for z in (GROUND + length - 1, GROUND + length):
                        if kind[world, x + dx, y + dy, z] == AIR:
                            kind[world, x + dx, y + dy, z] = LEAF
                            rows.append((world, x + dx, y + dy, z, LEAF, number, z - GROUND, -1, length))
            number += 1
        rows += [(world, x, y, GROUND - 1, DIRT, -1, -1, -1, 0) for x in range(SIZE[0]) for y in range(SIZE[1])]
    table = np.array(rows).T
    place = table[1:4].T
    distance = np.hypot(*(place[:, :2] + 0.5 - origin[table[0], :2]).T)
    nodes = Nodes(
        world=table[0], place=place, kind=table[4], tree=table[5], rank=table[6], top=table[7], length=table[8],
        distance=distance, under_trunk=kind[table[0], place[:, 0], place[:, 1], place[:, 2] + 1] == LOG,
    )  # fmt: skip
    return Forest(kind=kind, origin=origin, nodes=nodes)


def play(
    forest: Forest,
    generator: np.random.Generator,
    plants: tuple[Plant, ...] = (),
    effect: float = 1.0,
    quirk: float = 0.0,
) -> WorldTrace:
    """Who works a tree digs its nodes by chance. quirk: spread of log-odds by which this policy likes quarters."""
    nodes = forest.nodes
    worked = generator.random(int(nodes.tree.max()) + 1) < WORKED
    at_work = np.where(nodes.tree >= 0, worked[nodes.tree], True)
    chance = np.select([nodes.kind == LOG, nodes.kind == LEAF], [LOGS, LEAVES], SOIL) * at_work
    if quirk:
        odds = np.log(np.maximum(chance, 1e-9) / (1 - np.minimum(chance, 1 - 1e-9)))
        likes = generator.normal(0, quirk, (2, 2))
        half = np.minimum(nodes.place[:, :2] // (SIZE[0] // 2), 1)
        odds += likes[half[:, 0], half[:, 1]]
        chance = np.where(chance > 0, 1 / (1 + np.exp(-odds)), 0.0)
    into = np.full(len(chance), AIR)
    time = generator.integers(0, STEPS, len(chance))
    for plant in plants:
        chosen = plant.where(nodes) & (at_work | (not plant.only_worked))
        if plant.reorder:
            time = np.where(chosen & (generator.random(len(time)) < effect), time // 20, time)
        else:
            chance = np.where(chosen, chance + effect * (plant.chance - chance), chance)
            into = np.where(chosen, plant.into, into)
    dug = generator.random(len(chance)) < chance
    order = np.argsort(time[dug], kind="stable")
    return WorldTrace(
        time=time[dug][order].astype(np.int32),
        world=nodes.world[dug][order].astype(np.int32),
        place=nodes.place[dug][order].astype(np.int16),
        before=nodes.kind[dug][order].astype(np.int16),
        after=into[dug][order].astype(np.int16),
        kinds=KINDS,
        worlds=len(forest.kind),
        scene=forest.scene(),
    )
