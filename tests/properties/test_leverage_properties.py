"""Amdahl's bound, held against the plain sum of what every stage costs after its edit."""

from hypothesis import given
from hypothesis import strategies as st

from corrigible.oversight.leverage import Pipeline, ceiling, reckon

cost = st.floats(0.01, 1e4)
gain = st.floats(0.1, 1e4)
stages = st.lists(st.tuples(cost, st.none() | gain), min_size=1, max_size=12)


def pipeline(drawn: list[tuple[float, float | None]]) -> Pipeline:
    edit = {"what": "an edit", "basis": "measured", "how": "clock"}
    return Pipeline.model_validate(
        {
            "schema": 1,
            "pipeline": "drawn",
            "unit": "hours",
            "stages": [
                {"name": f"s{place}", "cost": spent, "how": "clock"}
                | ({} if speed is None else {"edit": {**edit, "speed_up": speed}})
                for place, (spent, speed) in enumerate(drawn)
            ],
        }
    )


@given(stages)
def test_every_effect_and_all_together_are_the_ratio_of_sums_before_and_after(
    drawn: list[tuple[float, float | None]],
) -> None:
    found = reckon(pipeline(drawn))
    before = sum(spent for spent, _ in drawn)
    after = sum(spent / (speed or 1.0) for spent, speed in drawn)
    assert abs(found.together / (before / after) - 1) < 1e-6
    assert abs(sum(stage.share for stage in found.stages) - 1) < 1e-9
    for stage, (spent, speed) in zip(found.stages, drawn, strict=True):
        if stage.effect is not None and speed is not None:
            alone = before / (before - spent + spent / speed)
            assert abs(stage.effect.whole / alone - 1) < 1e-6


@given(stages)
def test_no_edit_beats_its_ceiling_and_all_edits_are_ranked_by_gain(drawn: list[tuple[float, float | None]]) -> None:
    found = reckon(pipeline(drawn))
    effects = {stage.name: stage.effect.whole for stage in found.stages if stage.effect is not None}
    assert all(effects[stage.name] <= stage.ceiling * (1 + 1e-9) for stage in found.stages if stage.name in effects)
    gains = [effects[name] for name in found.ranking]
    assert gains == sorted(gains, reverse=True)
    assert set(found.ranking) == set(effects)


@given(st.floats(0.0, 0.999))
def test_the_ceiling_of_a_share_is_what_is_left_without_it(share: float) -> None:
    assert abs(ceiling(share) * (1 - share) - 1) < 1e-9
