"""What a gate says: unknown never allows, silence never allows, and every reason is told."""

from datetime import UTC, datetime, timedelta
from math import nan

import pytest

from corrigible.errors import BadInput
from corrigible.oversight.gates import GateDecision, judge_gate
from corrigible.oversight.kleene import Truth
from corrigible.oversight.waivers import Waiver
from oversight_samples import NOW, attested, policy, rule, run


def asked(*evidence: object, at: datetime = NOW, waivers: tuple[Waiver, ...] = (), **changes: object) -> GateDecision:
    return judge_gate(policy(**changes), "external-deployment", evidence, at=at, waivers=waivers)  # type: ignore[arg-type]


def test_evidence_that_shows_every_rule_allows_and_names_the_rules() -> None:
    found = asked(run())
    assert found.outcome == "allow"
    assert found.levels["high"].truth is Truth.NO
    assert [item.truth for item in found.rules] == [Truth.YES, Truth.YES]
    assert "level high is not reached" in found.rules[1].because


def test_evidence_against_a_rule_denies_and_says_which() -> None:
    found = asked(run(harm=(0.9, 0.8, 1.0)))
    assert found.outcome == "deny"
    assert found.reasons[0] == "rule base-outside: 0.9 [0.8, 1], n = 10, in world-1"


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        ((), "no evidence brought measures harm of failure in a run of world"),
        ((run(days_old=31),), "it is 31 days old, and at most 30 days are allowed"),
        ((run(days_old=-1),), "after the decision"),
        ((run(spoilt=("it was made by code that is in no commit",)),), "in no commit"),
        ((run(harm=(0.4, 0.3, 0.6)),), "0.4 [0.3, 0.6]"),
        ((run(harm=(0.1, nan, nan)),), "no interval"),
    ],
    ids=["none", "too old", "from the future", "spoilt", "inconclusive", "no interval"],
)
def test_what_is_not_known_does_not_allow(evidence: tuple[object, ...], why: str) -> None:
    found = asked(*evidence)
    assert found.outcome == "unknown"
    assert why in " ".join(found.reasons)


def test_a_level_that_nothing_rules_out_binds_as_if_it_were_reached() -> None:
    found = asked(run(harm=(0.3, 0.25, 0.35), skill=None))
    assert found.levels["high"].truth is Truth.UNKNOWN
    assert found.outcome == "unknown", "harm is not below 0.2, which matters only if the level is reached"
    assert asked(run(harm=(0.1, 0.05, 0.15), skill=None)).outcome == "allow", "the rule of high holds in any case"


def test_a_reached_level_that_is_closed_denies_and_one_that_may_be_reached_is_unknown() -> None:
    closed = {
        "rules": [
            rule("base-outside", require={"measure": "harm", "below": 0.5}),
            rule("no", level="high", closed=True),
        ]
    }
    assert asked(run(skill=(20, 15, 25)), **closed).outcome == "deny"
    assert asked(run(skill=(10, 5, 15)), **closed).outcome == "unknown"
    assert asked(run(skill=(5, 4, 6)), **closed).outcome == "allow"


def test_a_level_left_undefined_is_unknown_once_the_one_below_may_be_reached() -> None:
    levels = [
        {"level": "base"},
        {"level": "high", "reached_when": {"measure": "skill", "above": 10}},
        {"level": "critical"},
    ]
    assert asked(run(skill=(5, 4, 6)), levels=levels).outcome == "allow"
    found = asked(run(skill=(20, 15, 25)), levels=levels)
    assert found.outcome == "unknown"
    assert "level critical is left undefined, and nothing rules it out" in found.reasons


def test_a_gate_of_which_no_rule_speaks_is_unknown() -> None:
    found = judge_gate(policy(), "internal-deployment", [run()], at=NOW)
    assert found.outcome == "unknown"
    assert "no rule in force governs internal-deployment at level base" in found.reasons


def test_two_runs_have_to_agree_and_one_that_says_neither_counts() -> None:
    good, bad = run(), run(harm=(0.9, 0.8, 1.0), name="world-2")
    assert asked(good, bad).outcome == "deny"
    assert asked(good, run(harm=(0.4, 0.3, 0.6), name="world-2")).outcome == "unknown"
    old = run(harm=(0.9, 0.8, 1.0), name="world-2", days_old=99)
    assert asked(good, old).outcome == "allow", "the rule of base asks for fresh evidence and passes the old run over"
    skilled = {"skill": (20.0, 15.0, 25.0)}
    both = (run(**skilled), run(harm=(0.9, 0.8, 1.0), name="world-2", days_old=99, **skilled))
    assert asked(*both).outcome == "deny", "the rule of high takes evidence of any age"


def test_rules_and_versions_hold_only_while_they_are_in_force() -> None:
    later = (NOW + timedelta(days=1)).isoformat()
    found = asked(run(), rules=[rule("base-outside", require={"measure": "harm", "below": 0.5}, in_force=later)])
    assert found.outcome == "unknown"
    assert found.left_out == ("rule base-outside is not in force at 2026-11-01T12:00:00Z",)
    old = asked(run(), until="2026-06-01T00:00:00Z")
    assert old.outcome == "unknown"
    assert "version 1.0 of sample is not in force at 2026-11-01T12:00:00Z" in old.reasons


def test_independence_comes_from_who_made_a_run_or_who_vouches_for_it() -> None:
    rules = [rule("base-outside", require={"measure": "harm", "below": 0.5, "independence": "external"})]
    assert asked(run(), rules=rules).outcome == "unknown"
    assert asked(run(independence="external"), rules=rules).outcome == "allow"
    assert asked(run(), attested("replicated", runs=["world-1"]), rules=rules).outcome == "allow"
    assert asked(run(), attested("replicated", runs=["world-1"], holds=False), rules=rules).outcome == "unknown"
    assert asked(run(), attested("replicated", runs=["world-9"]), rules=rules).outcome == "unknown"


def test_attestations_count_while_fresh_and_independent_enough_and_a_no_denies() -> None:
    rules = [rule("r", require={"attested": "review", "fresh": "10 days", "independence": "team"})]
    assert asked(attested("review"), run(), rules=rules).outcome == "allow"
    assert asked(attested("review", holds=False), run(), rules=rules).outcome == "deny"
    assert asked(attested("review", days_old=11), run(), rules=rules).outcome == "unknown"
    assert asked(attested("review", independence="self"), run(), rules=rules).outcome == "unknown"
    assert asked(attested("another"), run(), rules=rules).outcome == "unknown"


def test_absence_of_alarm_is_weaker_than_evidence_of_safety() -> None:
    inconclusive = run(harm=(0.4, 0.1, 0.7))
    assert asked(inconclusive, rules=[rule("r", require={"no_alarm": "harm", "above": 0.5})]).outcome == "allow"
    assert asked(inconclusive, rules=[rule("r", require={"measure": "harm", "below": 0.5})]).outcome == "unknown"
    assert asked(rules=[rule("r", require={"no_alarm": "harm", "above": 0.5})]).outcome == "unknown", "nobody looked"


def waiver(**changes: object) -> Waiver:
    data = {
        "rule": "base-outside",
        "gate": "external-deployment",
        "owner": "ada",
        "requested_by": "eve",
        "reason": "the world has ended",
        "granted": NOW - timedelta(days=1),
        "expires": NOW + timedelta(days=1),
    }
    return Waiver.model_validate(data | changes)


def test_a_waiver_passes_one_rule_over_until_it_expires_and_is_shown_either_way() -> None:
    bad = run(harm=(0.9, 0.8, 1.0))
    found = asked(bad, waivers=(waiver(),))
    assert found.outcome == "allow"
    assert found.rules[0].truth is Truth.NO
    assert found.rules[0].waiver is not None
    assert "rule base-outside is waived" in found.reasons[0]
    late = asked(bad, waivers=(waiver(expires=NOW),))
    assert late.outcome == "deny"
    assert late.waivers == (waiver(expires=NOW),)
    unused = asked(run(), waivers=(waiver(),))
    assert unused.rules[0].waiver is None
    assert unused.waivers == (waiver(),)


def test_nobody_grants_their_own_waiver() -> None:
    with pytest.raises(ValueError, match="ada cannot grant what ada asked for"):
        waiver(requested_by="ada")


def test_a_waiver_of_one_rule_leaves_the_others_standing() -> None:
    bad = run(harm=(0.9, 0.8, 1.0), skill=(20, 15, 25))
    assert asked(bad, waivers=(waiver(),)).outcome == "deny"


def test_moments_are_told_in_utc() -> None:
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert asked(run(), at=at).at == at


def test_a_measure_that_is_not_declared_is_refused() -> None:
    with pytest.raises(BadInput, match="no measure is called 'hram'"):
        policy(rules=[rule("r", require={"measure": "hram", "below": 0.5})])
