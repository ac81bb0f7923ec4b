"""Who decides: recusals passed over, escalation followed, circles and self-approval found."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from corrigible.documents import parse_document
from corrigible.errors import BadInput
from corrigible.oversight.owners import Owners, lint_owners, who_decides

ASKED = datetime(2026, 11, 1, tzinfo=UTC)


def owners(**decisions: dict[str, Any]) -> Owners:
    people = {name: {"name": name.title(), "role": "tester"} for name in ("ada", "ben", "eve")}
    data = {"schema": 1, "organisation": "o", "people": people, "decisions": decisions}
    return parse_document(yaml.safe_dump(data), Owners, source="owners")


def faults(**decisions: dict[str, Any]) -> list[str]:
    return [fault.fault for fault in lint_owners(owners(**decisions)) if fault.fatal]


def test_the_owner_decides_by_the_deadline() -> None:
    found = who_decides(owners(launch={"decides": "ada", "within": "72 hours"}), "launch", asked=ASKED)
    assert (found.name, found.decide_by, found.because) == ("Ada", ASKED + timedelta(hours=72), "")


def test_a_recused_owner_is_passed_over_while_the_recusal_lasts() -> None:
    recused = [{"person": "ada", "because": "it is her model", "until": "2026-12-01T00:00:00Z"}]
    register = owners(launch={"decides": "ada", "deputy": "ben", "recused": recused})
    found = who_decides(register, "launch", asked=ASKED)
    assert (found.person, found.because) == ("ben", "ada is recused: it is her model")
    assert who_decides(register, "launch", asked=datetime(2026, 12, 2, tzinfo=UTC)).person == "ada"


def test_what_is_late_is_escalated_with_a_new_deadline_from_then() -> None:
    register = owners(
        launch={"decides": "ada", "within": "24 hours", "escalates_to": "board"},
        board={"decides": "ben", "within": "24 hours"},
    )
    at = ASKED + timedelta(hours=30)
    found = who_decides(register, "launch", asked=ASKED, at=at)
    assert (found.person, found.decide_by) == ("ben", ASKED + timedelta(hours=48))
    assert "launch was not decided within 24 hours" in found.because
    assert who_decides(register, "launch", asked=ASKED, at=ASKED + timedelta(days=9)).person == "ben", "nobody is above"


def test_circles_self_approval_unknown_people_and_empty_seats_are_found() -> None:
    circle = faults(a={"decides": "ada", "escalates_to": "b"}, b={"decides": "ben", "escalates_to": "a"})
    assert circle == ["escalation goes in a circle: a -> b -> a", "escalation goes in a circle: b -> a -> b"]
    assert faults(a={"decides": "ada", "escalates_to": "a"}) == ["escalation goes in a circle: a -> a"]
    assert faults(a={"decides": "ada", "proposes": "ada"}) == ["ada would decide what they propose"]
    assert faults(a={"decides": "ada", "deputy": "eve", "proposes": "eve"}) == ["eve would decide what they propose"]
    assert faults(a={"decides": "zoe"}) == ["'zoe' is not among people"]
    assert faults(a={"decides": "ada", "escalates_to": "b"}) == ["'b' is no decision of this file"]
    assert faults(a={"decides": "ada", "recused": [{"person": "ada", "because": "x"}]}) == [
        "everybody who could decide is recused"
    ]
    assert faults(a={"decides": "ada", "escalates_to": "b"}, b={"decides": "ada"}) == [
        "it ends with ada, who had not decided in time"
    ]
    assert faults(a={"decides": "ada", "deputy": "ben"}) == []


def test_nobody_is_named_where_the_register_is_unsound_or_silent() -> None:
    with pytest.raises(BadInput, match="must name who decides it; choose from launch"):
        who_decides(owners(launch={"decides": "ada"}), "landing", asked=ASKED)
    with pytest.raises(BadInput, match="a register must be sound"):
        who_decides(owners(launch={"decides": "zoe"}), "launch", asked=ASKED)
    recused = [{"person": "ada", "because": "x", "until": "2027-01-01T00:00:00Z"}]
    with pytest.raises(BadInput, match="everybody who could decide is recused"):
        who_decides(owners(launch={"decides": "ada", "recused": recused}), "launch", asked=ASKED)
