"""A coarse picture of a chain: windows lumped into cells, and how likely each cell is to come to the event in time.

It leads samples there; they carry weights that make up for it, so that a bad picture costs variance, not truth. Cells
know how far the wanted string has been said (Knuth, Morris & Pratt 1977), to which cluster the newest token belongs and
to which most of the window; clusters are of tokens after which alike things are said.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.sampled.chain import LogLaw, TextChain, Tokens
from corrigible.chains.sampled.events import Event, Question
from corrigible.chains.sampled.information import clusters
from corrigible.chains.sampled.walks import last, walk

FLOOR: Final = 1e-12
"""No cell counts as less likely to come to the event than the likeliest one times this: the picture may be wrong."""

LEAN: Final = 0.5
"""Windows that what is known of like cells counts for."""

Row = NDArray[np.float64]
Cell = NDArray[np.int64]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """automaton: (J + 1, V) how far the string is said after a token, J for whole. cluster: (V,) of tokens, below C.

    members: (V,) tokens of which a window's share matters, counted up to `most`, instead of a string.
    """

    automaton: NDArray[np.int64]
    cluster: NDArray[np.int64]
    groups: int
    members: NDArray[np.bool_] | None = None
    most: int = 0

    @property
    def count(self) -> int:
        """(J + 1) C C 2, or with members counted instead of a string."""
        return self._stages * self.groups**2 * 2

    @property
    def _stages(self) -> int:
        return len(self.automaton) if self.members is None else self.most + 1

    def of(self, windows: Tokens) -> NDArray[np.int64]:
        """(n,) cells of windows (n, L)."""
        clustered = self.cluster[windows]
        most, firm = self._mode(self._counts(clustered), clustered[:, -1])
        return self._cell(self._progress(windows), clustered[:, -1], most, firm)

    def after(self, windows: Tokens, window: int) -> NDArray[np.int64]:
        """(n, V) cells of what each token would lead to; `window` is the most that is kept."""
        kept = windows[:, 1:] if windows.shape[1] >= window else windows
        counts = self._counts(self.cluster[kept])
        most, firm = np.empty((2, len(windows), self.groups), np.int64)
        for group in range(self.groups):
            more = counts.copy()
            more[:, group] += 1
            most[:, group], firm[:, group] = self._mode(more, np.full(len(windows), group))
        if self.members is None:
            progress = self.automaton[self._progress(kept)]
        else:
            progress = np.minimum(self._progress(kept)[:, None] + self.members[None, :], self.most)
        return self._cell(progress, self.cluster[None, :], most[:, self.cluster], firm[:, self.cluster])

    def _progress(self, windows: Tokens) -> NDArray[np.int64]:
        if self.members is not None:
            return np.minimum(self.members[windows].sum(axis=1), self.most)
        progress = np.zeros(len(windows), np.int64)
        for column in windows.T:
            progress = self.automaton[progress, column]
        return progress

    def _counts(self, clustered: NDArray[np.int64]) -> NDArray[np.int64]:
        n = len(clustered)
        code = np.arange(n)[:, None] * self.groups + clustered
        return np.bincount(code.ravel(), minlength=n * self.groups).reshape(n, self.groups)

    def pooled(self, total: Row, weight: Row) -> Row:
        """(count, d) sums and (count,) weights to means; cells with little weight lean on cells that are like them."""
        shape = (self._stages, self.groups, self.groups, 2)
        total, weight = total.reshape(*shape, -1), weight.reshape(*shape, 1)
        mean = total.sum(axis=(0, 1, 2, 3), keepdims=True) / max(float(weight.sum()), 1e-300)
        for apart in ((1, 2, 3), (1, 3), (3,), ()):  # cells are told apart by more and more
            mean = (total.sum(axis=apart, keepdims=True) + LEAN * mean) / (weight.sum(axis=apart, keepdims=True) + LEAN)
        return np.broadcast_to(mean, (*shape, mean.shape[-1])).reshape(self.count, -1)

    def _mode(
        self, counts: NDArray[np.int64], newest: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The cluster of most tokens, the newest one's where several are; and whether it has three quarters of them."""
        doubled = 2 * counts
        doubled[np.arange(len(counts)), newest] += 1
        most = doubled.argmax(axis=1)
        held = counts[np.arange(len(counts)), most]
        return most, (4 * held >= 3 * counts.sum(axis=1)).astype(np.int64)

    def _cell(self, progress: Cell, newest: Cell, most: Cell, firm: Cell) -> Cell:
        return ((progress * self.groups + newest) * self.groups + most) * 2 + firm


def automaton(string: tuple[int, ...], size: int) -> NDArray[np.int64]:
    """(J + 1, V): how much of the string a text ends in, after one more token (Knuth, Morris & Pratt 1977)."""
    J = len(string)
    table = np.zeros((J + 1, size), np.int64)
    fallen = 0
    for j in range(J + 1):
        table[j] = table[fallen] if j else 0
        if j < J:
            table[j, string[j]] = j + 1
            if j:
                fallen = int(table[fallen, string[j]])
    return table


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Surrogate:
    """value: (T + 1, C) chances that a cell comes to the event, with T, .., 0 tokens to go (row t: at step t)."""

    cells: Cells
    value: Row

    def log_of(self, windows: Tokens, t: int) -> Row:
        """(n,) logarithm of the chance at step t."""
        return np.log(self.value[t][self.cells.of(windows)])

    def log_after(self, windows: Tokens, window: int, t: int) -> LogLaw:
        """(n, V) logarithm of the chance at step t of what each token leads to."""
        return np.log(self.value[t])[self.cells.after(windows, window)]


def token_clusters(chain: TextChain, texts: Tokens, groups: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """(V,) clusters of tokens, by the chain's own features, else by what comes before and after them in texts (n, T).

    Without features, tokens that are in no text are in cluster 0.
    """
    known = chain.features()
    if known is not None:
        return clusters(known, groups, generator)
    V = chain.size
    frequent = np.argsort(-np.bincount(texts.ravel(), minlength=V), kind="stable")[: min(V, 64)]
    place = np.full(V, len(frequent))
    place[frequent] = np.arange(len(frequent))
    width = len(frequent) + 1
    features = np.zeros((V, 2 * width))
    np.add.at(features, (texts[:, :-1].ravel(), place[texts[:, 1:].ravel()]), 1.0)
    np.add.at(features, (texts[:, 1:].ravel(), width + place[texts[:, :-1].ravel()]), 1.0)
    seen = np.flatnonzero(features.sum(axis=1) > 0)
    rows = np.sqrt(features[seen] / features[seen].sum(axis=1, keepdims=True))
    found = np.zeros(V, np.int64)
    found[seen] = clusters(rows, groups, generator)
    return found


def fitted(
    question: Question,
    generator: np.random.Generator,
    *,
    groups: int = 4,
    texts: int = 64,
    extra: Tokens | None = None,
) -> Surrogate:
    """From `texts` texts that the chain says after the start: as it is, at twice its temperature, and after the string;
    cut short at any moment, with parts of the event planted in them, and with ends of one another.

    extra: (n, K) more windows to learn from, such as those that an earlier picture led to.
    """
    chain, event = question.chain, question.event
    string = event.string or ()
    said = _explored(question, texts, generator)
    made = Cells(
        automaton=automaton(string, chain.size) if string else np.zeros((1, chain.size), np.int64),
        cluster=token_clusters(chain, said, groups, generator),
        groups=groups,
        members=event.members,
        most=event.least,
    )
    windows = _windows(said, question.start.size, chain.window, generator)
    windows += [
        *(_planted(window, event, generator) for window in windows),
        *(_spliced(window, said, generator) for window in windows),
    ]
    if extra is not None and len(extra):
        windows.append(extra)
    kernel, caught = _kernel(chain, made, event, windows, absorbed=not question.at_end)
    return Surrogate(cells=made, value=_solved(kernel, caught, question.steps, question.at_end))


def _explored(question: Question, texts: int, generator: np.random.Generator) -> Tokens:
    """(texts, L + T)."""
    chain, start, steps = question.chain, question.start, question.steps
    begun = question.rows(texts)
    if question.event.string is not None:
        begun[: texts // 3] = np.concatenate([start, np.array(question.event.string)])[-start.size :]
    hot = texts // 3
    return np.concatenate(
        [
            walk(chain, begun[:-hot], steps, generator.random((texts - hot, steps))).tokens,
            walk(chain, begun[-hot:], steps, generator.random((hot, steps)), temperature=2.0).tokens,
        ]
    )


def _windows(said: Tokens, begun: int, window: int, generator: np.random.Generator) -> list[Tokens]:
    """States at a few moments, each (n, L)."""
    moments = np.unique(generator.integers(begun, said.shape[1] + 1, size=8))
    return [last(said[:, :moment], window) for moment in moments]


def _spliced(windows: Tokens, said: Tokens, generator: np.random.Generator) -> Tokens:
    """With the end of each replaced by a piece of another text, of a length that is drawn: contexts that change."""
    found = windows.copy()
    for row in found:
        length = int(generator.integers(1, row.size + 1))
        text = said[int(generator.integers(len(said)))]
        begin = int(generator.integers(text.size - length + 1))
        row[row.size - length :] = text[begin : begin + length]
    return found


def _planted(windows: Tokens, event: Event, generator: np.random.Generator) -> Tokens:
    """With a part of the event at the end, of a length that is drawn for each; as long as before."""
    found = []
    for row in windows:
        if event.string is not None:
            part = np.array(event.string[: int(generator.integers(1, len(event.string) + 1))])
        elif event.members is not None:
            among = np.flatnonzero(event.members)
            part = generator.choice(among, int(generator.integers(1, event.least + 1)))
        else:
            part = row[:0]
        found.append(np.concatenate([row, part])[-row.size :])
    return np.array(found)


def _kernel(chain: TextChain, cells: Cells, event: Event, windows: list[Tokens], *, absorbed: bool) -> tuple[Row, Row]:
    """(C, C) coarse kernel, and (C,) probability to come to the event in one step; `absorbed`: that is the end then."""
    C = cells.count
    flow, hits, weight = np.zeros((C, C)), np.zeros(C), np.zeros(C)
    for group in windows:
        law = np.exp(chain.log_law(group))
        here, there = cells.of(group), cells.after(group, chain.window)
        met = event_after(event, group, chain.window, chain.size)
        for k in range(len(group)):
            goes_on = np.where(met[k], 0.0, law[k]) if absorbed else law[k]
            flow[here[k]] += np.bincount(there[k], weights=goes_on, minlength=C)
            hits[here[k]] += float(law[k][met[k]].sum())
        np.add.at(weight, here, 1.0)
    smooth = cells.pooled(np.concatenate([flow, hits[:, None]], axis=1), weight)
    return smooth[:, :-1], smooth[:, -1]


def event_after(event: Event, windows: Tokens, window: int, size: int) -> NDArray[np.bool_]:
    """(n, V) whether the event is met when each token is said next. A string is looked up, a predicate tried."""
    kept = windows[:, 1:] if windows.shape[1] >= window else windows
    found = np.zeros((len(windows), size), np.bool_)
    if event.string is not None:
        string = np.array(event.string)
        if kept.shape[1] >= string.size - 1:
            ends = kept[:, kept.shape[1] - string.size + 1 :] == string[:-1]
            found[ends.all(axis=1), string[-1]] = True
        return found
    for k, row in enumerate(kept):
        tried = np.concatenate([np.repeat(row[None, :], size, axis=0), np.arange(size)[:, None]], axis=1)
        found[k] = event.test(tried)
    return found


def _solved(kernel: Row, caught: Row, steps: int, at_end: bool) -> Row:
    """(T + 1, C) chances, never below FLOOR of the greatest. `at_end`: only the last step counts."""
    value = np.zeros((steps + 1, len(caught)))
    for t in range(steps - 1, -1, -1):
        value[t] = kernel @ value[t + 1] + (caught if not at_end or t == steps - 1 else 0.0)
    least = FLOOR * value.max(axis=1, keepdims=True)
    return np.maximum(value, np.where(least > 0, least, 1.0))
