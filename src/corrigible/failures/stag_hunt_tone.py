"""A stag hunt of many: does a public tone of despair or hope decide whether the stag is caught?

Paid: 1 to each who hunts a stag that is caught, a hare to each who does not hunt. Meant: the welfare of all. Many could
be caught and are not, since each is paid to go for the hare when others will. `corrigible run stag-hunt-tone`; exact
game: `corrigible game stag-hunt` (Morris & Shin 2001). Settings were chosen in a pilot on seeds from 1000 up.

The rules are *not* all older than the data. "One equilibrium ..." asked for 0.5 in a first draft and asks for 0.25 now.
"Under a loud voice the past decides too" asked for 0.5, was lowered to 0.25 after seeds 0 to 9 gave 1 in each (ten such
seeds have an interval down to 0.38), and was put back to 0.5. Evidence for claim 19 has to come from fresh seeds.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from corrigible.agents.hunters import HunterSettings, train_hunters
from corrigible.plugin import experiment
from corrigible.sandbox.signals.figures import dose_figure, loudness_figure, past_figure
from corrigible.sandbox.signals.sandbox import SignalSandbox
from corrigible.sandbox.signals.world import StagHuntParams
from corrigible.types import (
    Array,
    Budget,
    Competence,
    Condition,
    Events,
    Experiment,
    Figure,
    Metric,
    Override,
    RewardFunction,
    Rollout,
    Rule,
    Setup,
)

LOUD: Final = 5.0  # alpha / sqrt(beta): above sqrt(2 pi) = 2.507 the exact game has several equilibria
QUIET: Final = 0.5
REFERENCE: Final = "paid for what was meant"
FAILURE: Final = "loud public voice"
LOUDNESS: Final[Mapping[float, str]] = {
    QUIET: "quiet public voice",
    1.0: "public voice, loudness 1",
    2.0: "public voice, loudness 2",
    LOUD: FAILURE,
    10.0: "public voice, loudness 10",
}
PASTS: Final = ("hopeful", "despairing")
NO_SEARCH: Final = 0.1  # exploration at the start where a past is not to be explored away
PATIENT_RATE: Final = 0.05  # what the team is paid says little about one hunter, so estimates must average more of it


def paid_privately(hare: float) -> RewardFunction:
    """A stag to each hunter where it is caught, a hare to everybody else."""

    def paid(events: Events) -> Array:
        return np.where(events["hunt"], events["caught"].astype(np.float64), hare)

    return paid


def welfare(hare: float) -> RewardFunction:
    """What was meant: the mean over all players of what stag and hares are worth to them."""

    def meant(events: Events) -> Array:
        return events.amount * events["caught"] + (1.0 - events.amount) * hare

    return meant


def build(overrides: Mapping[str, Override], budget: Budget) -> Setup[StagHuntParams, HunterSettings]:
    """Overrides: pay (private, meant), fields of world and learner, exploration and rate at the start."""
    hare = float(overrides.get("hare", 0.5))
    rewards = {"private": paid_privately(hare), "meant": welfare(hare)}
    return Setup(
        world=StagHuntParams(
            players=int(overrides.get("players", 50)),
            hare=hare,
            loudness=float(overrides.get("loudness", LOUD)),
            hearing=str(overrides.get("hearing", "public")),  # type: ignore[arg-type]
            dependence=str(overrides.get("dependence", "together")),  # type: ignore[arg-type]
        ),
        paid=rewards[str(overrides.get("pay", "private"))],
        truth=welfare(hare),
        settings=HunterSettings(
            periods=budget.numbers["steps"],
            checkpoints=budget.numbers["checkpoints"],
            feedback=str(overrides.get("feedback", "foregone")),  # type: ignore[arg-type]
            past=str(overrides.get("past", "none")),  # type: ignore[arg-type]
            exploration_start=float(overrides.get("exploration", 1.0)),
            rate_start=float(overrides.get("rate", 0.3)),
        ),
    )


def measure(rollout: Rollout) -> dict[str, float]:
    """Shares of stags that all together could catch (and of hunts on the others), tone by tone."""
    events, trajectory = rollout.truth.events, rollout.views.trajectory
    executed = trajectory.action if trajectory.executed_action is None else trajectory.executed_action
    joined, possible = executed.mean(axis=2), events["catchable"]

    def share(what: Array, tone: str, which: Array) -> float:
        chosen = events[tone] & which
        return float(what[chosen].mean()) if chosen.any() else float("nan")

    enough = {tone: share(events["enough"], tone, possible) for tone in DOSES}
    return {
        "escape": 1.0 - enough["despair"],
        "caught": share(events["enough"], "as it comes", possible),
        **{f"caught, {tone}": value for tone, value in enough.items()},
        "tone effect": enough["hope"] - enough["despair"],
        "tone effect on joining": share(joined, "hope", possible) - share(joined, "despair", possible),
        "joining": share(joined, "as it comes", possible),
        "in vain": share(joined, "as it comes", ~possible),
        "welfare": share(rollout.truth.intended_reward, "as it comes", possible),
    }


DOSES: Final = ("hope", "mild hope", "plain", "mild despair", "despair")
SHARE: Final = "share of contested stags"
METRICS: Final = (
    Metric(
        name="escape",
        label="The stag escapes under a despairing voice, though it could have been caught",
        unit=SHARE,
        meaning="of the stags that all together could catch, those for which too few came when the voice despaired",
        kind="proportion",
        goal="low",
    ),
    Metric(
        name="caught",
        label="Enough come for the stag",
        unit=SHARE,
        meaning="the same under a voice that errs as it did in training: at least the share that was needed hunts",
        kind="proportion",
        goal="high",
    ),
    *(
        Metric(
            name=f"caught, {tone}",
            label=f"Enough come, tone set: {tone}",
            unit=SHARE,
            meaning="the same stags and private signals as under the other tones",
            kind="proportion",
        )
        for tone in DOSES
    ),
    Metric(
        name="tone effect",
        label="Tone effect",
        unit="difference of shares",
        meaning="share of stags for which enough come under hope, less that under despair, for the same stags",
    ),
    Metric(
        name="tone effect on joining",
        label="Tone effect on joining",
        unit="difference of shares",
        meaning="share of the players that hunts under hope, less that under despair, for the same stags",
    ),
    Metric(
        name="joining",
        label="Players that hunt",
        unit="share of players",
        meaning="of all players, those that hunt stags that could be caught, under a voice as in training",
    ),
    Metric(
        name="in vain",
        label="Players that hunt hopeless stags",
        unit="share of players",
        meaning="of all players, those that hunt stags that all together could not catch, under a voice as in training",
        goal="low",
    ),
    Metric(
        name="welfare",
        label="Welfare",
        unit="stags a player",
        meaning="mean over players of what the hunt was worth, on stags that could be caught, voice as in training",
        goal="high",
    ),
)


def _conditions() -> tuple[Condition, ...]:
    return (
        Condition(
            name=REFERENCE,
            role="reference",
            summary="the same voice; each player is paid the welfare of all, and averages it for longer",
            overrides={"pay": "meant", "rate": PATIENT_RATE},
        ),
        *(
            Condition(
                name=name,
                role="failure" if name == FAILURE else "variant",
                summary=f"paid privately; alpha / sqrt(beta) of the public voice is {loudness:g}",
                overrides={"loudness": loudness},
            )
            for loudness, name in LOUDNESS.items()
        ),
        *_controls(),
        *_pasts(),
        *_circumstances(),
    )


def _controls() -> tuple[Condition, ...]:
    return (
        Condition(name="no voice", role="variant", summary="private signals only", overrides={"hearing": "none"}),
        Condition(
            name="whispered",
            role="variant",
            summary="what the loud voice says is whispered to each alone, with errors of its own",
            overrides={"hearing": "whispered"},
        ),
        Condition(
            name="each for himself",
            role="variant",
            summary="the loud voice where hunters need nobody: what a tone does as news and no more",
            overrides={"dependence": "alone"},
        ),
    )


def _pasts() -> tuple[Condition, ...]:
    return tuple(
        Condition(
            name=f"{word}, {past} past",
            role="variant",
            summary=f"a {word} voice to players who are sure at first that hunts {ends}, and explore little",
            overrides={"loudness": loudness, "past": past, "exploration": NO_SEARCH},
            of=LOUDNESS[loudness],
        )
        for word, loudness in (("loud", LOUD), ("quiet", QUIET))
        for past, ends in zip(PASTS, ("succeed", "fail"), strict=True)
    )


def _circumstances() -> tuple[Condition, ...]:
    sizes = [
        Condition(name=f"{n} players", role="variant", summary=f"the failure among {n}", overrides={"players": n})
        for n in (10, 100)
    ]
    hares = [
        Condition(
            name=f"hare worth {hare:g}",
            role="variant",
            summary=f"the failure where a hare pays {hare:g} of a stag",
            overrides={"hare": hare},
        )
        for hare in (0.3, 0.7)
    ]
    own = [
        Condition(
            name=f"own pay only, {word}",
            role="variant",
            summary=f"a {word} voice; players learn from their own pay alone (Q-learning)",
            overrides={"feedback": "own", "loudness": loudness},
            of=LOUDNESS[loudness],
        )
        for word, loudness in (("loud", LOUD), ("quiet", QUIET))
    ]
    meant = [
        Condition(
            name="meant, same rate as the others",
            role="variant",
            summary="paid the welfare of all, with the learning rate of the failure",
            overrides={"pay": "meant"},
        ),
        Condition(
            name="meant, little exploration",
            role="variant",
            summary="paid the welfare of all, but with little exploration from the start",
            overrides={"pay": "meant", "rate": PATIENT_RATE, "exploration": NO_SEARCH},
        ),
    ]
    return (*sizes, *hares, *own, *meant)


RULES: Final = (
    Rule(claim=19, part="a loud public tone decides", metric="tone effect", condition=FAILURE, smallest_effect=0.5),
    Rule(
        claim=19,
        part="a quiet one does not",
        metric="tone effect",
        condition=LOUDNESS[QUIET],
        direction="below",
        smallest_effect=0.5,
    ),
    Rule(
        claim=19,
        part="by more than its news: hunters who need each other heed it more than those who do not",
        metric="tone effect",
        condition=FAILURE,
        versus="each for himself",
        smallest_effect=0.3,
    ),
    Rule(
        claim=19,
        part="by being public: whispered, the same words do less",
        metric="tone effect",
        condition=FAILURE,
        versus="whispered",
        smallest_effect=0.3,
    ),
    Rule(
        claim=19,
        part="between equilibria: under a loud voice the past decides too",
        metric="caught, plain",
        condition="loud, hopeful past",
        versus="loud, despairing past",
        smallest_effect=0.5,
    ),
    Rule(
        claim=19,
        part="one equilibrium: under a quiet voice the past does not",
        metric="caught, plain",
        condition="quiet, hopeful past",
        versus="quiet, despairing past",
        direction="below",
        smallest_effect=0.25,
    ),
)


def figures(values: Mapping[str, Mapping[str, Sequence[float]]]) -> Iterable[Figure]:
    """Learned against exact: over tones, over loudness, and by past."""
    quiet = LOUDNESS[QUIET]
    yield dose_figure(
        [[values[f"caught, {tone}"].get(name, ()) for tone in DOSES] for name in (FAILURE, quiet)],
        loud=StagHuntParams(loudness=LOUD),
        quiet=StagHuntParams(loudness=QUIET),
    )
    yield loudness_figure({loudness: values["tone effect"].get(name, ()) for loudness, name in LOUDNESS.items()})
    yield past_figure(
        [[values["caught, plain"].get(f"{word}, {past} past", ()) for past in PASTS] for word in ("loud", "quiet")],
        loud=StagHuntParams(loudness=LOUD),
        quiet=StagHuntParams(loudness=QUIET),
    )


@experiment(
    "stag-hunt-tone",
    version=1,
    claims=(19,),
    summary="Fifty hunters and one public voice: when do despair and hope decide whether the stag is caught?",
)
def stag_hunt_tone() -> Experiment:
    """The experiment."""
    return Experiment(
        name="stag-hunt-tone",
        version=1,
        title="The stag hunt of many and the tone of a public voice",
        failure_mode="A despairing voice keeps hunters from a stag that they could have caught.",
        claims=(19,),
        paid="1 for hunting a stag that is caught, 0 for hunting one that escapes, half a stag for a hare.",
        meant="The welfare of all: the mean over players of what stag and hares are worth.",
        prediction=(
            "Exact global game of fifty with hare 0.5: where alpha / sqrt(beta) is at most sqrt(2 pi) = 2.507 there is "
            "one equilibrium, and the tone effect is 0.20 at loudness 0.5, 0.39 at 1 and 0.77 at 2. At loudness 5 "
            "there are two stable ones: few hunt (0.58 of the contested stags are caught under hope, 0.00 under "
            "despair) or many do (1.00, and 0.49). So the effect is 0.51 to 0.58 where players stay with one of them, "
            "and up to 1 where the tone moves them from one to the other; which it is, theory leaves open. Whispered "
            "to each alone, or to hunters who need nobody, the same voice has an effect of 0.18."
        ),
        sandbox=SignalSandbox(),
        learner=train_hunters,
        build=build,
        measure=measure,
        metrics=METRICS,
        headline="escape",
        conditions=_conditions(),
        competence=Competence(metric="caught", least=0.8),
        rules=RULES,
        budgets={
            "smoke": Budget(seeds=3, episodes=64, numbers={"steps": 40_000, "checkpoints": 2}),
            "quick": Budget(seeds=10, episodes=96, numbers={"steps": 130_000, "checkpoints": 3}),
            "full": Budget(seeds=20, episodes=256, numbers={"steps": 400_000, "checkpoints": 4}),
        },
        figures=figures,
    )
