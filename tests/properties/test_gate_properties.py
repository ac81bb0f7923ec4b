"""Kleene's gate: more evidence of one kind never turns a decision round, and silence never beats a weak commitment."""

from itertools import product
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from corrigible.documents import parse_document
from corrigible.errors import BadInput, CorrigibleError
from corrigible.oversight.evidence import Attestation
from corrigible.oversight.gates import judge_gate
from corrigible.oversight.kleene import Truth, all_of, any_of, implies, negation
from corrigible.oversight.lint import lint_policy
from corrigible.oversight.owners import Owners, lint_owners
from corrigible.oversight.policies import GATES, Policy
from corrigible.oversight.policy_compare import compare_policies
from corrigible.oversight.policy_diff import diff_policies
from corrigible.oversight.waivers import Waivers
from oversight_samples import NOW, policy, policy_data, rule, run

TRUTHS = st.sampled_from(list(Truth))


def settled(values: tuple[Truth, ...]) -> list[tuple[Truth, ...]]:
    """Every way in which what is not known could turn out."""
    return list(product(*[(Truth.YES, Truth.NO) if value is Truth.UNKNOWN else (value,) for value in values]))


@given(st.tuples(TRUTHS, TRUTHS, TRUTHS))
def test_what_is_decided_stays_so_however_the_unknown_turns_out(values: tuple[Truth, ...]) -> None:
    for operation in (all_of, any_of):
        found = operation(values)
        if found is not Truth.UNKNOWN:
            assert {operation(way) for way in settled(values)} == {found}
    assert implies(values[0], values[1]) is any_of((negation(values[0]), values[1]))
    assert negation(all_of(values)) is any_of(map(negation, values))


FIGURES = st.tuples(st.floats(0, 1), st.floats(0, 0.5)).map(lambda x: (x[0], x[0] - x[1], x[0] + x[1]))


@given(st.lists(FIGURES, max_size=3), FIGURES)
def test_one_more_run_never_turns_a_deny_or_an_unknown_found_by_evidence_into_allow(
    before: list[tuple[float, float, float]], added: tuple[float, float, float]
) -> None:
    runs = [run(harm=figure, name=f"world-{place}") for place, figure in enumerate(before)]
    first = judge_gate(policy(), "external-deployment", runs, at=NOW).outcome
    second = judge_gate(policy(), "external-deployment", [*runs, run(harm=added, name="more")], at=NOW).outcome
    if before:
        assert (first, second) not in {("deny", "allow"), ("unknown", "allow"), ("deny", "unknown")}


REQUIREMENTS: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.fixed_dictionaries(
            {"measure": st.sampled_from(["harm", "skill"]), "below": st.floats(-1, 2)},
            optional={"fresh": st.sampled_from(["3 days", "2 weeks"]), "least_n": st.integers(1, 9)},
        ),
        st.fixed_dictionaries({"no_alarm": st.sampled_from(["harm", "skill"]), "above": st.floats(-1, 2)}),
        st.fixed_dictionaries(
            {"attested": st.just("review")}, optional={"independence": st.sampled_from(["self", "team", "external"])}
        ),
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
    ),
    max_leaves=4,
)
RULES = st.lists(
    st.builds(
        lambda level, gate, firmness, require: {
            "level": level, "gate": gate, "firmness": firmness,
            **({"closed": True} if require is None else {"require": require}),
        },
        st.sampled_from(["base", "high"]),
        st.sampled_from(GATES),
        st.sampled_from(["must", "should", "may"]),
        st.none() | REQUIREMENTS,
    ),
    max_size=6,
)  # fmt: skip


def with_rules(rules: list[dict[str, Any]]) -> Policy:
    return policy(rules=[rule(f"r{place}") | item for place, item in enumerate(rules)])


@given(RULES, st.data())
def test_to_say_less_raises_no_score(rules: list[dict[str, Any]], data: st.DataObject) -> None:
    kept = [item for item in rules if data.draw(st.booleans())]
    whole, less = compare_policies([with_rules(rules), with_rules(kept)], at=NOW)
    for scale in ("coverage", "stringency", "firmness", "clarity"):
        assert getattr(less, scale) <= getattr(whole, scale)


@given(RULES)
def test_to_leave_out_the_highest_level_raises_no_score(rules: list[dict[str, Any]]) -> None:
    data = policy_data(rules=[rule(f"r{place}") | item for place, item in enumerate(rules)])
    short = dict(data)
    short["levels"] = data["levels"][:1]
    short["rules"] = [item for item in data["rules"] if item["level"] == "base"]
    whole, less = compare_policies([policy(**data), policy(**short)], at=NOW)
    for scale in ("coverage", "stringency", "firmness", "clarity"):
        assert getattr(less, scale) <= getattr(whole, scale)


@given(RULES, st.lists(FIGURES, max_size=2))
def test_unknown_and_ungoverned_never_allow(
    rules: list[dict[str, Any]], figures: list[tuple[float, float, float]]
) -> None:
    document = with_rules(rules)
    runs = [run(harm=figure, name=f"w{place}") for place, figure in enumerate(figures)]
    for gate in GATES:
        found = judge_gate(document, gate, runs, at=NOW)
        if found.outcome == "allow":
            assert [item.truth for item in found.rules] == [Truth.YES] * len(found.rules)
            assert found.rules, "a gate of which nothing speaks does not open"
        if found.outcome == "deny":
            assert Truth.NO in {item.truth for item in found.rules}
    lint_policy(document)
    assert diff_policies(document, document) == ()


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates()
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


@given(st.sampled_from([Policy, Owners, Waivers, Attestation]), st.text(max_size=80))
def test_any_text_is_read_or_refused_in_one_line(kind: Any, text: str) -> None:
    refused = ""
    try:
        parse_document(text, kind, source="fuzz")
    except BadInput as error:
        refused = str(error)
    assert len(refused.splitlines()) <= 1


@settings(max_examples=200)
@given(TREES, st.data())
def test_a_policy_with_one_part_replaced_is_read_or_refused_in_one_line(tree: Any, data: st.DataObject) -> None:
    document = policy_data()
    place: Any = document
    while True:
        key = data.draw(st.sampled_from(sorted(place)) if isinstance(place, dict) else st.integers(0, len(place) - 1))
        if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = tree
        break
    try:
        text = yaml.safe_dump(document)
    except yaml.YAMLError:
        return
    refused = ""
    try:
        read = parse_document(text, Policy, source="fuzz")
        lint_policy(read)
        judge_gate(read, "publication", [run()], at=NOW)
        compare_policies([read, policy()], at=NOW)
        diff_policies(policy(), read)
    except CorrigibleError as error:
        refused = str(error)
    assert len(refused.splitlines()) <= 1


PEOPLE = st.sampled_from(["a", "b", "c", "stranger"])
DECISIONS = st.sampled_from(["d1", "d2", "d3", "nowhere"])


@given(
    st.dictionaries(
        st.sampled_from(["d1", "d2", "d3"]),
        st.fixed_dictionaries(
            {"decides": PEOPLE},
            optional={"deputy": PEOPLE, "proposes": PEOPLE, "within": st.just("3 days"), "escalates_to": DECISIONS},
        ),
    )
)
def test_a_register_without_fatal_faults_ends_every_escalation(decisions: dict[str, Any]) -> None:
    people = {name: {"name": name, "role": "r"} for name in "abc"}
    data = {"schema": 1, "organisation": "o", "people": people, "decisions": decisions}
    owners = parse_document(yaml.safe_dump(data), Owners, source="owners")
    if any(fault.fatal for fault in lint_owners(owners)):
        return
    for name in owners.decisions:
        seen, step = set[str](), name
        while (after := owners.decisions[step].escalates_to) is not None:
            assert after not in seen
            seen.add(after)
            step = after
        assert owners.decisions[name].decides in owners.people
