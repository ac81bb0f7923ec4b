"""Compute anchors: how much computing a brain's lifetime of learning takes, as a Normal over its log10.

Brain operations a second x seconds of a lifetime = lifetime compute; algorithms better or worse than evolution's
shift it. Moravec 1998 and Carlsmith 2020 for the operations (1e13 to 1e18 a second), Cotra 2020 for the anchor.
"""

from dataclasses import dataclass
from math import log10
from typing import Final

from corrigible.sandbox.games.inputs import positive

NEURONS: Final = 1e11
RATE: Final = 0.1
"""Spikes a second, mean over the cortex."""

SYNAPSES: Final = 1e3
"""Of a neuron, counted low."""

LIFETIME: Final = 1e9
"""Seconds, some 30 years."""


@dataclass(frozen=True, kw_only=True)
class ComputeNeeded:
    """log10 of the operations that training needs ~ Normal(mu, sigma); sigma in orders of magnitude."""

    mu: float
    sigma: float


def brain_operations(neurons: float = NEURONS, rate: float = RATE, synapses: float = SYNAPSES) -> float:
    """Operations a second: one for each spike at each synapse. BadInput where a factor is not positive."""
    return positive("neurons", neurons) * positive("rate", rate) * positive("synapses", synapses)


def lifetime_compute(operations: float, seconds: float = LIFETIME) -> float:
    """Operations of a lifetime. BadInput where a factor is not positive."""
    return positive("operations", operations) * positive("seconds", seconds)


def needed(operations: float, *, spread: float, algorithms: float = 1.0, seconds: float = LIFETIME) -> ComputeNeeded:
    """What training needs, by the lifetime anchor.

    Args:
        operations: of a brain, a second.
        spread: standard deviation in orders of magnitude, > 0.
        algorithms: how many times better than evolution's ours are: 1000 needs a thousandth, 0.001 a thousandfold.
        seconds: of a lifetime.

    Raises:
        BadInput: an argument that is not positive.
    """
    middle = log10(lifetime_compute(operations, seconds)) - log10(positive("algorithms", algorithms))
    return ComputeNeeded(mu=middle, sigma=positive("spread", spread))


def training_hours(operations: float, per_second: float) -> float:
    """Hours that a machine of `per_second` operations a second takes."""
    return positive("operations", operations) / positive("per_second", per_second) / 3600
