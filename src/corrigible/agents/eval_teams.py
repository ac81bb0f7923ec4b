"""Teams that train models, mark them by an eval, and go on with those that are paid most.

Each team keeps some variants of a logistic model. In a round each variant is trained, on the team's own practice and
on what is published, in shares that are its own, and by as much as is its own; then all are asked and paid; the worst
paid give way to copies of the best, changed a little in weights, both shares and whether they are released
(population-based training: Jaderberg et al. 2017, arXiv:1711.09846). Nobody tells a team to study the eval, or to
keep what happened to score well instead of training: what is paid more is copied more.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from corrigible.sandbox.evals.world import (
    BAR,
    WIDTH,
    EvalParams,
    Items,
    Task,
    answers,
    marked,
    new_items,
    new_task,
    next_items,
    practice,
    worded,
)
from corrigible.sandbox.games.inputs import count, positive, probability
from corrigible.types import Array, Checkpoint, Events, Setup


@dataclass(frozen=True, kw_only=True)
class TeamSettings:
    """How teams work.

    rounds: the pressure, a round is one query of the eval for each variant. checkpoints: after rounds, rounds / 2,
    rounds / 4 and so on. variants: of each team. steps: of gradient descent a round; rate: their length. pool: practice
    items a round. copied: share of variants that are replaced a round. mutation: standard deviation of a copy's shares,
    and of its weights in units of their root mean square. flips: chance that a copy is released where the original is
    not, or the other way round.

    Raises:
        BadInput: a number outside its range.
    """

    rounds: int = 64
    checkpoints: int = 6
    variants: int = 8
    steps: int = 10
    pool: int = 256
    rate: float = 1.0
    copied: float = 0.25
    mutation: float = 0.1
    flips: float = 0.05

    def __post_init__(self) -> None:
        """Check every number."""
        for name, most in (("rounds", 10**6), ("variants", 1000), ("steps", 10**4), ("pool", 10**5)):
            count(name, getattr(self, name), least=1, most=most)
        count("checkpoints", self.checkpoints, least=1, most=64)
        positive("rate", self.rate)
        for name in ("copied", "mutation", "flips"):
            probability(name, getattr(self, name))

    @property
    def ends(self) -> tuple[int, ...]:
        """Rounds after which a checkpoint is kept, each once."""
        halved = (round(self.rounds / 2**power) for power in range(self.checkpoints))
        return tuple(sorted({max(1, end) for end in halved}))


@dataclass(kw_only=True, eq=False)
class Variants:
    """weights: (teams, variants, 140) float32. Of (teams, variants): study: share of training on what is published;

    keep: share of training that is left out, so that weights stay what was chosen; released: bool.
    """

    weights: Array
    study: Array
    keep: Array
    released: Array


def train_teams(setup: Setup[EvalParams, TeamSettings], *, generator: np.random.Generator) -> Iterator[Checkpoint]:
    """Checkpoints of the best paid variant of each team. Reads `setup.paid` alone.

    Parameters: weights (teams, 140) float32, study and keep (teams,) float32, released (teams,) int8, 1 or 0; and the
    task and the eval of that round, which are the world's: right (20,), features (n, 140) int8, key (n,) int8.
    """
    world, settings = setup.world, setup.settings
    task = new_task(world, generator)
    items = new_items(task, world.items, generator)
    shown = items if world.published and not world.lagged else None
    variants = _first(world, settings, generator)
    best = np.zeros(world.teams, dtype=np.int64)
    teams = np.arange(world.teams)
    for now in range(settings.rounds):
        if world.period and now and now % world.period == 0:
            past, items = items, next_items(world, task, variants.weights[teams, best], generator)
            shown = (past if world.lagged else items) if world.published else None
        _train(variants, shown, practice(task, settings.pool, generator), settings)
        events = _asked(world, task, items, variants, generator)
        pay = np.asarray(setup.paid(events), dtype=np.float64).sum(axis=-1) / world.items
        ranked = np.argsort(pay + 1e-9 * generator.random(pay.shape), axis=1)
        best = ranked[:, -1]
        if now + 1 in settings.ends:
            yield Checkpoint(
                step=now + 1,
                parameters={
                    "weights": variants.weights[teams, best],
                    "study": variants.study[teams, best].astype(np.float32),
                    "keep": variants.keep[teams, best].astype(np.float32),
                    "released": variants.released[teams, best].astype(np.int8),
                    "right": task.right,
                    "features": items.features,
                    "key": items.key.astype(np.int8),
                },
            )
        _select(variants, ranked, settings, generator)


def _asked(world: EvalParams, task: Task, items: Items, variants: Variants, generator: np.random.Generator) -> Events:
    """All items of the eval, and as many in use: events (teams, variants, 2 items)."""
    fresh = new_items(task, world.items, generator)
    asked = np.concatenate([worded(world, items, generator), fresh.features])
    right = answers(variants.weights, asked) == np.concatenate([items.key, fresh.key])
    passes = right[..., : world.items].mean(axis=-1) >= BAR
    return marked(right, np.arange(len(asked)) < world.items, variants.released, passes)


def _first(world: EvalParams, settings: TeamSettings, generator: np.random.Generator) -> Variants:
    """Models that know nothing; a tenth of training or less is on what is published, or left out; half are released."""
    shape = (world.teams, settings.variants)
    return Variants(
        weights=(0.01 * generator.standard_normal((*shape, WIDTH))).astype(np.float32),
        study=0.1 * generator.random(shape),
        keep=0.1 * generator.random(shape),
        released=generator.random(shape) < 0.5,
    )


def _train(variants: Variants, items: Items | None, pool: tuple[Array, Array], settings: TeamSettings) -> None:
    """Gradient descent on the logistic loss: (1 - study) of practice and study of what is published, if anything is."""
    teams, number, _ = variants.weights.shape
    own, labels = pool
    published = np.empty((0, WIDTH), dtype=np.int8) if items is None else items.features
    features = np.concatenate([own, published]).astype(np.float32)
    target = np.empty((teams, number, len(features)), dtype=np.float32)
    weight = np.empty_like(target)
    target[..., : len(own)] = labels.T[:, None]
    study = variants.study if items is not None else np.zeros((teams, number))
    weight[..., : len(own)] = ((1.0 - study) / len(own))[..., None]
    if items is not None:
        target[..., len(own) :] = items.key
        weight[..., len(own) :] = (study / len(items.key))[..., None]
    target, weight = (array.reshape(-1, len(features)) for array in (target, weight))
    weights = variants.weights.reshape(-1, WIDTH)
    rate = (settings.rate * (1.0 - variants.keep)).reshape(-1, 1).astype(np.float32)
    for _ in range(settings.steps):
        wrong = 0.5 * np.tanh(0.5 * (weights @ features.T)) + 0.5 - target
        weights -= rate * ((wrong * weight) @ features)


def _select(variants: Variants, ranked: Array, settings: TeamSettings, generator: np.random.Generator) -> None:
    """The worst paid variants of each team give way to changed copies of the best paid. ranked: worst to best."""
    teams, number = ranked.shape
    copies = round(settings.copied * number)
    if not copies:
        return
    row = np.arange(teams)[:, None]
    worst, best = ranked[:, :copies], ranked[:, ::-1][:, :copies]
    weights = variants.weights[row, best]
    size = np.sqrt((weights**2).mean(axis=-1, keepdims=True))
    noise = generator.standard_normal(weights.shape).astype(np.float32)
    variants.weights[row, worst] = weights + np.float32(settings.mutation) * size * noise
    for share in (variants.study, variants.keep):
        moved = share[row, best] + settings.mutation * generator.standard_normal((teams, copies))
        share[row, worst] = np.clip(moved, 0.0, 1.0)
    variants.released[row, worst] = variants.released[row, best] ^ (generator.random((teams, copies)) < settings.flips)
