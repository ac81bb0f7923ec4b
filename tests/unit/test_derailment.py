"""The derailment experiment: its remedies, what its lens finds, and what it measures."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from corrigible.chains.sampled.open_texts import MOST_TOKENS, OpenTexts
from corrigible.chains.talks.world import Talk
from corrigible.errors import NotApplicable
from corrigible.explain.these_turns import these_turns
from corrigible.failures.derailment import ERROR_AT, FAILURE, PLANTED, derailment
from corrigible.language.models import load_model
from corrigible.mitigate.conversation_limit import conversation_limit
from corrigible.mitigate.cooler import cooler
from corrigible.mitigate.re_anchoring import re_anchoring
from corrigible.mitigate.repetition_aware import repetition_aware
from corrigible.types import Setup, Specimen

EXPERIMENT = derailment()
BUDGET = EXPERIMENT.budgets["smoke"]


def setup_of(name: str) -> Setup[Any, Any]:
    condition = next(item for item in EXPERIMENT.conditions if item.name == name)
    return EXPERIMENT.build(condition.overrides, BUDGET)


def played(setup: Setup[Any, Any]) -> dict[str, float]:
    (checkpoint,) = EXPERIMENT.learner(replace(setup, truth=None), generator=np.random.default_rng(0))
    rollout = EXPERIMENT.sandbox.rollout(setup, checkpoint, episodes=400, generator=np.random.default_rng(1))
    return dict(EXPERIMENT.measure(rollout))


@pytest.mark.parametrize(
    ("remedy", "field", "fewer"),
    [
        (conversation_limit, "limit", True),
        (cooler, "temperature", True),
        (re_anchoring, "anchored", True),
        (repetition_aware, "penalty", False),
    ],
)
def test_remedies_change_one_thing_once_and_do_what_is_published(remedy: Any, field: str, *, fewer: bool) -> None:
    setup = setup_of(FAILURE)
    mended = remedy(setup)
    changed = [name for name in vars(Talk()) if getattr(mended.world, name) != getattr(setup.world, name)]
    assert changed == [field]
    assert (played(mended)["derailed"] < played(setup)["derailed"]) is fewer
    with pytest.raises(NotApplicable, match="kept so already"):
        remedy(mended)


def test_the_planted_turn_is_named_and_the_lens_undoes_it_and_its_control_does_not() -> None:
    setup = setup_of(PLANTED)
    assert setup.world.error == ERROR_AT
    assert played(setup)["named"] > 0.7
    (checkpoint,) = EXPERIMENT.learner(setup, generator=np.random.default_rng(0))
    headline = next(metric for metric in EXPERIMENT.metrics if metric.name == EXPERIMENT.headline)
    specimen = Specimen(
        condition=PLANTED,
        seed=0,
        headline=headline,
        setup=setup,
        checkpoint=checkpoint,
        reference_checkpoint=None,
        rollout_again=lambda changed, _: played(changed),
        train_again=lambda _: checkpoint,
    )
    named, other = these_turns(specimen)
    assert named.before == other.before
    assert named.after < 0.5 * named.before
    assert other.after > 0.7 * other.before


def test_errors_snowball_where_little_was_read_and_not_where_much_was() -> None:
    assert played(setup_of(FAILURE))["snowball"] > 0.2
    assert played(setup_of("reads-ten-times-more"))["snowball"] < 0.1


def test_what_is_kept_of_open_texts_is_bounded() -> None:
    reader = OpenTexts(model=load_model("tiny"), window=60)
    generator = np.random.default_rng(0)
    for _ in range(20):
        reader.logits(generator.integers(5, 30, (100, 40)))
        assert sum(size for *_, size in reader._open.values()) <= MOST_TOKENS
