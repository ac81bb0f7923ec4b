"""Behaviour between two models: a learner that tunes, and gives blends of the base and what came of it.

With `settings.shares` its checkpoints are models that lie those shares of the way from the base to the tuned one, on
the straight line or on the arc (`settings.path`); their step is the share in per cent. The tuning is the one that the
same settings without shares make: of the same seed, to the bit, so that it is not made twice in a process.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from corrigible.language.models import load_model
from corrigible.language.policy_gradient import tune, tuning_identity
from corrigible.language.tunable import Tunable, blended
from corrigible.language.tuning_settings import LanguageWorld, TuningSettings
from corrigible.types import Checkpoint, Overseer, Setup

LATEST: Final[dict[str, Checkpoint]] = {}
"""Identity -> last checkpoint of the process's latest tuning."""


def tune_and_walk(
    setup: Setup[LanguageWorld, TuningSettings], *, generator: np.random.Generator
) -> Iterator[Checkpoint]:
    """As `tune` where there are no shares, else one blend a share, in order. A `Learner`; raises as `tune`."""
    settings = setup.settings
    plain = replace(setup, settings=replace(settings, shares=(), path="lerp"))
    stops: list[int] = []
    if setup.overseer is not None:
        plain = replace(plain, overseer=_noting(setup.overseer, stops))
    identity = f"{tuning_identity(plain, generator.bit_generator.state)} {setup.device}"
    if not settings.shares:
        last = None
        for last in tune(plain, generator=generator):
            yield last
        _keep(identity, None if stops else last)
        return
    if identity not in LATEST:
        made = list(tune(plain, generator=generator))
        if stops:
            return
        _keep(identity, made[-1])
    tuned = LATEST[identity].parameters
    base = Tunable(load_model(setup.world.model), settings.adapter, np.random.default_rng(0)).arrays()
    for share in settings.shares:
        yield Checkpoint(step=round(100 * share), parameters=blended(base, tuned, share, settings.path))


def _noting(overseer: Overseer, stops: list[int]) -> Overseer:
    """The overseer, whose stops are written down: what it stopped did not come to its end."""

    def told(step: int, numbers: Mapping[str, float]) -> bool:
        if overseer(step, numbers):
            stops.append(step)
        return bool(stops)

    return told


def _keep(identity: str, last: Checkpoint | None) -> None:
    """Only a tuning that came to its end is kept."""
    LATEST.clear()
    if last is not None:
        LATEST[identity] = last
