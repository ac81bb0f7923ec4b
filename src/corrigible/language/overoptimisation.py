"""Over-optimisation as a curve: gold and proxy against sqrt(KL), best-of-n, and the two forms of Gao et al. 2022.

Source: Gao, Schulman & Hilton 2022 (arXiv 2210.10760): with d = sqrt(KL), gold rises as d (a - b d) under best-of-n and
as d (a - b log d) under reinforcement learning, counted from the untuned model.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from corrigible.errors import BadInput

Form = Literal["best-of-n", "rl"]


@dataclass(frozen=True, kw_only=True)
class GaoFit:
    """Least squares of gain = d (a - b f(d)), f the identity (best-of-n) or the natural logarithm (rl).

    r2: share of the variance of gains that the form explains (1 at best; below 0 where a constant does better).
    peak: d at which gold is highest, infinite where it only rises (b <= 0). top: the gain there.
    """

    form: Form
    a: float
    b: float
    r2: float
    peak: float
    top: float

    def __call__(self, d: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gains at d >= 0; 0 at 0."""
        return d * (self.a - self.b * _shape(d, self.form))


def fit_gao(d: NDArray[np.float64], gain: NDArray[np.float64], form: Form) -> GaoFit:
    """Fit one form to points (d, gain), d = sqrt(KL) >= 0 in sqrt(nats), gain over the untuned model.

    Raises BadInput where fewer than three points have d above 0, a number is not finite, or d is negative.
    """
    if not (np.isfinite(d).all() and np.isfinite(gain).all()) or (d < 0).any():
        raise BadInput(value="points of a curve", rule="d and gain are finite, d >= 0", remedy="leave the others out")
    if np.unique(d[d > 0]).size < 3:
        raise BadInput(
            value=f"{np.unique(d[d > 0]).size} distances above 0", rule="a form has two numbers", remedy="give three"
        )
    columns = np.stack((d, -d * _shape(d, form)), axis=1)
    a, b = (float(value) for value in np.linalg.lstsq(columns, gain, rcond=None)[0])
    left = float(np.square(gain - columns @ (a, b)).sum())
    whole = float(np.square(gain - gain.mean()).sum())
    peak = math.inf
    if b > 0:
        peak = max(0.0, a / (2 * b)) if form == "best-of-n" else float(np.exp(np.clip(a / b - 1.0, -700, 700)))
    fit = GaoFit(form=form, a=a, b=b, r2=1.0 - left / whole if whole > 0 else math.nan, peak=peak, top=math.nan)
    top = float(fit(np.array([peak]))[0]) if math.isfinite(peak) else math.inf
    return GaoFit(form=form, a=a, b=b, r2=fit.r2, peak=peak, top=top)


def _shape(d: NDArray[np.float64], form: Form) -> NDArray[np.float64]:
    return d if form == "best-of-n" else np.log(np.where(d > 0, d, 1.0))


def best_of_n_kl(n: int) -> float:
    """KL of best-of-n to the model that is sampled from, nats: log n - (n - 1) / n.

    Exact where no two samples are paid alike, an upper bound otherwise (Beirami et al. 2024, arXiv 2401.01879).
    """
    if n < 1:
        raise BadInput(value=f"best of {n}", rule="n is at least 1", remedy="give more")
    return math.log(n) - (n - 1) / n


def best_of_n(proxy: NDArray[np.float64], gold: NDArray[np.float64], n: int) -> tuple[float, float]:
    """Expected proxy and gold of the one with the highest proxy among n, over all subsets of the N samples; ties split.

    Unbiased for fresh samples (Nakano et al. 2021, arXiv 2112.09332, appendix I). Raises BadInput where n > N or n < 1.
    """
    total = len(proxy)
    if not 1 <= n <= total:
        raise BadInput(value=f"best of {n}", rule=f"n is 1 to the number of samples, {total}", remedy="sample more")
    order = np.argsort(proxy, kind="stable")
    ranked, worth = proxy[order], gold[order].astype(np.float64)
    _, group = np.unique(ranked, return_inverse=True)
    worth = (np.bincount(group, weights=worth) / np.bincount(group))[group]
    below = np.arange(total)  # how many are ranked lower
    possible = below >= n - 1
    log_weight = np.full(total, -np.inf)
    log_weight[possible] = _log_choose(below[possible], n - 1) - _log_choose(np.array([total]), n)
    weight = np.exp(log_weight)
    weight /= weight.sum()
    return float(weight @ ranked), float(weight @ worth)


def _log_choose(total: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    return np.asarray(gammaln(total + 1.0) - gammaln(n + 1.0) - gammaln(total - n + 1.0))
