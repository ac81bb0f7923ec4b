"""How tokens are chosen from a next-token law: temperature, then top-k, then top-p, as in `language.sampling`."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput


@final
@dataclass(frozen=True, kw_only=True)
class Decoding:
    """temperature > 0; top_k: only the k likeliest, ties with the k-th included; top_p: only the fewest likeliest that
    reach p. Raises BadInput where a number is outside its range.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        rules = (
            (f"temperature = {self.temperature}", 0 < self.temperature < float("inf"), "finite and above 0"),
            (f"top_k = {self.top_k}", self.top_k is None or self.top_k >= 1, "at least 1"),
            (f"top_p = {self.top_p}", self.top_p is None or 0 < self.top_p <= 1, "above 0 and at most 1"),
        )
        for value, kept, rule in rules:
            if not kept:
                raise BadInput(value=value, rule=f"it must be {rule}", remedy="give such a number, or leave it out")

    def of(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, V) probabilities to (n, V) probabilities of what is chosen."""
        with np.errstate(divide="ignore"):
            scores = np.log(rows) / self.temperature
        if self.top_k is not None and self.top_k < rows.shape[1]:
            least = np.partition(scores, -self.top_k, axis=1)[:, -self.top_k, None]
            scores = np.where(scores >= least, scores, -np.inf)
        found = np.exp(scores - scores.max(axis=1, keepdims=True))
        found /= found.sum(axis=1, keepdims=True)
        if self.top_p is not None and self.top_p < 1:
            order = np.argsort(-found, axis=1, kind="stable")
            ranked = np.take_along_axis(found, order, axis=1)
            before = ranked.cumsum(axis=1) - ranked
            kept = np.zeros(found.shape, np.bool_)
            np.put_along_axis(kept, order, before < self.top_p, axis=1)
            found = np.where(kept, found, 0.0)
            found /= found.sum(axis=1, keepdims=True)
        return found

    @property
    def told(self) -> str:
        """In words."""
        parts = [f"temperature {self.temperature:g}"]
        if self.top_k is not None:
            parts.append(f"top-k {self.top_k}")
        if self.top_p is not None:
            parts.append(f"top-p {self.top_p:g}")
        return ", ".join(parts)
