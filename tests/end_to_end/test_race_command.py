"""`corrigible race`: readable answers, JSON, pictures; what is refused leaves no picture."""

import json
from pathlib import Path

import pytest

from corrigible.commands.race_arguments import Capability, Effort, EvidenceOfDanger, Pause, Race
from corrigible.errors import BadInput


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Effort, "2 equal labs that reply to each other"),
        (Pause, "a chance of at least"),
        (EvidenceOfDanger, "sharing evidence lowers the risk"),
        (Capability, "the more they know, the greater the risk"),
    ],
)
def test_each_question_is_answered_drawn_and_plain_data(
    kind: type[Effort | Pause | EvidenceOfDanger | Capability], words: str, tmp_path: Path
) -> None:
    picture = tmp_path / "race.svg"
    said = Race(race=kind(picture=picture)).answer()
    assert words in "\n".join(said.lines)
    assert f"Picture: {picture}" in said.lines
    drawn = picture.read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert "nan" not in drawn
    assert "<script" not in drawn
    assert json.loads(json.dumps(said.data, allow_nan=False))
    assert not any("\n" in line for line in said.lines)


def test_the_same_seed_gives_the_same_answer() -> None:
    one, other = (Effort(labs=6, seed=3).answer().data for _ in range(2))
    assert one == other
    assert len(one["learned"]) == 6


def test_a_lab_far_behind_is_told_not_to_sign() -> None:
    assert "does not sign" in "\n".join(Pause(lead=1.0).answer().lines)


def test_fear_that_evidence_would_take_away_is_told() -> None:
    said = "\n".join(EvidenceOfDanger(luck=0.4, prior=0.9).answer().lines)
    assert "raises the risk" in said
    assert "brings the race back" in said


@pytest.mark.parametrize(
    "attempt",
    [
        lambda file: Effort(danger=2.0, picture=file),
        lambda file: Effort(labs=1, picture=file),
        lambda file: Effort(seed=-1, picture=file),
        lambda file: Pause(luck=-1.0, picture=file),
        lambda file: EvidenceOfDanger(steps=100, picture=file),
        lambda file: EvidenceOfDanger(accuracy=0.1, picture=file),
        lambda file: Capability(spread=-1.0, picture=file),
        lambda file: Capability(picture=file.parent / "no" / "p.svg"),
    ],
)
def test_what_is_refused_is_refused_in_one_line_and_draws_nothing(attempt: object, tmp_path: Path) -> None:
    assert callable(attempt)
    with pytest.raises(BadInput) as said:
        attempt(tmp_path / "p.svg").answer()
    assert "\n" not in str(said.value)
    assert list(tmp_path.iterdir()) == []
