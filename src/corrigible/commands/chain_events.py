"""`corrigible chain reverse` and `rare`: by what chain of events it comes to say something, and how likely that is."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact.classes import classes_of
from corrigible.chains.exact.hitting import hit_within, hitting_time, holding
from corrigible.chains.exact.reverse import Past, past
from corrigible.chains.exact.stationary import stationary
from corrigible.chains.exact.windows import WindowChain
from corrigible.chains.sampled.events import mostly, windows_where
from corrigible.commands.answer import Answer, table
from corrigible.commands.chain import Asked, start_of
from corrigible.errors import BadInput
from corrigible.seeding import stream

SHOWN: Final = 8
"""Chains of events that are listed."""

MOST_KEPT: Final = 1 << 30
"""Bytes of laws that are kept to walk backwards."""


def answer_reverse(asked: Asked, *, final: str, steps: int, prompt: str | None, count: int, seed: int) -> Answer:
    """The likeliest chain of events, the commonest of a sample, and where the end became likely."""
    if steps < 1 or count < 1:
        raise BadInput(value=f"--steps {steps} --count {count}", rule="both are at least 1", remedy="give larger ones")
    chain = asked.chain()
    if 8 * (steps + 1) * chain.states > MOST_KEPT:
        raise BadInput(
            value=f"--steps {steps} over {chain.states:,} windows",
            rule=f"their laws take at most {MOST_KEPT >> 20} MiB",
            remedy=f"ask for at most {MOST_KEPT // (8 * chain.states) - 1} steps, or use a smaller window",
        )
    start, prior = _start(chain, prompt)
    told = past(chain, start, steps)
    end = chain.spelt(final.split())
    walk, share = told.likeliest(end)
    walks = told.sample(end, count, stream(seed, "chain", "reverse"))
    common = Counter(map(tuple, walks.tolist())).most_common()
    near = told.foreseen(walk)
    ways = [{"says": _said(chain, np.array(found)), "share": k / count} for found, k in common]
    data: dict[str, Any] = {
        "model": asked.model,
        "final": chain.words(end),
        "steps": steps,
        "prior": prior,
        "probability": told.probability(end),
        "likeliest": {"says": _said(chain, walk), "share": share, "foreseen": near.tolist()},
        "sampled": ways[:SHOWN],
        "tokens": _marginals(chain, told, end),
        "samples": count,
    }
    lines = [
        asked.told(chain),
        "",
        f"It says {data['final']!r} {steps} steps after {prior} with probability {data['probability']:.4g}.",
        f"The likeliest way there, {share:.1%} of all: {_said(chain, walk)}",
        f"The end came near: {_turn(chain, walk, near)}.",
        "",
        f"Of {count} ways that were drawn backwards from the exact posterior:",
        *table(("share", "chain of events"), [(f"{row['share']:.1%}", row["says"]) for row in data["sampled"]]),
    ]
    if asked.report is not None:
        from corrigible.commands.chain_page import write_events

        lines += ["", *write_events(asked, chain, {**data, "ways": ways})]
    return Answer(data=data, lines=tuple(lines))


def _start(chain: WindowChain, prompt: str | None) -> tuple[NDArray[np.float64], str]:
    if prompt is not None:
        return start_of(chain, prompt), repr(prompt)
    classes = classes_of(chain)
    if len(classes.recurrent) != 1:
        raise BadInput(
            value="no --prompt",
            rule=f"the chain has {len(classes.recurrent)} classes, so its long run depends on the start",
            remedy="give a --prompt",
        )
    return stationary(chain, classes.recurrent[0]).law, "a start drawn from its long run"


def _said(chain: WindowChain, walk: NDArray[np.int64]) -> str:
    """First window, then what was said."""
    return " ".join([chain.words(int(walk[0])), "|", *(chain.vocabulary[int(s) % chain.tokens] for s in walk[1:])])


def _turn(chain: WindowChain, walk: NDArray[np.int64], near: NDArray[np.float64]) -> str:
    """The step at which the end's odds rose most, in words."""
    with np.errstate(divide="ignore"):
        odds = np.log(near)
    rise = int(np.argmax(np.diff(odds)))
    token = chain.vocabulary[int(walk[rise + 1]) % chain.tokens]
    return (
        f"most at step {rise + 1}, with {token!r}: its probability rose from {near[rise]:.3g} to {near[rise + 1]:.3g}"
    )


def _marginals(chain: WindowChain, told: Past, end: int) -> list[list[dict[str, Any]]]:
    """By step, the likeliest newest tokens given the end."""
    newest = np.arange(chain.states) % chain.tokens
    found: list[list[dict[str, Any]]] = []
    for law in told.posterior(end):
        shares = np.bincount(newest, weights=law, minlength=chain.tokens)
        top: Sequence[int] = np.argsort(-shares, kind="stable")[:3].tolist()
        found.append([{"token": chain.vocabulary[k], "share": float(shares[k])} for k in top if shares[k] > 0])
    return found


def event_told(event: str, together: int | None) -> str:
    """In words."""
    return repr(event) if together is None else f"{together} or more of {event!r} within a window"


def _together(chain: WindowChain, tokens: tuple[int, ...], least: int) -> NDArray[np.bool_]:
    """(N,) windows in which so many tokens are among those; BadInput where none can be."""
    if not tokens or not 1 <= least <= chain.window:
        raise BadInput(
            value=f"--together {least} of {len(tokens)} tokens",
            rule=f"some tokens are named, and a window holds 1 to {chain.window}",
            remedy="give another number",
        )
    members = np.isin(np.arange(chain.tokens), tokens)
    return windows_where(chain, mostly(members, least, ""))


def answer_rare(asked: Asked, *, event: str, together: int | None, steps: int, prompt: str | None) -> Answer:
    """Probability to have said it within 1, 2, .. steps, exact; mean waiting time."""
    if steps < 1:
        raise BadInput(value=f"--steps {steps}", rule="it is at least 1", remedy="give a larger one")
    chain = asked.chain()
    places = {word: k for k, word in enumerate(chain.vocabulary)}
    words = event.split()
    unknown = next((word for word in words if word not in places), None)
    if unknown is not None:
        raise BadInput(
            value=f"token {unknown!r} of --event", rule="it is in the vocabulary", remedy="spell it as the model does"
        )
    tokens = tuple(places[word] for word in words)
    target = holding(chain, tokens) if together is None else _together(chain, tokens, together)
    start, prior = _start(chain, prompt)
    reached = hit_within(chain, start, target, steps)
    times = hitting_time(chain, target)
    known = start > 0
    waiting = float((start[known] * times[known]).sum())
    data: dict[str, Any] = {
        "model": asked.model,
        "event": event_told(event, together),
        "prior": prior,
        "steps": steps,
        "probability": float(reached[-1]),
        "by step": reached.tolist(),
        "mean steps": waiting if np.isfinite(waiting) else None,
    }
    lines = [
        asked.told(chain),
        "",
        f"Within {steps} steps of {prior} it says {data['event']} with probability {reached[-1]:.6g} (exact: "
        "all windows are summed over).",
        f"On average it takes {waiting:.4g} steps."
        if np.isfinite(waiting)
        else "It may never be said: the mean is infinite.",
    ]
    if asked.report is not None:
        from corrigible.commands.chain_page import write_rare

        lines += ["", *write_rare(asked, chain, data)]
    return Answer(data=data, lines=tuple(lines))
