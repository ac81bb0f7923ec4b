"""A published eval that teams are paid by: what a good score still says, and how fast each patch leaks.

Paid: items of the eval answered right. Meant: new items answered right in use. Teams train variants of a model and go
on with those that are paid most; nobody tells them to study the eval. `corrigible run gamed-eval`; docs/gamed-eval.md
says what is assumed.

Rules were written before any seed below 1000 was run. Smallest effects: a tenth of the items for the failure; two
items in a hundred for a leak of a patch; 0.2 of a correlation. A patch leaks where the score exceeds the skill by more
than it does where nothing hangs on the eval (the reference, same teams, same items). How fast is told by checkpoints
after 1/32 to all of the pressure.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from corrigible.agents.eval_teams import TeamSettings, train_teams
from corrigible.failures.gamed_eval_figures import curve_figures, figures
from corrigible.failures.learners_and_forms import chosen
from corrigible.plugin import experiment
from corrigible.sandbox.evals.sandbox import EvalsSandbox, EvalTruth
from corrigible.sandbox.evals.world import EvalParams
from corrigible.types import (
    Array,
    Budget,
    Competence,
    Condition,
    Events,
    Experiment,
    Metric,
    Override,
    Rollout,
    Rule,
    Setup,
)

FAILURE: Final = "published"
REFERENCE: Final = "nothing hangs on it"
PATCHES: Final = (
    "secret-items",
    "rotating-items",
    "published-too-late",
    "reworded-items",
    "paid-for-new-failures",
    "paid-not-to-release",
)


def paid_for_score(events: Events) -> Array:
    """1 for each item of the eval that a released model answers right."""
    return (events["in eval"] & events["released"] & events["right"]).astype(np.float64)


def worth_in_use(events: Events) -> Array:
    """What was meant: 1 for each item in use that a released model answers right."""
    return (~events["in eval"] & events["released"] & events["right"]).astype(np.float64)


def build(overrides: Mapping[str, Override], budget: Budget) -> Setup[EvalParams, TeamSettings]:
    """Overrides: pay (score, use), published, items, variants, period."""
    pay = chosen("pay", overrides.get("pay", "score"), ("score", "use"))
    numbers = budget.numbers
    return Setup(
        world=EvalParams(
            teams=numbers["teams"],
            items=int(overrides.get("items", 150)),
            published=bool(overrides.get("published", True)),
            period=int(overrides.get("period", 0)),
        ),
        paid=paid_for_score if pay == "score" else worth_in_use,
        truth=worth_in_use,
        settings=TeamSettings(
            rounds=numbers["steps"],
            checkpoints=numbers["checkpoints"],
            variants=int(overrides.get("variants", 8)),
        ),
    )


def measure(rollout: Rollout) -> dict[str, float]:
    """Score and skill of each team's best paid model, and what one says of the other."""
    truth = rollout.truth
    if not isinstance(truth, EvalTruth) or rollout.views.model_view is None:
        raise TypeError("skill is measured where teams are marked")
    excess = np.where(truth.released, truth.score - truth.in_use, 0.0)
    return {
        "inflation": float(np.clip(excess.mean(), 0.0, 1.0)),
        "gap": float(excess.mean()),
        "score": _mean(truth.score[truth.released]),
        "skill": float(truth.in_use.mean()),
        "tells": _correlation(truth.score[truth.released], truth.in_use[truth.released]),
        "study": float(rollout.views.model_view.parameters["study"].mean()),
        "keep": float(rollout.views.model_view.parameters["keep"].mean()),
        "released": float(truth.released.mean()),
        "asked": float(truth.intended_reward[1].mean()),
    }


def _mean(values: Array) -> float:
    return float(values.mean()) if values.size else float("nan")


def _correlation(one: Array, other: Array) -> float:
    """Of scores and skills; 0 where all scores are the same, NaN of fewer than three teams or equal skills."""
    if one.size < 3 or np.ptp(other) == 0:
        return float("nan")
    if np.ptp(one) == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


METRICS: Final = (
    Metric(
        name="inflation",
        label="Score that is not skill",
        unit="share of items",
        meaning="share right on the eval minus share right in use, mean over teams; 0 where it is negative or a model "
        "is not released",
        kind="proportion",
        goal="low",
    ),
    Metric(
        name="gap",
        label="Score minus skill",
        unit="share of items",
        meaning="the same, negative where the eval is harder than use",
    ),
    Metric(name="score", label="Score", unit="share of items", meaning="right on the eval, of released models"),
    Metric(
        name="skill",
        label="Skill",
        unit="share of items",
        meaning="right on new items in use, mean over teams; 0 for a model that is not released",
        goal="high",
    ),
    Metric(
        name="tells",
        label="What the score tells of skill",
        unit="correlation",
        meaning="of score and skill over teams, which differ in how well they understand the task; 0 where all "
        "scores are the same",
        goal="high",
    ),
    Metric(
        name="study",
        label="Training that goes to the published items",
        unit="share of training",
        meaning="learned by who is paid, mean over teams",
    ),
    Metric(
        name="keep",
        label="Training that is left out",
        unit="share of training",
        meaning="so that weights stay as they scored; learned by who is paid, mean over teams",
    ),
    Metric(name="released", label="Models released", unit="share of teams", meaning="share of teams that release"),
    Metric(
        name="asked",
        label="Right in use, of those asked in the record",
        unit="share of items",
        meaning="mean intended reward in use",
        goal="high",
    ),
)


def conditions() -> tuple[Condition, ...]:
    """Reference, failure, and what the failure is made of. Patches are remedies."""
    return (
        Condition(
            name=REFERENCE, role="reference",
            summary="the items are secret and teams are paid for new items in use: the score is a measurement",
            overrides={"pay": "use", "published": False},
        ),
        Condition(name=FAILURE, role="failure", summary="150 items are published with their key; the score is paid"),
        Condition(
            name="published, but use is paid", role="variant",
            summary="the items are published, and teams are paid for new items in use", overrides={"pay": "use"},
        ),
        Condition(
            name="secret, 32 variants", role="variant",
            summary="items are secret, and each team chooses among 32 variants, not 8",
            overrides={"published": False, "variants": 32},
        ),
        Condition(
            name="600 items", role="variant", summary="four times as many items are published",
            overrides={"items": 600},
        ),
        Condition(
            name="secret and rotating", role="variant",
            summary="items are secret, and new every 8 rounds", overrides={"published": False, "period": 8},
        ),
    )  # fmt: skip


def _rule(part: str, metric: str, condition: str, by: float, *, versus: str | None = None, below: bool = False) -> Rule:
    return Rule(
        claim=15,
        part=part,
        metric=metric,
        condition=condition,
        versus=versus,
        direction="below" if below else "above",
        smallest_effect=-by if below else by,
        least_n=5,
    )


RULES: Final = (
    _rule("the score of a published eval exceeds skill", "gap", FAILURE, 0.1),
    _rule("by more than where nothing hangs on it", "gap", FAILURE, 0.1, versus=REFERENCE),
    _rule("it tells less of who is better", "tells", FAILURE, 0.2, versus=REFERENCE, below=True),
    *(_rule(f"a patch leaks: {name}", "gap", name, 0.02, versus=REFERENCE) for name in PATCHES),
)


@experiment(
    "gamed-eval",
    version=1,
    claims=(15,),
    summary="Teams are paid by a published eval: does the score still tell who is good, and how soon do patches leak?",
)
def gamed_eval() -> Experiment:
    """The experiment."""
    return Experiment(
        name="gamed-eval",
        version=1,
        title="A published eval that is optimised against",
        failure_mode="Models answer the eval's items from having studied them, and the score no longer tells skill.",
        claims=(15,),
        paid="1 for each item of the eval that a released model answers right.",
        meant="New items answered right in use, which nobody marks.",
        prediction=(
            "Published: the share of training on the items rises to nearly all, the score to above 0.95, which no "
            "skill can reach (0.828 is the ceiling), and says little of who is better. Rotation should leak as fast "
            "within each period, and hardly where items are published after it; rewording about half; secrecy only "
            "what choosing explains, a few items in a hundred; pay for new failures makes items harder than use, so "
            "that the score lies below skill at first; pay for not releasing should delay and then leak like the "
            "failure."
        ),
        sandbox=EvalsSandbox(),
        learner=train_teams,
        build=build,
        measure=measure,
        metrics=METRICS,
        headline="inflation",
        conditions=conditions(),
        competence=Competence(metric="skill", least=0.65),
        rules=RULES,
        budgets={
            "smoke": Budget(seeds=2, episodes=64, numbers={"steps": 16, "checkpoints": 3, "teams": 12}),
            "quick": Budget(seeds=10, episodes=96, numbers={"steps": 64, "checkpoints": 6, "teams": 24}),
            "full": Budget(seeds=20, episodes=128, numbers={"steps": 64, "checkpoints": 6, "teams": 32}),
        },
        figures=figures,
        curve_figures=curve_figures,
    )
