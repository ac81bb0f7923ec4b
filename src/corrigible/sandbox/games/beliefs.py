"""What a robot may believe about the utility of its action: a Normal distribution, or any finite list of values."""

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

from corrigible.errors import BadInput
from corrigible.sandbox.games.inputs import positive, probability, real

PROBABILITY_SLACK: Final = 1e-9
"""How far the probabilities of a discrete belief may sum from 1; they are divided by their sum."""


@dataclass(frozen=True, kw_only=True)
class NormalBelief:
    """The robot believes that the utility U of its action is Normal(mu, sigma^2), in any unit of utility.

    Raises:
        BadInput: mu not finite, or sigma not a positive finite number.
    """

    mu: float
    sigma: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "mu", real("mu", self.mu))
        object.__setattr__(self, "sigma", positive("sigma", self.sigma))


@dataclass(frozen=True, kw_only=True)
class DiscreteBelief:
    """The robot believes that U takes `values[i]` with `probabilities[i]`; they are divided by their sum.

    Raises:
        BadInput: no values, different lengths, a number that is not finite, a probability outside [0, 1], or
            probabilities that do not sum to 1 within 1e-9.
    """

    values: tuple[float, ...]
    probabilities: tuple[float, ...]

    def __post_init__(self) -> None:
        values = tuple(real(f"values[{i}]", value) for i, value in enumerate(self.values))
        shares = tuple(probability(f"probabilities[{i}]", share) for i, share in enumerate(self.probabilities))
        if not values or len(values) != len(shares):
            raise BadInput(
                value=f"{len(values)} values and {len(shares)} probabilities",
                rule="a discrete belief needs one probability for each of at least one value",
                remedy="give as many probabilities as values",
            )
        total = math.fsum(shares)
        if abs(total - 1) > PROBABILITY_SLACK:
            raise BadInput(
                value=f"probabilities sum to {total:.12g}",
                rule=f"probabilities must sum to 1 within {PROBABILITY_SLACK:g}",
                remedy="divide them by their sum",
            )
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "probabilities", tuple(share / total for share in shares))


Belief: TypeAlias = NormalBelief | DiscreteBelief
