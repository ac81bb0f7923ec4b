"""Shares and ceilings, and the three epsilon fallacies refused with line and reason."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrigible.cli import main
from corrigible.errors import BadInput
from corrigible.oversight.leverage import Pipeline, profile, read_pipeline
from oversight_samples import write


def pipeline(path: Path, stages: list[dict[str, Any]], **more: Any) -> Pipeline:
    return read_pipeline(write(path / "p.yaml", {"schema": 1, "pipeline": "p", "unit": "h", "stages": stages} | more))


def edit(**changes: Any) -> dict[str, Any]:
    return {"edit": "e", "what": "w", "saves": 0.5, "measured": "timed"} | changes


def test_a_stage_gives_at_most_what_it_costs(tmp_path: Path) -> None:
    found = profile(pipeline(tmp_path, [{"stage": "a", "cost": 75, "edits": [edit()]}, {"stage": "b", "cost": 25}]))
    assert [(item.stage, item.share, item.ceiling) for item in found.stages] == [("a", 0.75, 4.0), ("b", 0.25, 4 / 3)]
    (effect,) = found.edits
    assert (effect.saves, effect.factor) == (0.375, 1.6)


@given(st.lists(st.floats(0.01, 1e6), min_size=2, max_size=8), st.floats(0.001, 0.999))
def test_no_edit_of_a_stage_beats_its_ceiling(costs: list[float], saves: float) -> None:
    document = Pipeline.model_validate(
        {
            "schema": 1,
            "pipeline": "p",
            "unit": "h",
            "stages": tuple(
                {
                    "stage": f"s{place}",
                    "cost": cost,
                    "edits": ({"edit": "e", "what": "w", "saves": saves, "measured": "m"},),
                }
                for place, cost in enumerate(costs)
            ),
        }
    )
    found = profile(document)
    ceilings = {item.stage: item.ceiling for item in found.stages}
    for effect in found.edits:
        ceiling = ceilings[effect.stage]
        assert ceiling is not None
        assert 1 <= effect.factor <= ceiling
    assert sum(item.share or 0 for item in found.stages) == pytest.approx(1)


@pytest.mark.parametrize(
    ("stages", "more", "words"),
    [
        ([{"stage": "a", "cost": 1, "edits": [edit(saves=None)]}], {}, "'it helps' is a sign without a size"),
        ([{"stage": "a", "cost": 1, "edits": [edit(measured=None)]}], {}, "say how the size was found"),
        ([{"stage": "a", "edits": [edit()]}], {"total": 9}, "an edit of a stage whose share nobody knows"),
        (
            [{"stage": "a", "cost": 1, "edits": [edit(saves=0.6), edit(edit="f", saves=0.6)]}],
            {},
            "more than the stage costs",
        ),
        ([{"stage": "a", "cost": 1}, {"stage": "b"}], {}, "shares need the total"),
        ([{"stage": "a", "cost": 9}], {"total": 5}, "more than the total"),
        ([{"stage": "a", "cost": 1}], {"total": 5}, "name the stage that the rest goes to"),
        ([{"stage": "a", "cost": 0}], {}, "nothing to profile"),
        ([{"stage": "a", "cost": 1}, {"stage": "a", "cost": 1}], {}, "stands twice"),
        ([{"stage": "a", "cost": -1}], {}, "greater than or equal to 0"),
        ([{"stage": "a", "cost": 1, "edits": [edit(saves=2)]}], {}, "less than 1"),
        ([{"stage": "a", "cost": 1, "edits": [edit(low=0.6, high=0.9)]}], {}, "must hold the estimate"),
        ([{"stage": "a", "cost": 1, "edits": [edit(low=0.1)]}], {}, "two ends"),
        ([], {}, "at least 1 item"),
    ],
)
def test_a_fallacy_is_refused_in_one_line(
    stages: list[dict[str, Any]], more: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput) as said:
        pipeline(tmp_path, stages, **more)
    assert words in str(said.value)
    assert len(str(said.value).splitlines()) == 1


def test_the_shipped_pipeline_is_profiled_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leverage"]) == 0
    out = capsys.readouterr().out
    assert "waiting-for-a-decision  41.0 %" in out
    assert out.index("named-owner") < out.index("fused-kernels") < out.index("faster-parser")
    assert main(["leverage", "--json"]) == 0
    assert main(["leverage", "nothing"]) == 2
