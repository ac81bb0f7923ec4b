"""What asking an eval again and again is worth: the best of m equally good checkpoints looks better than each is."""

from typing import Final

import numpy as np
from scipy import special

from corrigible.errors import BadInput
from corrigible.statistics.samples import open_unit, successes_of, whole

MOST_ITEMS: Final = 10_000_000
"""Of one eval."""

MOST_QUERIES: Final = 10**12


def expected_best(share: float, items: int, queries: int) -> float:
    """Expected greatest share correct among `queries` independent checkpoints that are each right with `share`.

    E max / n = sum over k = 0 .. n - 1 of (1 - F(k)^m) / n, F the binomial distribution function: the order statistic,
    exact. Checkpoints that resemble each other gain less, so it is the most that choosing the best gives.

    Raises:
        BadInput: a share outside [0, 1], items not in 1 .. 10 million, or queries not in 1 .. 10^12.
    """
    n, m = _bounded(items, "items", MOST_ITEMS), _bounded(queries, "queries", MOST_QUERIES)
    if not 0 <= share <= 1:
        raise BadInput(
            value=f"share = {share}", rule="a share lies in [0, 1]", remedy="give the share that is right, such as 0.5"
        )
    if m == 1 or share in (0.0, 1.0):
        return float(share)
    reach = 12 * float(np.sqrt(n * share * (1 - share))) + 100  # outside, a term is 1 or 0 in double precision
    begin, end = max(0, int(n * share - reach)), min(n, int(n * share + reach) + 1)
    above = special.bdtrc(np.arange(begin, end, dtype=np.float64), n, share)  # 1 - F(k)
    with np.errstate(divide="ignore"):
        total = begin + float(-np.expm1(m * np.log1p(-above)).sum())
    return min(1.0, max(float(share), total / n))


def share_behind_best(correct: int, items: int, queries: int) -> float:
    """The share at which `expected_best` is what was seen: what the best of `queries` checkpoints is worth.

    Bisection to 1e-12. Raises BadInput as `expected_best` does, and where correct is not in 0 .. items.
    """
    hits, n = successes_of(correct, _bounded(items, "items", MOST_ITEMS))
    seen = hits / n
    if _bounded(queries, "queries", MOST_QUERIES) == 1 or hits in (0, n):
        return seen
    low, high = 0.0, seen
    while high - low > 1e-12:
        middle = (low + high) / 2
        if expected_best(middle, n, queries) < seen:
            low = middle
        else:
            high = middle
    return high


def best_ends(correct: int, items: int, queries: int, level: float = 0.95) -> tuple[float, float]:
    """Both ends of the exact interval of the share behind a best of `queries` independent checkpoints.

    As Clopper & Pearson 1934, of the greatest of m: F(correct - 1)^m = 1 - tail below, F(correct)^m = tail above.
    """
    hits, n = successes_of(correct, _bounded(items, "items", MOST_ITEMS))
    m = _bounded(queries, "queries", MOST_QUERIES)
    tail = (1 - open_unit(level, name="level")) / 2
    low = 0.0 if hits == 0 else float(special.betaincinv(hits, n - hits + 1, -np.expm1(np.log1p(-tail) / m)))
    high = 1.0 if hits == n else float(special.betaincinv(hits + 1, n - hits, -np.expm1(np.log(tail) / m)))
    return low, high


def _bounded(value: int, name: str, most: int) -> int:
    found = whole(value, name=name, least=1)
    if found > most:
        raise BadInput(value=f"{name} = {found}", rule=f"{name} is at most {most}", remedy=f"give {name} <= {most}")
    return found
