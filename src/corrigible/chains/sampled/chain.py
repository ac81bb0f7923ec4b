"""What every estimator asks of a chain: the law of the next token after a window. Enumerated chains answer as well, so
that each estimator can be held against the exact answer.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact.windows import WindowChain
from corrigible.errors import BadInput

Tokens = NDArray[np.int64]
LogLaw = NDArray[np.float64]

MOST_REMEMBERED: Final = 256 << 20
"""Bytes of laws that a cache holds."""


@dataclass(kw_only=True)
class Spent:
    """What answers have cost so far. tokens: read by the model; laws: asked for; remembered: of these, not computed."""

    tokens: int = 0
    laws: int = 0
    remembered: int = 0

    def since(self, before: "Spent") -> "Spent":
        """The difference from an earlier reading."""
        return Spent(
            tokens=self.tokens - before.tokens,
            laws=self.laws - before.laws,
            remembered=self.remembered - before.remembered,
        )

    def copy(self) -> "Spent":
        """As it is now."""
        return Spent(tokens=self.tokens, laws=self.laws, remembered=self.remembered)

    @property
    def told(self) -> str:
        """In words."""
        saved = f", {self.remembered:,} of them remembered" if self.remembered else ""
        return f"{self.tokens:,} tokens were read for {self.laws:,} laws of the next token{saved}"


class TextChain(Protocol):
    """Tokens are numbers below `size`; a state is the last `window` of them, or fewer where a text is still short."""

    spent: Spent

    @property
    def window(self) -> int:
        """K."""
        ...

    @property
    def name(self) -> str:
        """Which chain of which model, for reports."""
        ...

    @property
    def size(self) -> int:
        """V."""
        ...

    def log_law(self, windows: Tokens) -> LogLaw:
        """(n, L) tokens, L <= window, to (n, size) log-probabilities of what follows, nats; -inf where impossible."""
        ...

    def text(self, tokens: Tokens) -> str:
        """(L,) tokens as people read them."""
        ...

    def features(self) -> NDArray[np.floating[Any]] | None:
        """(size, d) by which tokens are alike; None where only what is said tells."""
        ...


@final
@dataclass(kw_only=True, eq=False)
class Enumerated:
    """An enumerated chain as an estimator sees it. Windows are always full."""

    chain: WindowChain
    spent: Spent = field(default_factory=Spent)

    @property
    def name(self) -> str:
        """For reports."""
        return f"{self.size} tokens in windows of {self.window}, enumerated"

    @property
    def window(self) -> int:
        """K."""
        return self.chain.window

    @property
    def size(self) -> int:
        """V."""
        return self.chain.tokens

    def log_law(self, windows: Tokens) -> LogLaw:
        """As TextChain says. Raises BadInput for windows that are not full."""
        if windows.shape[1] != self.window:
            raise BadInput(
                value=f"{windows.shape[1]} tokens", rule=f"a window holds {self.window}", remedy="give as many"
            )
        self.spent.laws += len(windows)
        self.spent.tokens += windows.size
        with np.errstate(divide="ignore"):
            return np.log(self.chain.law[self.numbers(windows)].astype(np.float64))

    def numbers(self, windows: Tokens) -> Tokens:
        """(n,) which windows they are."""
        return windows @ (self.size ** np.arange(self.window - 1, -1, -1))

    def features(self) -> None:
        """None are known."""

    def text(self, tokens: Tokens) -> str:
        """Its tokens, parted by blanks."""
        return " ".join(self.chain.vocabulary[int(token)] for token in tokens)


@final
@dataclass(kw_only=True, eq=False)
class LawCache:
    """Laws by window, in single precision; the one that was not asked for the longest goes first. Bounded in bytes."""

    most: int = MOST_REMEMBERED
    _laws: dict[bytes, NDArray[np.float32]] = field(default_factory=lambda: {})
    _held: int = 0

    def get(self, window: Tokens) -> NDArray[np.float32] | None:
        """The law (V,), which may not be written to; None where it is not known."""
        key = window.tobytes()
        law = self._laws.pop(key, None)
        if law is not None:
            self._laws[key] = law  # now the youngest
        return law

    def put(self, window: Tokens, law: NDArray[np.float32]) -> None:
        """Remember a copy."""
        if law.nbytes > self.most:
            return
        kept = law.copy()
        kept.flags.writeable = False
        old = self._laws.pop(window.tobytes(), None)
        self._held += kept.nbytes - (0 if old is None else old.nbytes)
        self._laws[window.tobytes()] = kept
        while self._held > self.most:
            eldest = next(iter(self._laws))
            self._held -= self._laws.pop(eldest).nbytes

    @property
    def held(self) -> int:
        """Bytes."""
        return self._held


def remembered(
    cache: LawCache, spent: Spent, windows: Tokens, size: int, ask: Callable[[Tokens], NDArray[np.float32]]
) -> LogLaw:
    """(n, size) laws: each window that is not in the cache is asked for once, however often it comes.

    What was asked for and remembered is counted in `spent`, tokens that were read for it are not.
    """
    unique, where = np.unique(windows, axis=0, return_inverse=True)
    found = np.empty((len(unique), size), np.float32)
    known = np.zeros(len(unique), np.bool_)
    for k, window in enumerate(unique):
        law = cache.get(window)
        if law is not None:
            found[k], known[k] = law, True
    missing = unique[~known]
    if len(missing):
        found[~known] = ask(missing)
        for window, law in zip(missing, found[~known], strict=True):
            cache.put(window, law)
    spent.laws += len(windows)
    spent.remembered += len(windows) - len(missing)
    return found[where.ravel()].astype(np.float64)
