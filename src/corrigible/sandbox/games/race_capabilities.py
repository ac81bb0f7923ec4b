"""Racing to the precipice: labs of unknown capability, and what knowing each other's capability does to the risk.

Armstrong, Bostrom & Shulman 2016, AI & Society 31:201. Capabilities c are uniform on [0, spread]; each lab chooses how
safe it is, s in [0, 1]; the greatest c - s wins, and ends in disaster with probability 1 - s. Utilities: 1 for a safe
win, 1 - enmity for another's, 0 for a disaster. What follows is derived here, and tested against a second computation
(docs/races-and-leverage.md). `corrigible race capability`
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from corrigible.sandbox.games.inputs import count, positive, probability

Knowledge: TypeAlias = Literal["none", "own", "all"]
"""none: no lab knows any capability, its own included; own: each knows its own; all: each knows everybody's."""

KNOWLEDGE: Final[tuple[Knowledge, ...]] = ("none", "own", "all")


@dataclass(frozen=True, kw_only=True)
class CapabilityRace:
    """A race of `labs` (>= 2), spread > 0 in units of what full safety costs, enmity in [0, 1]. BadInput otherwise."""

    labs: int = 2
    spread: float = 1.0
    enmity: float = 1.0

    def __post_init__(self) -> None:
        """Check every number."""
        count("labs", self.labs, least=2, most=10**6)
        positive("spread", self.spread)
        probability("enmity", self.enmity)


@dataclass(frozen=True, kw_only=True)
class CapabilityRisks:
    """Chance of disaster by what is known. all_worst: in the riskiest of the equilibria where all is known.

    rising: whether none <= own <= all; rising_worst: the same with `all_worst`.
    """

    none: float
    own: float
    all: float
    all_worst: float
    rising: bool
    rising_worst: bool


def safety_knowing_nothing(race: CapabilityRace) -> float:
    """The symmetric equilibrium min(1, spread / (labs enmity)).

    One who is safer by ds wins less often by ds / spread, whatever the number of labs; with a chance of 1 / labs it
    gains ds. So 1 / labs = s enmity / spread.
    """
    return 1.0 if race.enmity == 0 else min(1.0, race.spread / (race.labs * race.enmity))


def safety_knowing_oneself(race: CapabilityRace, capability: float) -> float:
    """The symmetric equilibrium min(1, c / (1 + enmity (labs - 1))) of a lab of capability c.

    c - s(c) rises with c, so the most capable wins. One who acts as if its capability were z wins with probability
    (z / spread)^(labs - 1); that nobody gains by it at z = c asks for (labs - 1) enmity s = c (1 - s').
    """
    return min(1.0, capability / (1.0 + race.enmity * (race.labs - 1)))


def safety_knowing_all(race: CapabilityRace, gap: float, *, worst: bool = False) -> float:
    """What the most capable lab does, with `gap` to the second: min(1, gap / enmity), or min(1, gap) at worst.

    It is as safe as it can be and still win: s = s2 + gap. The second does not take the win from it as long as
    s (1 - enmity) >= s - gap, so any s2 up to what makes s = gap / enmity is an equilibrium; s2 = 0 is the riskiest.
    """
    if worst:
        return min(1.0, gap)
    return 1.0 if gap >= race.enmity else gap / race.enmity


def solve(race: CapabilityRace) -> CapabilityRisks:
    """Chance of disaster under each knowledge, in closed form.

    own: capability of the winner has density labs c^(labs - 1) / spread^labs. all: the gap of the two greatest of
    uniform numbers exceeds x with probability (1 - x / spread)^labs.
    """
    labs, spread = race.labs, race.spread
    scale = 1.0 + race.enmity * (labs - 1)
    low, high = 1.0 - labs / (labs + 1) * spread / scale, min(1.0, scale / spread) ** labs / (labs + 1)
    own = low if spread <= scale else high
    none = 1.0 - safety_knowing_nothing(race)
    known, worst = _gap_risk(race, race.enmity), _gap_risk(race, 1.0)
    slack = 1e-12
    return CapabilityRisks(
        none=none,
        own=own,
        all=known,
        all_worst=worst,
        rising=none <= own + slack and own <= known + slack,
        rising_worst=none <= own + slack and own <= worst + slack,
    )


def _gap_risk(race: CapabilityRace, enough: float) -> float:
    """E[max(0, 1 - gap / enough)]."""
    if enough == 0:
        return 0.0
    left = max(0.0, 1.0 - enough / race.spread) ** (race.labs + 1)
    return 1.0 - race.spread / (enough * (race.labs + 1)) * (1.0 - left)


def sentences(race: CapabilityRace, risks: CapabilityRisks) -> tuple[str, ...]:
    """What is known against the risk, and whether more knowledge is riskier here."""
    if risks.rising:
        told = "Here the more they know, the greater the risk."
    elif risks.rising_worst:
        told = (
            "Knowing nothing is safest. That knowing all is riskier than knowing oneself holds here only in the "
            "riskiest equilibrium."
        )
    else:
        told = "Knowing nothing is safest; knowing all is here no riskier than knowing oneself."
    return (
        f"{race.labs} labs, capabilities spread over {race.spread:g} times what full safety costs, "
        f"enmity {race.enmity:g}.",
        f"Chance of disaster: nobody knows any capability {risks.none:.4f}; each its own {risks.own:.4f}; "
        f"all know all {risks.all:.4f} (up to {risks.all_worst:.4f} in other equilibria).",
        told,
    )
