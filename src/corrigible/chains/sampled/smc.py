"""Sequential Monte Carlo towards an event: samples are led by a score and weighted, so that their mean is unbiased.

Twists and proposals after Whiteley & Lee 2014 and Zhao et al. 2024 (arXiv:2404.17546); the conditional sweep that keeps
one path is particle Gibbs (Andrieu, Doucet & Holenstein 2010).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.sampled.chain import LogLaw, Tokens
from corrigible.chains.sampled.events import Question
from corrigible.chains.sampled.surrogate import Surrogate, event_after, fitted
from corrigible.chains.sampled.walks import drawn_tokens, last
from corrigible.errors import BadInput

RESAMPLED_BELOW: Final = 0.5
"""Share of effective samples."""

OWN: Final = 0.1
"""Share of the tokens that is proposed by the chain itself, in case the score is wrong."""

Row = NDArray[np.float64]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Particles:
    """log_z: logarithm of the unbiased estimate of the event's probability, -inf where no sample met it.

    texts: (n, L + T) tokens, starts included; weight: (n,) sum to 1, those of samples that met the event.
    met: (n,) after how many tokens, -1 if never. line: (n, T) which sample each token was drawn by: samples that share
    it have that token, and all before it, from one draw.
    """

    log_z: float
    texts: Tokens
    weight: Row
    met: NDArray[np.int64]
    line: NDArray[np.int64]


def particles(
    question: Question,
    score: Surrogate,
    count: int,
    generator: np.random.Generator,
    *,
    kept: Tokens | None = None,
) -> Particles:
    """Lead `count` texts to the event.

    Most tokens are proposed in proportion to their probability times the score of what they lead to. kept: (L + T,) a
    text that meets the event and stays as the first sample (a conditional sweep). Raises BadInput for no sample.
    """
    if count < 1:
        raise BadInput(value=f"{count} samples", rule="there is one at least", remedy="give more")
    run = _Run(question, score, count, generator, kept)
    for t in range(question.steps):
        run.step(t)
    return run.ended()


class _Run:
    def __init__(
        self,
        question: Question,
        score: Surrogate,
        count: int,
        generator: np.random.Generator,
        kept: Tokens | None,
    ) -> None:
        self.question, self.chain, self.steps = question, question.chain, question.steps
        self.score, self.generator, self.kept = score, generator, kept
        self.begun = question.start.size
        self.texts = np.zeros((count, self.begun + self.steps), np.int64)
        self.texts[:, : self.begun] = question.start
        self.met = np.full(count, -1)
        first = last(self.texts[:1, : self.begun], self.chain.window)
        self.log_weight = np.full(count, float(score.log_of(first, 0)[0]))
        self.log_z = 0.0
        self.line = np.zeros((count, self.steps), np.int64)

    def step(self, t: int) -> None:
        """Propose, weigh, resample."""
        live = np.flatnonzero(self.met < 0)
        if live.size:
            self._propose(live, t)
        self._resample(t)

    def _propose(self, live: NDArray[np.int64], t: int) -> None:
        begun, window = self.begun + t, self.chain.window
        windows = last(self.texts[live, :begun], window)
        law = self.chain.log_law(windows)
        met = self._meets(windows, t)
        if t == self.steps - 1:
            chances = np.where(met, 0.0, -np.inf)
        else:
            chances = np.where(met, 0.0, self.score.log_after(windows, window, t + 1))
        led = law + chances
        proposed = mixed(law, led)
        token = drawn_tokens(proposed, self.generator.random(live.size))
        if self.kept is not None and live[0] == 0:
            token[0] = self.kept[begun]
        rows = np.arange(live.size)
        self.line[:, t] = np.arange(len(self.line))
        self.texts[live, begun] = token
        self.log_weight[live] += led[rows, token] - proposed[rows, token] - self.score.log_of(windows, t)
        self.met[live[met[rows, token]]] = t + 1

    def _meets(self, windows: Tokens, t: int) -> NDArray[np.bool_]:
        """(n, V) which tokens meet the event, if it counts now."""
        if self.question.at_end and t < self.steps - 1:
            return np.zeros((len(windows), self.chain.size), np.bool_)
        return event_after(self.question.event, windows, self.chain.window, self.chain.size)

    def _resample(self, t: int) -> None:
        mass = _log_sum(self.log_weight[None, :])[0]
        if not math.isfinite(mass):
            return
        weight = np.exp(self.log_weight - mass)
        effective = 1.0 / float((weight**2).sum())
        count = len(weight)
        if t == self.steps - 1 or effective >= RESAMPLED_BELOW * count:
            return
        self.log_z += mass - math.log(count)
        if self.kept is None:
            chosen = systematic(weight, self.generator)
        else:
            chosen = np.concatenate([[0], drawn_from(weight, count - 1, self.generator)])
        self.texts, self.met, self.line = self.texts[chosen], self.met[chosen], self.line[chosen]
        self.log_weight = np.zeros(count)

    def ended(self) -> Particles:
        """What is left has the event's weight alone: at the last step the score is the event itself."""
        counted = np.where(self.met >= 0, self.log_weight, -np.inf)
        mass = float(_log_sum(counted[None, :])[0])
        weight = np.exp(counted - mass) if math.isfinite(mass) else np.zeros(len(counted))
        log_z = self.log_z + mass - math.log(len(counted)) if math.isfinite(mass) else -math.inf
        return Particles(log_z=log_z, texts=self.texts, weight=weight, met=self.met, line=self.line)


def lineages(runs: Sequence[Particles], share: Row) -> Row:
    """(T,) how many independent draws what is said at each step rests on; share: (R,) of runs, summing to 1."""
    squares = np.zeros(runs[0].line.shape[1])
    for run, part in zip(runs, share, strict=True):
        for t in range(squares.size):
            mass = np.bincount(run.line[:, t], weights=run.weight * part)
            squares[t] += float((mass**2).sum())
    return 1.0 / np.maximum(squares, 1e-300)


def mixed(law: LogLaw, led: LogLaw) -> LogLaw:
    """(n, V) what is proposed: mostly what is led, in part (OWN) the law itself, and that alone where nothing leads."""
    total = _log_sum(led)
    leads = np.isfinite(total)[:, None]
    normed = led - np.where(leads, total[:, None], 0.0) + math.log1p(-OWN)
    return np.where(leads, np.logaddexp(normed, law + math.log(OWN)), law)


def learnt(
    question: Question,
    count: int,
    generator: np.random.Generator,
    *,
    groups: int = 4,
    texts: int = 64,
    rounds: int = 2,
) -> Surrogate:
    """A picture that was fitted, led `count` samples, and was fitted anew to where these came, `rounds` times."""
    score = fitted(question, generator, groups=groups, texts=texts)
    begun, window = question.start.size, question.chain.window
    for _ in range(rounds):
        led = particles(question, score, count, generator)
        full = range(max(0, window - begun), question.steps)
        seen = [last(led.texts[(led.met < 0) | (led.met > t), : begun + t], window) for t in full]
        extra = generator.permutation(np.concatenate(seen))[: 8 * texts] if seen else None
        score = fitted(question, generator, groups=groups, texts=texts, extra=extra)
    return score


def systematic(weight: Row, generator: np.random.Generator) -> NDArray[np.int64]:
    """(n,) which samples go on, with one uniform number (Kitagawa 1996)."""
    n = len(weight)
    at = (generator.random() + np.arange(n)) / n
    return np.minimum(np.searchsorted(weight.cumsum() / weight.sum(), at), n - 1)


def drawn_from(weight: Row, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """(count,) drawn independently."""
    reached = weight.cumsum()
    return np.minimum(np.searchsorted(reached / reached[-1], generator.random(count)), len(weight) - 1)


def _log_sum(rows: Row) -> Row:
    """(n, m) to (n,): logarithm of the sum of exponentials; -inf where all are."""
    greatest = rows.max(axis=1)
    safe = np.where(np.isfinite(greatest), greatest, 0.0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(rows - safe[:, None]).sum(axis=1)) + safe
