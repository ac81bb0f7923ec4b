"""What the page is rendered from is checked before it is rendered."""

from dataclasses import replace

import pytest

from corrigible.errors import BadInput
from corrigible.report.content import Curve, RemedyRow, RocLine, SampleColumn
from report_sample import sample_content

CONTENT = sample_content()


def test_the_headline_must_be_among_the_metrics():
    with pytest.raises(BadInput, match="headline"):
        replace(CONTENT, headline="unknown")


def test_a_number_of_an_unknown_condition_is_refused():
    with pytest.raises(BadInput, match="'q-learning'"):
        replace(CONTENT, conditions=tuple(c for c in CONTENT.conditions if c.name != "q-learning"))
    with pytest.raises(BadInput, match="'nobody'"):
        replace(CONTENT, remedies=(RemedyRow(condition="nobody", stage="train", uses_oracle=False),))


def test_rates_of_a_roc_curve_are_equally_long():
    with pytest.raises(BadInput, match="length 1"):
        RocLine(seed=0, false_alarm_rate=(0.0, 1.0), detection_rate=(0.0,))


def test_responses_and_what_they_are_paid_are_as_many_as_prompts():
    with pytest.raises(BadInput, match=r"SampleColumn\.paid has length 2"):
        SampleColumn(step=0, prompts=("a",), responses=("b",), paid=(0.0, 1.0))


@pytest.mark.parametrize(
    "change",
    [{"per_seed": ((0.0,),)}, {"per_seed": ()}, {"estimate": (0.0,)}, {"low": (0.0,)}, {"high": (0.0, 0.0, 0.0)}],
)
def test_rows_of_a_curve_are_as_long_as_its_steps(change: dict[str, tuple[float, ...]]):
    curve = Curve(condition="c", role="failure", steps=(0.0, 1.0), seeds=(0,), per_seed=((0.0, 1.0),))
    with pytest.raises(BadInput, match="length"):
        replace(curve, **change)
