"""Policies as documents: what is refused, what a linter finds, how versions differ, and what is due."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from corrigible.commands.policies import policy_named, shipped_policies
from corrigible.errors import BadInput
from corrigible.oversight.commitments import due
from corrigible.oversight.lint import lint_policy
from corrigible.oversight.moments import moment_of, span_of, written
from corrigible.oversight.policies import read_policy
from corrigible.oversight.policy_compare import compare_policies
from corrigible.oversight.policy_diff import diff_policies
from oversight_samples import NOW, policy, rule, write

HARM: dict[str, Any] = {"measure": "harm", "below": 0.5, "fresh": "30 days"}


def text(**changes: str) -> str:
    lines = {
        "schema": "1", "policy": "p", "title": "t", "organisation": "o", "fictional": "true", "version": '"1"',
        "in_force": "2026-01-01T00:00:00Z", "levels": "[{level: base}]",
    }  # fmt: skip
    return "".join(f"{key}: {value}\n" for key, value in (lines | changes).items())


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (text(title="t\ntitle: u"), "line 4: 'title': a key is a text or a whole number and stands once"),
        (text(colour="red"), "line 9: colour: Extra inputs are not permitted"),
        (text(title="!!python/object:os.system x"), "line 3: 'x': a value is text, a number"),
        (text(title="!secret x"), "line 3: 'x': a value is text, a number"),
        (text(title="&a t\npolicy2: *a"), "a document has no aliases"),
        (text(in_force="2026-01-01T00:00:00"), "line 7: in_force: 2026-01-01T00:00:00 names no offset from UTC"),
        (text(in_force="2026-01-01"), "line 7: in_force: 2026-01-01 is a day; write a moment"),
        (text(in_force="2026-13-01"), "line 7: '2026-13-01': a value is text"),
        (text(until="2025-01-01T00:00:00Z"), "until must be after in_force"),
        (text(levels="[]"), "at least 1 item"),
        (text(levels="[{level: base}, {level: base}]"), "level 'base' stands twice"),
        (text(levels="[{level: base, reached_when: {attested: x}}]"), "the first level is where everything begins"),
        (text(schema="2"), "line 1: schema: Input should be 1"),
        ("", "it must not be empty"),
        ("- 1\n", "valid dictionary"),
        ("a: [\n", "it must be YAML"),
        ("a: " + "[" * 50 + "\n", "at most 20 levels"),
    ],
)
def test_a_document_that_is_none_is_refused_with_line_and_key(tmp_path: Path, document: str, said: str) -> None:
    path = write(tmp_path / "p.yaml", document)
    with pytest.raises(BadInput) as refused:
        read_policy(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"level": "higher", "require": HARM}, "no level is called 'higher'"),
        ({"gate": "deployment"}, "Input should be 'continue-training'"),
        ({"closed": True, "require": HARM}, "give either require, or closed: true"),
        ({}, "give either require, or closed: true"),
        ({"require": {"measure": "harm"}}, "give either below or above"),
        ({"require": {"measure": "harm", "below": 1, "above": 0}}, "give either below or above"),
        ({"require": {"measure": "harm", "below": float("nan")}}, "finite"),
        ({"require": HARM | {"fresh": "3 months"}}, "a whole number and a unit"),
        ({"require": HARM | {"fresh": "0 days"}}, "longer than nothing"),
        ({"require": {"all": []}}, "at least 1 item"),
        ({"require": {"maybe": 1}}, "Field required"),
        ({"require": HARM, "firmness": "certainly"}, "'must', 'should' or 'may'"),
    ],
)
def test_a_rule_that_is_none_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        policy(rules=[rule("r", **changes)])
    assert said in str(refused.value)


def test_moments_and_spans_are_read_as_written() -> None:
    assert written(moment_of("2026-11-01T10:00:00+01:00")) == "2026-11-01T09:00:00Z"
    assert span_of("2 weeks") == timedelta(days=14)
    for wrong in ("", "soon", "3", "-3 days", "3.5 days", "3 days ago", 3, None, "999999 weeks"):
        with pytest.raises(ValueError, match=r"write|longer"):
            span_of(wrong)


def test_the_linter_finds_what_the_sources_complain_of() -> None:
    levels = [{"level": "base"}, {"level": "high", "reached_when": {"measure": "harm", "above": 2}}, {"level": "top"}]
    found = [f"{item.place}: {item.fault}" for item in lint_policy(policy(levels=levels))]
    joined = "\n".join(found)
    assert "levels.top.reached_when: the level is left undefined" in joined
    assert "levels.high.reached_when: harm above 2 can never be so: it is 0 to 1" in joined
    assert "rules of internal-deployment: no rule governs it at level base, high, top (a model does harm" in joined
    assert "rules.base-outside.source: nobody can check who said so" in joined
    assert "rules of external-deployment" not in joined


def test_shipped_policies_are_sound_except_the_one_that_shows_what_is_wrong() -> None:
    assert shipped_policies() == ["fictional-careful", "fictional-fast", "lab-release"]
    fatal = {name: [item for item in lint_policy(policy_named(name)) if item.fatal] for name in shipped_policies()}
    assert fatal["fictional-careful"] == []
    assert fatal["lab-release"] == []
    assert {item.place for item in fatal["fictional-fast"]} == {
        "levels.critical.reached_when",
        "rules of continue-training",
        "rules of internal-deployment",
        "rules of publication",
        "rules.may-pause.require",
    }
    assert [policy_named(name).fictional for name in shipped_policies()] == [True, True, False]


def test_a_diff_tells_which_way_each_change_goes() -> None:
    before = policy()
    weaker = policy(
        version="2.0",
        rules=[
            rule("base-outside", require={"measure": "harm", "below": 0.7, "fresh": "60 days"}, firmness="should"),
            rule("new", level="high", closed=True),
        ],
    )
    changes = {(item.place, item.change): item.direction for item in diff_policies(before, weaker)}
    assert changes == {
        ("rules.base-outside", "firmness: must -> should"): "weaker",
        ("rules.base-outside.harm", "below: 0.5 -> 0.7"): "weaker",
        ("rules.base-outside.harm", "fresh: 30 days -> 60 days"): "weaker",
        ("rules.high-outside", "removed (external-deployment at high)"): "weaker",
        ("rules.new", "added (external-deployment at high)"): "stronger",
    }
    back = {item.direction for item in diff_policies(weaker, before)}
    assert back == {"weaker", "stronger"}
    assert diff_policies(before, before) == ()


def test_to_say_nothing_about_the_highest_level_scores_below_a_weak_promise_about_it() -> None:
    silent = policy(levels=[{"level": "base"}], rules=[rule("r", require=HARM)])
    weak = policy(
        rules=[rule("r", require=HARM), rule("w", level="high", require={"attested": "fine"}, firmness="may")]
    )
    silence, promise = compare_policies([silent, weak], at=NOW)
    for scale in ("coverage", "stringency", "firmness", "clarity"):
        assert getattr(silence, scale) < getattr(promise, scale)


def test_what_is_due_comes_first_and_what_was_done_comes_round_again() -> None:
    def promised(name: str, due_on: str, **more: str) -> dict[str, str]:
        return {"commitment": name, "what": name, "owner": "ada", "due": due_on} | more

    found = due(
        [
            policy(
                commitments=[
                    promised("later", "2027-06-01T00:00:00Z"),
                    promised("overdue", "2026-10-01T00:00:00Z"),
                    promised("kept", "2026-10-01T00:00:00Z", done="2026-09-30T00:00:00Z"),
                    promised("again", "2026-10-01T00:00:00Z", done="2026-10-20T00:00:00Z", every="2 weeks"),
                    promised("not-yet-done", "2026-11-02T00:00:00Z", done="2026-12-01T00:00:00Z"),
                ]
            )
        ],
        at=NOW,
        soon=timedelta(days=7),
    )
    assert [(item.commitment.commitment, item.state) for item in found] == [
        ("overdue", "overdue"),
        ("not-yet-done", "due soon"),
        ("again", "due soon"),
        ("later", "later"),
        ("kept", "done"),
    ]
    assert found[2].due == datetime(2026, 11, 3, tzinfo=UTC)
