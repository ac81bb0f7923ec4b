"""The conditions of `stag-hunt-tone`: each differs in one thing from the one that it is compared with.

All learn for equally long and at one rate, so that failure and reference differ in pay alone.
"""

from collections.abc import Mapping
from typing import Final

from corrigible.types import Condition

LOUD: Final = 10.0
"""alpha / sqrt(beta), far above sqrt(2 pi) = 2.507: there either equilibrium alone leaves the tone next to nothing."""

QUIET: Final = 0.5
REFERENCE: Final = "paid for what was meant"
FAILURE: Final = "loud public voice"
WHISPERED: Final = "whispered"
ALONE: Final = "each for himself"
OWN_PAY: Final = "own pay only, loud"
LOUDNESS: Final[Mapping[float, str]] = {
    QUIET: "quiet public voice",
    1.0: "public voice, loudness 1",
    2.0: "public voice, loudness 2",
    5.0: "public voice, loudness 5",
    LOUD: FAILURE,
}
PASTS: Final = ("hopeful", "despairing")
NO_SEARCH: Final = 0.1
"""Exploration at the start where a past is not to be explored away."""

HASTY: Final = 0.3


def conditions() -> tuple[Condition, ...]:
    """All of them; remedies are added by the plan."""
    return (
        Condition(
            name=REFERENCE,
            role="reference",
            summary="the same voice, world and learner; each player is paid the welfare of all",
            overrides={"pay": "meant"},
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
        *_learners(),
    )


def past_name(voice: str, past: str) -> str:
    """Name of the condition in which players of a "loud", "quiet" or "whispered" voice have had that past."""
    return f"{voice}, {past} past"


def _controls() -> tuple[Condition, ...]:
    return (
        Condition(name="no voice", role="variant", summary="private signals only", overrides={"hearing": "none"}),
        Condition(
            name=WHISPERED,
            role="variant",
            summary="what the loud voice says is whispered to each alone, with errors of its own",
            overrides={"hearing": "whispered"},
        ),
        Condition(
            name=ALONE,
            role="variant",
            summary="the loud voice where hunters need nobody: what a tone does as news and no more",
            overrides={"dependence": "alone"},
        ),
    )


def _pasts() -> tuple[Condition, ...]:
    """Settled pasts where the exact game has two stable equilibria, and twice where it has one; and an open past."""
    voices = (
        ("loud", LOUDNESS[LOUD], LOUD, "public"),
        ("quiet", LOUDNESS[QUIET], QUIET, "public"),
        ("whispered", WHISPERED, LOUD, "whispered"),
    )
    settled = tuple(
        Condition(
            name=past_name(word, past),
            role="variant",
            summary=f"a {word} voice to players who are sure at first that hunts {ends}, and explore little",
            overrides={"loudness": loudness, "hearing": hearing, "past": past, "exploration": NO_SEARCH},
            of=of,
        )
        for word, of, loudness, hearing in voices
        for past, ends in zip(PASTS, ("succeed", "fail"), strict=True)
    )
    return (
        Condition(
            name=past_name("loud", "open"),
            role="variant",
            summary="a loud voice to players who at first think a hunt worth a hare, and explore as little",
            overrides={"exploration": NO_SEARCH},
        ),
        *settled,
    )


def _circumstances() -> tuple[Condition, ...]:
    sizes = tuple(
        Condition(name=f"{n} players", role="variant", summary=f"the failure among {n}", overrides={"players": n})
        for n in (10, 100)
    )
    hares = tuple(
        Condition(
            name=f"hare worth {hare:g}",
            role="variant",
            summary=f"the failure where a hare pays {hare:g} of a stag",
            overrides={"hare": hare},
        )
        for hare in (0.3, 0.7)
    )
    return (*sizes, *hares)


def _learners() -> tuple[Condition, ...]:
    own = tuple(
        Condition(
            name=f"own pay only, {word}",
            role="variant",
            summary=f"a {word} voice; players learn from their own pay alone (Q-learning)",
            overrides={"feedback": "own", "loudness": loudness},
            of=LOUDNESS[loudness],
        )
        for word, loudness in (("loud", LOUD), ("quiet", QUIET))
    )
    return (
        *own,
        Condition(
            name="hasty learners",
            role="variant",
            summary=f"the failure at a learning rate that begins at {HASTY:g}",
            overrides={"rate": HASTY},
        ),
        Condition(
            name="meant, hasty learners",
            role="variant",
            summary=f"paid the welfare of all, at a learning rate that begins at {HASTY:g}",
            overrides={"pay": "meant", "rate": HASTY},
            of=REFERENCE,
        ),
        Condition(
            name="meant, little exploration",
            role="variant",
            summary="paid the welfare of all, but with little exploration from the start",
            overrides={"pay": "meant", "exploration": NO_SEARCH},
            of=REFERENCE,
        ),
    )
