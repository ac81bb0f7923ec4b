"""What labs in a race know about the danger: nothing, each its own evidence, or all evidence shared.

The danger is high or low; each lab has one piece of evidence, which is right with the same probability, independently.
Payoffs are linear in the danger, so labs that share evidence race as if the danger were its expectation. With evidence
of one's own a strategy is an effort for each sign, and equilibria are Bayesian (Harsanyi 1967).
`corrigible race evidence`
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.games.inputs import probability
from corrigible.sandbox.games.races import TIE, Matrix, RaceParams, pure_equilibria, symmetric_effort, tables

MOST_STEPS: Final = 20
"""Of a game with evidence of one's own: it has (steps + 1)^4 pairs of strategies."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What there is to find out: `high` and `low` danger, the chance that it is high, and how often a sign is right.

    Raises:
        BadInput: low not below high, or a number outside its range (accuracy: 0.5 to 1).
    """

    high: float = 0.9
    low: float = 0.2
    prior: float = 0.5
    accuracy: float = 0.9

    def __post_init__(self) -> None:
        """Check every number."""
        for name in ("high", "low", "prior", "accuracy"):
            probability(name, getattr(self, name))
        if not 0 < self.low < self.high or self.accuracy < 0.5:
            raise BadInput(
                value=f"low = {self.low:g}, high = {self.high:g}, accuracy = {self.accuracy:g}",
                rule="0 < low < high, and a sign is right at least half of the time",
                remedy="give a low danger above 0 and below the high one, and an accuracy of 0.5 to 1",
            )

    def joint(self) -> Matrix:
        """(2, 2, 2) probability of [high?, sign of lab 0, sign of lab 1]; index 1 is high."""
        right = np.array([[self.accuracy, 1 - self.accuracy], [1 - self.accuracy, self.accuracy]])
        truth = np.array([1 - self.prior, self.prior])
        return np.asarray(truth[:, None, None] * right[:, :, None] * right[:, None, :])

    @property
    def dangers(self) -> Matrix:
        """(2,) the low danger and the high one."""
        return np.array([self.low, self.high])

    @property
    def expected(self) -> float:
        """The danger before any evidence."""
        return float(self.prior * self.high + (1 - self.prior) * self.low)

    def believed(self) -> tuple[tuple[float, float], ...]:
        """(probability, expected danger) for each number 0, 1, 2 of signs that say high, if both are seen."""
        joint = self.joint()
        cells = ([(0, 0)], [(0, 1), (1, 0)], [(1, 1)])
        found: list[tuple[float, float]] = []
        for pairs in cells:
            chance = sum(float(joint[:, x, y].sum()) for x, y in pairs)
            danger = sum(float(self.dangers @ joint[:, x, y]) for x, y in pairs)
            found.append((chance, danger / chance if chance > 0 else self.expected))
        return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Expected risk over the pure equilibria of one regime. None where there is none.

    Attributes:
        safest, riskiest: chance of disaster in the safest and the riskiest equilibrium (shared: chosen anew for every
            evidence).
        equilibria: how many there are (shared: in all games that evidence may lead to).
        efforts: of lab 0 in the safest one: with none; by its own sign, low first; by how many signs say high.
    """

    safest: float | None
    riskiest: float | None
    equilibria: int
    efforts: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class EvidenceSolution:
    """The three regimes, and continuous efforts of equal labs beside them (None where lead is not 0).

    Attributes:
        none, own, shared: on the grid.
        smooth_none, smooth_shared: expected risk of the symmetric equilibrium in continuous efforts.
        fear: danger from which on equal labs put everything into control; below it the risk is concave in the danger,
            so that shared evidence never raises it there; evidence of safety can where fear ruled.
    """

    none: Outcome
    own: Outcome
    shared: Outcome
    smooth_none: float | None
    smooth_shared: float | None
    fear: float


def smooth_risk(race: RaceParams, danger: float, labs: int = 2) -> float:
    """Risk of the symmetric equilibrium at a danger: min(danger, max(0, 1 - danger / fear))."""
    return danger * (1.0 - symmetric_effort(replace(race, danger=danger), labs))


def fear(race: RaceParams, labs: int = 2) -> float:
    """(labs - 1) enmity / (labs luck (1 + harm)): the danger at which full control becomes the equilibrium."""
    return (labs - 1) * race.enmity / (labs * race.luck * (1.0 + race.harm))


def solve(race: RaceParams, evidence: Evidence) -> EvidenceSolution:
    """All regimes; race.danger is not used. BadInput where the grid is too fine for evidence of one's own."""
    if race.steps > MOST_STEPS:
        raise BadInput(
            value=f"steps = {race.steps}",
            rule=f"with evidence at most {MOST_STEPS}",
            remedy=f"give --steps {MOST_STEPS} or fewer",
        )
    believed = evidence.believed()
    level = race.lead == 0
    return EvidenceSolution(
        none=_shared(race, ((1.0, evidence.expected),)),
        own=_own(race, evidence),
        shared=_shared(race, believed),
        smooth_none=smooth_risk(race, evidence.expected) if level else None,
        smooth_shared=sum(chance * smooth_risk(race, danger) for chance, danger in believed) if level else None,
        fear=fear(race),
    )


def _shared(race: RaceParams, believed: tuple[tuple[float, float], ...]) -> Outcome:
    """Both see the same: one game of known danger for each evidence."""
    safest = riskiest = 0.0
    number, efforts, whole = 0, list[float](), True
    for chance, danger in believed:
        first, second, risks = tables(replace(race, danger=danger))
        cells = sorted(pure_equilibria(first, second), key=lambda cell: float(risks[cell]))
        number += len(cells)
        if not cells:
            whole = False
            continue
        safest += chance * float(risks[cells[0]])
        riskiest += chance * float(risks[cells[-1]])
        efforts.append(float(race.efforts[cells[0][0]]))
    return Outcome(
        safest=safest if whole else None,
        riskiest=riskiest if whole else None,
        equilibria=number,
        efforts=tuple(efforts) if whole else (),
    )


def own_tables(race: RaceParams, evidence: Evidence) -> tuple[Matrix, Matrix, Matrix]:
    """Expected payoff of lab 0, of lab 1, and risk, each (S, S) over strategies; S = (steps + 1)^2.

    Strategy a * (steps + 1) + b puts effort a in if one's sign says low, and b if it says high (indices of the grid).
    """
    each = [tables(replace(race, danger=float(danger))) for danger in evidence.dangers]
    joint, size = evidence.joint(), race.steps + 1
    by_sign = np.stack(np.divmod(np.arange(size * size), size))  # (2, S)
    found = [np.zeros((size * size, size * size)) for _ in range(3)]
    for x in (0, 1):
        for y in (0, 1):
            for which in range(3):
                weighed = joint[0, x, y] * each[0][which] + joint[1, x, y] * each[1][which]
                found[which] += weighed[np.ix_(by_sign[x], by_sign[y])]
    return found[0], found[1], found[2]


def _own(race: RaceParams, evidence: Evidence) -> Outcome:
    first, second, risks = own_tables(race, evidence)
    cells = sorted(pure_equilibria(first, second), key=lambda cell: float(risks[cell]))
    if not cells:
        return Outcome(safest=None, riskiest=None, equilibria=0, efforts=())
    size = race.steps + 1
    efforts = tuple(float(race.efforts[index]) for index in divmod(cells[0][0], size))
    return Outcome(
        safest=float(risks[cells[0]]), riskiest=float(risks[cells[-1]]), equilibria=len(cells), efforts=efforts
    )


def sentences(solution: EvidenceSolution) -> tuple[str, ...]:
    """What shared evidence changes."""
    lines: list[str] = []
    if solution.smooth_none is not None and solution.smooth_shared is not None:
        change = solution.smooth_shared - solution.smooth_none
        word = "leaves as it is" if abs(change) <= TIE else "lowers" if change < 0 else "raises"
        lines.append(
            f"In continuous efforts sharing evidence {word} the risk: {solution.smooth_none:.4f} without, "
            f"{solution.smooth_shared:.4f} with."
        )
    if solution.fear < 1:
        lines.append(
            f"From a danger of {solution.fear:.4g} on both put everything into control; where they would without "
            "evidence, evidence that it is safer brings the race back."
        )
    return tuple(lines)
