"""Exactly: the best of k by a score that correlates rho with value is worth rho E[max of k normals] deviations."""

from math import sqrt

import numpy as np
from scipy import integrate, special

from corrigible.sandbox.games.inputs import count
from corrigible.sandbox.organisation.world import NOISE, SPREAD, OrganisationParams


def expected_maximum(k: int) -> float:
    """E[max of k standard normals] by quadrature of x k phi(x) Phi(x)^(k - 1); k = 1 to 10^6."""
    number = count("k", k, least=1, most=1_000_000)

    def integrand(x: float) -> float:
        return float(x * number * np.exp(-x * x / 2 + (number - 1) * special.log_ndtr(x)) / sqrt(2 * np.pi))

    return float(integrate.quad(integrand, -12, 12, points=[0.0, 2.0, 4.0], limit=200)[0])


def correlation(world: OrganisationParams) -> float:
    """Of score and value at equal efforts, without audits: w / sqrt(w^2 + (1 - w)^2 + layers (noise / spread)^2)."""
    weight = world.weight
    return weight / sqrt(weight**2 + (1 - weight) ** 2 + world.layers * (NOISE / SPREAD) ** 2)


def pays_to_look(world: OrganisationParams) -> bool:
    """Whether effort moved from the work into looks raises the expected score: w + audited (1 - w) below a half.

    Without audits that decides what pays; with them the two kinds of projects compete, and it is a rule of thumb.
    """
    return world.audited + (1 - world.audited) * world.weight < 0.5
