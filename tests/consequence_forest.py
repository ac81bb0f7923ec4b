"""Small worlds with trunks, and players who dig logs by chance: traces of known rates for the miner's tests."""

from collections.abc import Callable

import numpy as np

from corrigible.types import Array, Scene, WorldTrace

KINDS = ("air", "default:dirt", "default:tree")
SIZE = (12, 12, 10)
Chance = Callable[[Array, Array], Array]
"""Places (M, 3) and rank from the lowest of the trunk (M,) -> chance (M,) that a log of a worked trunk is dug."""


def always(place: Array, rank: Array) -> Array:
    return np.full(len(rank), 0.9)


def but_the_lowest(place: Array, rank: Array) -> Array:
    return np.where(rank == 0, 0.05, 0.9)


def but_the_north(place: Array, rank: Array) -> Array:
    return np.where(place[:, 1] >= 6, 0.1, 0.9)


def scenes(worlds: int, seed: int) -> Scene:
    generator = np.random.default_rng(seed)
    kind = np.zeros((worlds, *SIZE), dtype=np.int16)
    kind[..., :2] = 1
    for world in range(worlds):
        for x, y in ((2, 2), (2, 8), (8, 2), (8, 8)):
            dx, dy = generator.integers(0, 3, 2)
            kind[world, x + dx, y + dy, 2 : 2 + generator.integers(4, 7)] = 2
    origin = np.column_stack((generator.uniform(4, 8, (worlds, 2)), np.full(worlds, 2.0)))
    return Scene(shape=kind.shape, materialise=lambda: kind, origin=origin, up=2)


def dug(scene: Scene, seed: int, chance: Chance = always) -> WorldTrace:
    generator = np.random.default_rng(seed)
    at = np.argwhere(scene.kind == 2)
    world, place = at[:, 0], at[:, 1:]
    trunk = (world * 2 + place[:, 0] // 6) * 2 + place[:, 1] // 6
    worked = generator.random(int(trunk.max()) + 1) < 0.7
    gone = worked[trunk] & (generator.random(len(at)) < chance(place, place[:, 2] - 2))
    n = int(gone.sum())
    time = generator.permutation(n)
    order = np.argsort(time)
    return WorldTrace(
        time=time[order].astype(np.int32),
        world=world[gone][order].astype(np.int32),
        place=place[gone][order].astype(np.int16),
        before=np.full(n, 2, dtype=np.int16),
        after=np.zeros(n, dtype=np.int16),
        kinds=KINDS,
        worlds=len(scene.kind),
        scene=scene,
    )
