"""The worth of letting a human decide on an action of utility Normal(mu, sigma^2), to full relative accuracy.

Kept apart from the game because E[U allowed(U)] - max(E[U], 0) cancels catastrophically when formed as written, and
underflows for confident robots; here every integrand has one sign and the exponential factor is carried as a logarithm.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats: TypeAlias = NDArray[np.float64]

BOUNDARY_TOLERANCE: Final = 4 * float(np.finfo(np.float64).eps)
"""Relative distance of sigma^2 from 2 beta |mu| that the rounding of the three inputs alone can make."""

PEAK_DENSITY: Final = 1 / math.sqrt(2 * math.pi)
FAR_TILT: Final = 12.0
"""From this many standard deviations on, the Gaussian mass on the other side of zero (e^-72) is below rounding."""

TAIL_EXPONENT: Final = 60.0
"""Integrals stop where the integrand has fallen by e^-60."""


@dataclass(frozen=True, kw_only=True)
class Deferral:
    """Deferring under the belief Normal(-|mu|, sigma^2): both quantities are `mantissa` times exp(`exponent`).

    Attributes:
        sign: 1 if deferring is worth more than acting or switching off, 0 at the boundary, -1 if it is worth less.
        exponent: the common natural logarithm, <= 0.
        gain_mantissa: |E[U allowed(U)] - max(E[U], 0)| / exp(`exponent`), in units of utility, >= 0.
        allow_mantissa: P(human allows) / exp(`exponent`), > 0.
    """

    sign: Literal[-1, 0, 1]
    exponent: float
    gain_mantissa: float
    allow_mantissa: float

    @property
    def log_gain(self) -> float:
        """Natural logarithm of the size of the gain; -inf at the boundary or beyond the range of doubles."""
        return self.exponent + math.log(self.gain_mantissa) if self.gain_mantissa > 0 else -math.inf

    @property
    def gain(self) -> float:
        """The gain itself, 0 where it is smaller than the smallest double."""
        factor = math.exp(self.exponent)
        size = factor * self.gain_mantissa if factor > 1e-290 else math.exp(self.log_gain)
        return self.sign * size + 0.0

    @property
    def allow(self) -> float:
        """The probability that the human allows the action, under the mean -|mu|."""
        return min(1.0, math.exp(self.exponent) * self.allow_mantissa)


def mills_ratio(z: Floats) -> Floats:
    """Phi(-z) / phi(z) of the standard Normal for z >= 0, any shape, relative accuracy about 1e-15."""
    return np.sqrt(np.pi / 2) * special.erfcx(z / np.sqrt(2.0))


def one_minus_z_mills(z: Floats) -> Floats:
    """1 - z Phi(-z) / phi(z) for z >= 0, any shape, without the cancellation that eats z^2 digits at large z.

    Laplace's continued fraction, Mills(z) = 1 / (z + 1 / (z + 2 / (z + ...))), gives with a = 1 / (z + 2 / (z + ...))
    the exact form a / (z + a); used from z = 4 on, where 120 levels are more than enough.
    """
    z = np.asarray(z, dtype=np.float64)
    large = np.maximum(z, 4.0)
    level = large.copy()
    for depth in range(120, 1, -1):
        level = large + depth / level
    a = 1.0 / level
    with np.errstate(over="ignore"):
        fraction = a / (large + a)
    small = np.minimum(z, 4.0)
    return np.where(z >= 4.0, fraction, 1.0 - small * mills_ratio(small))


def rational_gain(mus: Floats, sigmas: Floats) -> Floats:
    """Gain of deferring to a rational human, any broadcastable shapes, in units of utility.

    sigma phi(z) - |mu| Phi(-z) with z = |mu| / sigma (Hadfield-Menell et al. 2016, arXiv 1611.08219), formed as
    sigma phi(z) (1 - z Mills(z)). `sigmas` must be > 0.
    """
    with np.errstate(over="ignore"):
        z = np.minimum(np.abs(mus) / sigmas, 1e200)
        return PEAK_DENSITY * (sigmas * np.exp(-0.5 * z * z)) * one_minus_z_mills(z)


def rational_deferral(mu: float, sigma: float) -> Deferral:
    """Deferring to a human who allows the action iff U > 0; the gain is positive for every Normal belief."""
    z = abs(mu) / sigma
    clipped = np.array(min(z, 1e150))
    return Deferral(
        sign=1,
        exponent=-0.5 * z * z,
        gain_mantissa=PEAK_DENSITY * sigma * float(one_minus_z_mills(clipped)),
        allow_mantissa=PEAK_DENSITY * float(mills_ratio(clipped)),
    )


def boltzmann_sign(mu: float, sigma: float, beta: float) -> Literal[-1, 0, 1]:
    """Sign of the gain of deferring to a Boltzmann-rational human: that of sigma^2 - 2 beta |mu|, in exact arithmetic.

    0 is also given where the two agree to `BOUNDARY_TOLERANCE`. For the proof see `boltzmann_deferral`.
    """
    spread, pull = Fraction(sigma) ** 2, 2 * Fraction(beta) * abs(Fraction(mu))
    if abs(spread - pull) <= Fraction(BOUNDARY_TOLERANCE) * max(spread, pull):
        return 0
    return 1 if spread > pull else -1


def boltzmann_deferral(mu: float, sigma: float, beta: float) -> Deferral:
    """Deferring to a human who allows the action with probability 1 / (1 + exp(-U / beta)).

    The gain is even in mu (u s(u) = u + (-u) s(-u) with s the logistic function), so let the mean be -|mu|. With
    V = U / sigma, z = |mu| / sigma, k = sigma / (2 beta), folding the integral over V at 0 gives
        gain = sigma phi(0) exp(-z^2 / 2) int_0^inf v exp(-v^2 / 2) sinh((k - z) v) / cosh(k v) dv,
        P(allow) =  phi(0) exp(-z^2 / 2) int_0^inf   exp(-v^2 / 2) cosh((k - z) v) / cosh(k v) dv,
    whose integrands have one sign: the gain is positive iff k > z, that is iff sigma^2 > 2 beta |mu|. Where z > 2 k
    the integrand peaks away from 0, at z - 2 k, and the square is completed there.

    Args:
        mu: mean of the belief, in units of utility.
        sigma: its standard deviation, > 0.
        beta: the human's temperature, in units of utility, > 0.
    """
    sign = boltzmann_sign(mu, sigma, beta)
    a, s, b = abs(Fraction(mu)), Fraction(sigma), Fraction(beta)
    z, two_k, fast = _as_float(a / s), _as_float(s / b), _as_float((s * s - a * b) / (b * s))
    gap = abs(_as_float((s * s - 2 * a * b) / (b * s)))
    if fast >= 0:
        slow = min(z, fast)
        reach = 2 * TAIL_EXPONENT / (slow + math.sqrt(slow * slow + 2 * TAIL_EXPONENT))
        nodes, weights = _graded_rule()
        v = reach * nodes
        gain, allow = _integrals(v, reach * weights * np.exp(-0.5 * v * v - slow * v), gap=gap, two_k=two_k)
        exponent = -0.5 * z * z
    else:
        exponent = -_as_float((2 * a * b - s * s) / (2 * b * b))
        if -fast > FAR_TILT:
            gain, allow = _far_integrals(centre=_as_float(a - s * s / b), sigma=sigma, beta=beta)
            return Deferral(sign=sign, exponent=exponent, gain_mantissa=gain, allow_mantissa=allow)
        v, weights = _near_rule(-fast)
        gain, allow = _integrals(v, weights * np.exp(-0.5 * (v + fast) ** 2), gap=gap, two_k=two_k)
    return Deferral(sign=sign, exponent=exponent, gain_mantissa=sigma * gain if sign else 0.0, allow_mantissa=allow)


def _as_float(value: Fraction) -> float:
    """Correctly rounded, infinite beyond the range of doubles."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _integrals(v: Floats, weights: Floats, *, gap: float, two_k: float) -> tuple[float, float]:
    """Weighted sums of v (1 - e^(-gap v)) h(v) and (1 + e^(-gap v)) h(v), where h(v) = phi(0) / (1 + e^(-2 k v))."""
    with np.errstate(over="ignore", under="ignore"):
        human = PEAK_DENSITY * weights / (1.0 + np.exp(-two_k * v))
        return float(np.sum(human * v * -np.expm1(-gap * v))), float(np.sum(human * (1.0 + np.exp(-gap * v))))


def _far_integrals(*, centre: float, sigma: float, beta: float) -> tuple[float, float]:
    """The two integrals where |U| is Normal(centre, sigma^2) after the tilt, and more than `FAR_TILT` sigma above 0.

    There gap v > 100, so that e^(-gap v) drops out; the first one is in units of utility, not of sigma.
    """
    nodes, weights = _unit_rule()
    t = FAR_TILT * (2.0 * nodes - 1.0)
    size = centre + sigma * t
    with np.errstate(over="ignore", under="ignore"):
        human = 2.0 * FAR_TILT * PEAK_DENSITY * weights * np.exp(-0.5 * t * t) / (1.0 + np.exp(-size / beta))
    return float(np.sum(human * size)), float(np.sum(human))


def _near_rule(peak: float) -> tuple[Floats, Floats]:
    """Nodes and weights on [0, `peak` + `FAR_TILT`]: halving panels towards 0 on [0, 1], short panels beyond."""
    graded_nodes, graded_weights = _graded_rule()
    unit_nodes, unit_weights = _unit_rule()
    length = peak + FAR_TILT - 1.0
    return (
        np.concatenate([graded_nodes, 1.0 + length * unit_nodes]),
        np.concatenate([graded_weights, length * unit_weights]),
    )


@cache
def _graded_rule() -> tuple[Floats, Floats]:
    """20-point Gauss-Legendre on 36 panels of [0, 1] that halve towards 0, where poles at i pi / (2 k) may come close.

    A panel [a, 2 a] is at least a away from the imaginary axis, so that its error is about 5.8^-40 whatever k is.
    """
    return _composite_rule(np.concatenate([[0.0], 0.5 ** np.arange(35, -1, -1.0)]))


@cache
def _unit_rule() -> tuple[Floats, Floats]:
    """20-point Gauss-Legendre on 24 equal panels of [0, 1]."""
    return _composite_rule(np.linspace(0.0, 1.0, 25))


def _composite_rule(edges: Floats) -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(20)
    widths = np.diff(edges)[:, None]
    return (edges[:-1, None] + 0.5 * widths * (1.0 + nodes)).ravel(), (0.5 * widths * weights).ravel()
