"""Gains in bits: of which trials a share is, and what their number hides, wherever a gain is shown."""

from dataclasses import replace
from typing import Any

import pytest

from corrigible.errors import CorruptFile
from corrigible.registry import load_experiment
from corrigible.report.panels import remedy_plot
from corrigible.report.svg import describe
from corrigible.stages.folding import group_rows
from corrigible.stages.remedies import RemedyScore, fold_remedies, trials_of
from corrigible.statistics import log_odds
from corrigible.types import Condition
from report_sample import sample_content

PLAIN = load_experiment("goal-change")
COUNTED = replace(
    PLAIN, metrics=tuple(replace(item, trials="orders") if item.name == "block" else item for item in PLAIN.metrics)
)
REMEDY = Condition(name="myopia", role="remedy", summary="", remedy="myopia")


def row(condition: str, seed: int, block: float, orders: float = 10) -> dict[str, Any]:
    metrics = {"block": block, "works at X": 1.0, "orders": orders}
    return {
        "condition": condition,
        "seed": seed,
        "metrics": metrics,
        "checkpoints": [{"step": 1, "metrics": metrics}],
        "episodes": 100,
        "stage": "train",
        "uses_oracle": False,
    }


def score(experiment: Any, before: float, after: float) -> RemedyScore:
    rows = [
        row(name, seed, block) for name, block in ((PLAIN.failure.name, before), ("myopia", after)) for seed in (0, 1)
    ]
    (found,) = fold_remedies(experiment, [REMEDY], group_rows(rows))
    return found


def test_a_share_of_some_episodes_is_worth_as_many_bits_as_there_were_trials() -> None:
    everything, some = score(PLAIN, 0.5, 0.0).gain, score(COUNTED, 0.5, 0.0).gain
    assert everything.per_seed == pytest.approx((log_odds(100, 100) - log_odds(50, 100),) * 2)
    assert some.per_seed == pytest.approx((log_odds(10, 10) - log_odds(5, 10),) * 2)
    assert some.estimate < everything.estimate


def test_a_gain_that_no_episode_contradicts_is_at_least_what_is_said() -> None:
    assert score(PLAIN, 0.5, 0.0).gain.limit == "at least"
    assert score(PLAIN, 0.5, 0.1).gain.limit == ""
    assert score(PLAIN, 0.0, 0.5).gain.limit == "at most"
    assert score(PLAIN, 1.0, 1.0).gain.limit == "unresolved"


@pytest.mark.parametrize("orders", [0.0, float("nan"), 2.5])
def test_a_row_without_its_number_of_trials_is_refused(orders: float) -> None:
    with pytest.raises(CorruptFile, match="orders"):
        trials_of(COUNTED.metric("block"), row("myopia", 0, 0.5, orders))


def test_the_page_says_at_least_where_a_gain_is_capped() -> None:
    content = sample_content()
    first, *others = content.remedies
    assert first.gain is not None
    capped = replace(first, gain=replace(first.gain, limit="at least"))
    plot, plain = remedy_plot(replace(content, remedies=(capped, *others))), remedy_plot(content)
    assert plot is not None
    assert plain is not None
    assert plot.groups[0].rows[0].value.estimate.startswith("at least ")
    assert any("evaluated episodes" in line for line in plot.legend)
    assert not any("evaluated episodes" in line for line in plain.legend)
    assert "estimate at least" in describe(replace(first.gain, limit="at least"))
