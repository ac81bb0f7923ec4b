"""What is wrong with a policy that parses: undefined levels, gates that nothing governs, rules without a source."""

from collections.abc import Iterator
from datetime import datetime

from corrigible.oversight.owners import Fault
from corrigible.oversight.policies import GATES, Leaf, Measured, NoAlarm, Policy, Rule, leaves, measure_of, name_of


def lint_policy(policy: Policy) -> tuple[Fault, ...]:
    """Every hole, in order of the document. `fatal` ones make a gate impossible to pass, or to fail."""
    return (*_levels(policy), *_gates(policy), *_rules(policy), *_commitments(policy))


def _levels(policy: Policy) -> Iterator[Fault]:
    for place, level in enumerate(policy.levels):
        where = f"levels.{level.level}"
        if place > 0 and level.reached_when is None:
            yield Fault(
                place=f"{where}.reached_when",
                fault="the level is left undefined: no gate can be passed once the level below it may be reached",
                remedy="say what evidence shows that it is reached",
            )
        if level.means is None:
            yield Fault(place=f"{where}.means", fault="nobody can read what it means", remedy="say it", fatal=False)
        for leaf in leaves(level.reached_when):
            yield from _unreachable(policy, leaf, f"{where}.reached_when")


def _gates(policy: Policy) -> Iterator[Fault]:
    governed = {(rule.level, rule.gate) for rule in policy.rules}
    for gate in GATES:
        missing = [
            name
            for place, name in enumerate(policy.level_names)
            if not any((below, gate) in governed for below in policy.level_names[: place + 1])
        ]
        if missing:
            inside = " (a model does harm inside a house too)" if gate == "internal-deployment" else ""
            yield Fault(
                place=f"rules of {gate}",
                fault=f"no rule governs it at level {', '.join(missing)}{inside}",
                remedy="write one, if only to say what evidence is looked at",
            )


def _rules(policy: Policy) -> Iterator[Fault]:
    for rule in policy.rules:
        where = f"rules.{rule.rule}"
        if rule.source is None:
            yield Fault(place=f"{where}.source", fault="nobody can check who said so", remedy="quote it", fatal=False)
        if rule.until is not None and (policy.until is None or rule.until < policy.until):
            yield from _ends_alone(policy, rule, rule.until, where)
        found = list(leaves(rule.require))
        for leaf in found:
            yield from _unreachable(policy, leaf, f"{where}.require")
            if leaf.fresh is None:
                yield Fault(
                    place=f"{where}.require", fault=f"evidence of {name_of(leaf)} never gets too old",
                    remedy="say how fresh it must be", fatal=False,
                )  # fmt: skip
        if found and all(isinstance(leaf, NoAlarm) for leaf in found):
            yield Fault(
                place=f"{where}.require",
                fault="it asks for mere absence of alarm: a look that settles nothing passes",
                remedy="ask for evidence of safety besides (measure, below or above)",
                fatal=False,
            )


def _ends_alone(policy: Policy, rule: Rule, end: datetime, where: str) -> Iterator[Fault]:
    others = [
        other
        for other in policy.rules
        if other is not rule
        and (other.level, other.gate) == (rule.level, rule.gate)
        and other.in_force <= end
        and (other.until is None or other.until > end)
    ]
    if not others:
        yield Fault(
            place=f"{where}.until", fault="nothing takes its place when it ends", remedy="write what does", fatal=False
        )


def _unreachable(policy: Policy, leaf: Leaf, where: str) -> Iterator[Fault]:
    """A threshold beyond what its measure can be: the rule always holds, or never can."""
    name = measure_of(leaf)
    if name is None or not isinstance(leaf, Measured | NoAlarm):
        return
    measure = policy.measures[name]
    below = leaf.below if isinstance(leaf, Measured) else None
    for side, number in (("below", below), ("above", leaf.above)):
        if number is None:
            continue
        never = number <= measure.least if side == "below" and measure.least is not None else (
            side == "above" and measure.most is not None and number >= measure.most
        )  # fmt: skip
        always = (
            number > measure.most
            if side == "below" and measure.most is not None
            else side == "above" and measure.least is not None and number < measure.least
        )
        if never or always:
            least, most = (".." if end is None else f"{end:g}" for end in (measure.least, measure.most))
            yield Fault(
                place=where,
                fault=f"{name} {side} {number:g} can {'never be' if never else 'only be'} so: it is {least} to {most}",
                remedy="correct the number",
            )


def _commitments(policy: Policy) -> Iterator[Fault]:
    for item in policy.commitments:
        if item.source is None:
            yield Fault(
                place=f"commitments.{item.commitment}.source", fault="nobody can check that it was promised",
                remedy="quote it", fatal=False,
            )  # fmt: skip
