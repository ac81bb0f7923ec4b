"""Observations and actions of any kind as whole numbers that can be counted, by rules fixed on the reference.

What recurs is kept exactly (numbers, images by their hash); what is continuous is cut at quantiles of the reference.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import numpy as np

from corrigible.errors import BadInput
from corrigible.seeding import stream
from corrigible.types import Array

MOST_CUT_COLUMNS: Final = 12  # 17 cells each: 17 ** 12 still fits into 63 bits
MOST_EXACT_VALUES: Final = 16
MOST_BINS: Final = 10
STEPS_PER_CELL: Final = 32  # of the reference, were all cells equally full
RECURRENCE: Final = 8  # times that an observation comes back on average when floats count as discrete
TAILS: Final = (0.01, 0.05, 0.95, 0.99)
"""Quantiles that set off the tails, for who asks how rare an observation is: bins of equal mass cannot tell."""

PROJECTIONS: Final = 4
NEVER_SEEN: Final = int(np.iinfo(np.int64).min)


def positions(values: Array, known: Array) -> Array:
    """Index of each value (n,) in `known` (K,), ascending and distinct; K where it is not there. (n,) int64."""
    place = np.searchsorted(known, values)
    found = np.append(known, known[:1])[place] == values if known.size else np.zeros(values.shape, dtype=np.bool_)
    return np.where(found & (place < known.size), place, known.size)


@dataclass(frozen=True, kw_only=True, eq=False)
class Column:
    """How one continuous number becomes a small one.

    `edges` (ascending) are values kept exactly where `exact`, else the inner cuts between `low` and `high`, the
    reference's extremes; what lies outside them has a cell of its own on either side.
    """

    edges: Array
    exact: bool
    low: float
    high: float

    @property
    def cells(self) -> int:
        """How many different codes there are."""
        return self.edges.size + (1 if self.exact else 3)

    def encode(self, values: Array) -> Array:
        """(n,) float64 -> (n,) int64 in [0, cells)."""
        if self.exact:
            return positions(values, self.edges)
        code = np.searchsorted(self.edges, values, side="right") + 1
        code[values < self.low] = 0
        code[~(values <= self.high)] = self.edges.size + 2
        return code


@dataclass(frozen=True, kw_only=True, eq=False)
class Codebook:
    """Rules that turn one observation (or action) of shape `shape` into one int64 symbol.

    - Whole numbers of any shape, and floats whose rows recur 8 times on average: exact. A single number is its own
      symbol, several are hashed (so are images).
    - Other floats, up to 12 numbers: each number with at most 16 distinct values is kept exactly, each other one is cut
      into equally full bins (2 to 10, so many that a cell would hold 32 steps of the reference), with one more bin
      below and above what the reference holds.
    - Other floats, more than 12 numbers: standardised, projected by a fixed Gaussian matrix to 4, then cut as above.
      What differs from the reference only across these four directions is not seen.

    `columns` is None for exact symbols; `centre`, `spread` (D,) and `projection` (D, 4) are None without a projection.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    columns: tuple[Column, ...] | None = None
    centre: Array | None = None
    spread: Array | None = None
    projection: Array | None = None

    def encode(self, rows: Array, *, name: str = "observations") -> Array:
        """Symbols of `rows` (n, *shape): (n,) int64. What the reference cannot express is `NEVER_SEEN`.

        Raises:
            BadInput: rows of another shape than the reference's.
        """
        if rows.shape[1:] != self.shape:
            raise BadInput(
                value=f"{name} of shape {rows.shape[1:]}",
                rule=f"they must have the shape of the reference's, {self.shape}",
                remedy="compare with a reference of the same environment",
            )
        if self.columns is None:
            return _exact_symbols(rows, self.dtype)
        numbers = self._projected(rows.reshape(len(rows), -1).astype(np.float64))
        symbol = np.zeros(len(rows), dtype=np.int64)
        for values, column in zip(numbers.T, self.columns, strict=True):
            symbol = symbol * column.cells + column.encode(values)
        return symbol

    def _projected(self, numbers: Array) -> Array:
        if self.centre is None or self.spread is None or self.projection is None:
            return numbers
        return _project(numbers, self.centre, self.spread, self.projection)


def fit_codebook(rows: Array, *, more_cuts: tuple[float, ...] = ()) -> Codebook:
    """Fix the rules on the reference's `rows` (n, ...), one for each step.

    more_cuts: further quantiles in (0, 1) at which continuous numbers are cut, such as `TAILS`; at most 4.
    """
    shape, size = rows.shape[1:], int(np.prod(rows.shape[1:], dtype=np.int64))
    if rows.dtype.kind in "biu" or np.unique(_exact_symbols(rows, rows.dtype)).size * RECURRENCE <= len(rows):
        return Codebook(shape=shape, dtype=rows.dtype)
    numbers = rows.reshape(len(rows), -1).astype(np.float64)
    if size <= MOST_CUT_COLUMNS:
        return Codebook(shape=shape, dtype=rows.dtype, columns=_columns(numbers, more_cuts))
    numbers = np.where(np.isfinite(numbers), numbers, 0.0)
    low, centre, high = np.quantile(numbers, (0.25, 0.5, 0.75), axis=0)
    spread = np.where(high > low, high - low, 1.0)
    projection = stream(0, "detect", "symbols", size).standard_normal((size, PROJECTIONS))
    columns = _columns(_project(numbers, centre, spread, projection), more_cuts)
    return Codebook(shape=shape, dtype=rows.dtype, columns=columns, centre=centre, spread=spread, projection=projection)


def _project(numbers: Array, centre: Array, spread: Array, projection: Array) -> Array:
    # a matrix product may round differently with another number of rows; a sum over one row does not
    scaled = (np.where(np.isfinite(numbers), numbers, 0.0) - centre) / spread
    return np.stack([np.sum(scaled * column, axis=1) for column in projection.T], axis=1)


def _columns(numbers: Array, more_cuts: tuple[float, ...]) -> tuple[Column, ...]:
    distinct = [np.unique(values[np.isfinite(values)]) for values in numbers.T]
    continuous = sum(values.size > MOST_EXACT_VALUES for values in distinct)
    bins = int(np.clip((len(numbers) / STEPS_PER_CELL) ** (1 / max(continuous, 1)), 2, MOST_BINS))
    levels = np.concatenate((np.linspace(0, 1, bins + 1)[1:-1], more_cuts))
    return tuple(
        _column(values[np.isfinite(values)], known, levels) for values, known in zip(numbers.T, distinct, strict=True)
    )


def _column(values: Array, distinct: Array, levels: Array) -> Column:
    if distinct.size <= MOST_EXACT_VALUES:
        return Column(edges=distinct, exact=True, low=-np.inf, high=np.inf)
    return Column(
        edges=np.unique(np.quantile(values, levels)), exact=False, low=float(distinct[0]), high=float(distinct[-1])
    )


def _exact_symbols(rows: Array, dtype: np.dtype[Any]) -> Array:
    if rows.dtype == dtype:
        kept, exact = rows, np.ones(len(rows), dtype=np.bool_)
    else:
        with np.errstate(invalid="ignore", over="ignore"):
            kept = rows.astype(dtype)
        exact = (kept == rows).reshape(len(rows), -1).all(axis=1)
    if dtype.kind in "biu" and rows.ndim == 1:
        return np.where(exact, kept.astype(np.int64), NEVER_SEEN)
    if dtype.kind == "f":
        kept = kept + 0.0  # -0.0 and 0.0 are one observation
    kept = np.ascontiguousarray(kept)
    digests = b"".join(blake2b(row.tobytes(), digest_size=8).digest() for row in kept)
    return np.where(exact, np.frombuffer(digests, dtype="<i8").astype(np.int64), NEVER_SEEN)
