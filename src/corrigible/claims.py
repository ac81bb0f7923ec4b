"""The 23 claims that the software tests, as their sources put them; verdicts are folded from evidence."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Source: TypeAlias = Literal["CH", "JP", "WL", "AK", "CL"]
"""CH Curtis Huebner, JP John David Pressman, WL Wentworth and Larsen, AK Akash, CL Connor Leahy."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One sentence of a source document that an experiment can support or contradict."""

    number: int
    text: str
    sources: tuple[Source, ...]


def _claim(number: int, text: str, *sources: Source) -> Claim:
    return Claim(number=number, text=text, sources=sources)


CLAIMS: Final[tuple[Claim, ...]] = (
    _claim(
        1,
        "A tiny PPO policy learns to punch trees, and leaves the bottom log in order to hop on it "
        "and reach higher logs.",
        "CH",
    ),
    _claim(
        2,
        "That policy works while being far from mirror-symmetric; the held item drawn on one side "
        "may or may not be why.",
        "CH",
    ),
    _claim(
        3, "Wireheading at a reward button is fairly easy to demonstrate; mending it reliably is another story.", "CH"
    ),
    _claim(
        4,
        "An agent that wants X resists being turned to Y; uncertainty about its goal, or indifference, changes that.",
        "CH",
    ),
    _claim(5, "A generative model of a world with actions tracks the state of what is out of view.", "CH"),
    _claim(6, "A language model run long enough drifts off its distribution, and the error snowballs.", "CH"),
    _claim(7, "From a bad state one can sample the likely chain of events that led there.", "CH"),
    _claim(
        8,
        "RL against a yes/no evaluator ends in a yes-spammer through a smooth gradient of deviant behaviour, "
        "and the usual KL penalty does not stop it.",
        "JP",
    ),
    _claim(
        9,
        "Of the remedies, early stopping leaves the damage in, blending undoes more of it than of the gain, an "
        "embedding KL would prevent it, and an instrumental utility function mitigates what an embedded "
        "objective breaks.",
        "JP",
    ),
    _claim(10, "Averaging base and RLHF weights recovers base behaviour.", "JP"),
    _claim(11, "Noise injected into word embeddings makes the model better, not worse.", "JP"),
    _claim(12, "Ablate part of a network and later parts correct the error without retraining.", "JP"),
    _claim(13, "Glitch tokens are tokens that were never trained, and can be made by leaving one untrained.", "JP"),
    _claim(14, "Over-optimised positive sentiment converges on one scene whatever the prompt.", "JP"),
    _claim(15, "A published eval that is optimised against stops measuring; every patch leaks.", "WL"),
    _claim(16, "A calibrated forecaster expects dates to move out slowly, then collapse.", "CH"),
    _claim(
        17,
        "Enforce a property (myopia, say) and one can prove of a system what it will never do: exactly in tabular "
        "worlds, by measurement in others.",
        "CL",
    ),
    _claim(
        18,
        "What is learned wrongly about the world is corrected by interaction, what is learned wrongly about values "
        "compounds.",
        "JP",
    ),
    _claim(19, "In a stag hunt of many, a public tone of despair or hope decides between equilibria.", "CH"),
    _claim(
        20, "An operation inferred from one passage can be replayed in another context by a text autoencoder.", "JP"
    ),
    _claim(
        21,
        "A corpus can be extended a little out of distribution by rejection sampling without drifting, when each step "
        "is audited.",
        "JP",
    ),
    _claim(22, "A language model recognises which well-known author an unknown text is most like.", "JP"),
    _claim(23, "As an organisation grows, legible value and value part; tight feedback keeps them together.", "WL"),
)


def claim(number: int) -> Claim:
    """Claim by its number, 1 to 23."""
    return CLAIMS[number - 1]
