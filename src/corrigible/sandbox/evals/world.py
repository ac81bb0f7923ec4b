"""An eval of items with a key, teams whose models answer them, and use, where items are new and nobody marks.

An item has features that matter and features that only tell it from others. Its key follows the features that matter
as far as anything can: the rest is the item's own, so that no model is right in use more often than `CEILING`. Teams
understand the task more or less well: each practises on what it takes to be right. What is assumed stands here; what
comes of it is learned.
"""

from dataclasses import dataclass
from math import acos, pi, sqrt
from typing import Final

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.games.inputs import count, probability
from corrigible.types import Array, Events

MATTERS: Final = 20
"""Features of an item on which the key depends."""

TELLS: Final = 120
"""Features that only tell it from other items."""

WIDTH: Final = MATTERS + TELLS

OWN: Final = 0.6
"""Standard deviation of what is an item's own in its key, where the features that matter have 1."""

ASTRAY: Final = pi / 3
"""Angle between what is right and what the team takes to be right that understands least; the best has 0."""

CEILING: Final = 1 - acos(1 / sqrt(1 + OWN**2)) / pi
"""Greatest share right in use, 0.828: the orthant probability of two normals (Sheppard 1899)."""

BAR: Final = 0.75
"""Share right from which a model passes."""

CANDIDATES: Final = 8
"""New items looked through for each one of an eval by who is paid for new failures."""


@dataclass(frozen=True, kw_only=True)
class EvalParams:
    """What is published, and how the eval is kept.

    teams: marked by the eval. items: in it. published: whether teams see its items and their key. period: rounds after
    which all items are replaced, or 0: never. reworded: share of the features that only tell an item which are drawn
    anew whenever it is asked. sought: share of new items that are chosen since most teams' models fail them.

    Raises:
        BadInput: a number outside its range.
    """

    teams: int = 32
    items: int = 150
    published: bool = True
    period: int = 0
    lagged: bool = False
    reworded: float = 0.0
    sought: float = 0.0

    def __post_init__(self) -> None:
        """Check every number."""
        count("teams", self.teams, least=2, most=1000)
        count("items", self.items, least=10, most=10_000)
        if self.period:
            count("period", self.period, least=1, most=10**6)
        if self.lagged and not self.period:
            raise BadInput(
                value="lagged without a period", rule="a period must end", remedy="give a period, or leave lagged out"
            )
        probability("reworded", self.reworded)
        probability("sought", self.sought)


@dataclass(frozen=True, kw_only=True, eq=False)
class Items:
    """features: (n, 140) int8, -1 or 1. key: (n,) bool."""

    features: Array
    key: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """What is right: (20,) float64 of length 1, and what each team takes to be right, (teams, 20)."""

    right: Array
    taken: Array


def new_task(world: EvalParams, generator: np.random.Generator) -> Task:
    """A task, and teams from the one that understands it to the one that is `ASTRAY`, in directions of their own."""
    right = _unit(generator.standard_normal(MATTERS))
    aside = generator.standard_normal((world.teams, MATTERS))
    aside = _unit(aside - (aside @ right)[:, None] * right)
    angle = np.linspace(0.0, ASTRAY, world.teams)[:, None]
    return Task(right=right, taken=np.cos(angle) * right + np.sin(angle) * aside)


def new_items(task: Task, number: int, generator: np.random.Generator) -> Items:
    """`number` items with their key."""
    features = _features(number, generator)
    return Items(features=features, key=_key(features, task.right, generator))


def practice(task: Task, number: int, generator: np.random.Generator) -> tuple[Array, Array]:
    """(n, 140) int8 items of the teams' own making, and (n, teams) bool what each team takes for their key."""
    features = _features(number, generator)
    return features, _key(features, task.taken.T, generator)


def worded(world: EvalParams, items: Items, generator: np.random.Generator) -> Array:
    """(n, 140) int8: the items as they are asked."""
    if not world.reworded:
        return items.features
    asked = items.features.copy()
    anew = generator.random((len(asked), TELLS)) < world.reworded
    asked[:, MATTERS:] = np.where(anew, _features(len(asked), generator)[:, MATTERS:], asked[:, MATTERS:])
    return asked


def next_items(world: EvalParams, task: Task, weights: Array, generator: np.random.Generator) -> Items:
    """The eval of the next period: new items, of which a share `sought` are those that most of `weights` fail.

    weights: (teams, 140), one model a team; ties among failures are broken by chance.
    """
    chosen = round(world.sought * world.items)
    plain = new_items(task, world.items - chosen, generator)
    if not chosen:
        return plain
    pool = new_items(task, CANDIDATES * chosen, generator)
    failing = (answers(weights, pool.features) != pool.key).mean(axis=0)
    worst = np.lexsort((generator.random(len(failing)), -failing))[:chosen]
    return Items(
        features=np.concatenate([plain.features, pool.features[worst]]),
        key=np.concatenate([plain.key, pool.key[worst]]),
    )


def answers(weights: Array, features: Array) -> Array:
    """(..., n) bool: what models answer. weights: (..., 140) float; features: (n, 140)."""
    return np.asarray(weights @ features.T.astype(weights.dtype) > 0)


def marked(right: Array, in_eval: Array, released: Array, passes: Array) -> Events:
    """For reward functions. right: (..., n) bool; in_eval: (n,) bool, else in use; released, passes: (...) of models.

    Events "right", "in eval", "released", "passes", all (..., n); amount: 1 if right.
    """

    def of_models(flags: Array) -> Array:
        return np.broadcast_to(flags[..., None], right.shape)

    happened = {
        "right": right,
        "in eval": np.broadcast_to(in_eval, right.shape),
        "released": of_models(released),
        "passes": of_models(passes),
    }
    return Events(happened=happened, amount=right.astype(np.float64))


def _features(number: int, generator: np.random.Generator) -> Array:
    return (2 * generator.integers(2, size=(number, WIDTH), dtype=np.int8) - 1).astype(np.int8)


def _key(features: Array, direction: Array, generator: np.random.Generator) -> Array:
    """Shape (n,) for one direction (20,), (n, k) for k of them, which share what is an item's own."""
    follows = features[:, :MATTERS] @ direction
    own = OWN * generator.standard_normal(len(features))
    return np.asarray((follows.T + own).T > 0)


def _unit(vectors: Array) -> Array:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
