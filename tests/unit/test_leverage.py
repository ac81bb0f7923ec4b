"""A pipeline's shares and ceilings, and the claims about it that are refused by file, line and key."""

from pathlib import Path

import pytest

from corrigible.documents import parse_document
from corrigible.errors import BadInput
from corrigible.oversight.leverage import Leverage, Pipeline, reckon

HEAD = "schema: 1\npipeline: small\nunit: hours\nstages:\n"
TRAIN = "  - {name: train, cost: 60, how: clock, edit: {EDIT}}\n"
REST = "  - {name: rest, cost: 40, how: clock}\n"


def reckoned(text: str) -> Leverage:
    return reckon(parse_document(text, Pipeline, source="small.yaml"))


def with_edit(edit: str, more: str = "") -> str:
    full = "{what: an edit, " + edit + ", basis: measured, how: clock}"
    return HEAD + TRAIN.replace("{EDIT}", full) + REST + more


def test_a_stage_of_sixty_percent_made_three_times_as_fast_makes_the_whole_five_thirds_as_fast() -> None:
    found = reckoned(with_edit("speed_up: 3"))
    assert found.stages[0].ceiling == pytest.approx(2.5)
    effect = found.stages[0].effect
    assert effect is not None
    assert effect.whole == pytest.approx(100 / 60)
    assert effect.saves == pytest.approx(0.4)
    assert found.first == "train"


def test_what_saves_a_whole_stage_reaches_its_ceiling_and_no_more() -> None:
    found = reckoned(with_edit("saving: 60"))
    effect = found.stages[0].effect
    assert effect is not None
    assert effect.whole == pytest.approx(found.stages[0].ceiling)


def test_an_interval_that_holds_one_leaves_the_direction_open_and_a_slower_stage_is_a_loss() -> None:
    unclear, slower = (reckoned(with_edit(edit)) for edit in ("speed_up: 1.1, interval: [0.9, 1.3]", "speed_up: 0.5"))
    assert unclear.stages[0].effect is not None
    assert unclear.stages[0].effect.direction == "unclear"
    assert slower.stages[0].effect is not None
    assert slower.stages[0].effect.direction == "slower"
    assert slower.stages[0].effect.saves == pytest.approx(-0.6)


def test_units_of_time_are_converted_and_others_are_not() -> None:
    days = HEAD + "  - {name: a, cost: 1, unit: days, how: clock}\n  - {name: b, cost: 24, how: clock}\n"
    assert [stage.share for stage in reckoned(days).stages] == pytest.approx([0.5, 0.5])
    with pytest.raises(BadInput, match=r"small.yaml, line 5: stages.0.unit: EUR cannot be added to hours"):
        reckoned(days.replace("unit: days", "unit: EUR"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (with_edit("speed_up: helps"), r"line 5: stages\.0\.edit\.speed_up: sign\(eps\): 'helps' is a direction"),
        (with_edit("speed_up: true"), r"line 5: stages\.0\.edit\.speed_up: sign\(eps\)"),
        (HEAD + "  - {name: a, cost: 1, how: c, edit: {what: it helps, basis: guessed, how: x}}\n", r"sign\(eps\)"),
        (with_edit("saving: 61"), r"line 5: stages\.0\.edit\.saving: integral of eps: it saves 61 .* costs 60"),
        (with_edit("saving: 50, interval: [40, 70]"), r"stages\.0\.edit\.interval: integral of eps"),
        (
            with_edit("speed_up: 2", "together: {claim: it all adds up, saves: 0.2}\n"),
            r"line 7: together: integral of eps: .* nobody says to what",
        ),
        (
            with_edit("speed_up: 2", "together: {claim: x, saves: 1.2, baseline: 100}\n"),
            r"line 7: together\.saves: integral of eps: 120 %",
        ),
        (
            with_edit("speed_up: 2", "together: {claim: x, saves: 0.2, baseline: 250}\n"),
            r"together\.baseline: integral of eps: 250 is not the sum of the stages, 100 hours",
        ),
        (
            with_edit("speed_up: 2", "together: {claim: x, saves: 0.31, baseline: 100}\n"),
            r"together\.saves: integral of eps: 31 % is claimed and the edits give at most 30 %",
        ),
        (
            with_edit("speed_up: 2").replace("cost: 60, ", ""),
            r"line 5: stages\.0\.cost: infinity \* eps: train has an edit and no known cost",
        ),
        (HEAD + "  - {name: a, how: clock}\n", r"stages\.0\.cost: a has no cost, so no share is known"),
        (HEAD + "  - {name: a, cost: 1}\n", r"stages\.0\.how: say how its cost was found"),
        (HEAD + REST + REST, r"line 6: stages\.1\.name: rest stands twice"),
        (HEAD + REST.replace("40", "0"), r"the whole must cost something"),
        (HEAD + REST.replace("40", ".nan"), r"stages\.0\.cost"),
        (with_edit("speed_up: .inf"), r"stages\.0\.edit\.speed_up"),
        (with_edit("speed_up: 2, saving: 2"), r"give either speed_up or saving"),
        (with_edit("speed_up: 2, interval: [3, 4]"), r"the interval must hold 2"),
        (with_edit("speed_up: 2, colour: red"), r"stages\.0\.edit\.colour"),
    ],
)
def test_a_claim_without_size_baseline_or_share_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        reckoned(text)
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("small.yaml, line ")


def test_a_claim_for_all_edits_that_they_can_give_is_kept() -> None:
    assert reckoned(with_edit("speed_up: 2", "together: {claim: x, saves: 0.3, baseline: 100}\n")).together > 1


def test_the_shipped_pipeline_is_marked_as_fictional() -> None:
    from importlib.resources import files

    path = Path(str(files("corrigible.oversight") / "data" / "pipelines" / "training-run.yaml"))
    read = parse_document(path.read_text(encoding="utf-8"), Pipeline, source=path.name)
    assert read.fictional
    assert len(reckon(read).ranking) == 4
