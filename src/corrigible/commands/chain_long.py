"""`corrigible chain stationary` and `loops` where windows cannot be enumerated: long texts, and what they come to."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact.greedy import brent
from corrigible.chains.exact.regret import entropy_of
from corrigible.chains.sampled.attractors import Attractors, attractors, landscape
from corrigible.chains.sampled.chain import LogLaw, TextChain
from corrigible.chains.sampled.drift import changed, curve, resampled
from corrigible.chains.sampled.information import information_of
from corrigible.chains.sampled.walks import walk
from corrigible.commands.answer import Answer, table
from corrigible.commands.chain import Asked
from corrigible.commands.chain_drift import GROUPS, change_data, classes_of_tokens, counted_data, curve_data
from corrigible.commands.chain_estimated import begun
from corrigible.commands.progress import progress_bar
from corrigible.errors import BadInput
from corrigible.seeding import stream

MOST_GREEDY: Final = 600
"""Greedy tokens after which a loop is no longer waited for."""

MOST_LAG: Final = 64


def answer_settling(asked: Asked, *, prompt: str | None, texts: int, steps: int, lags: int, seed: int) -> Answer:
    """Where long texts settle: how sure the model is, early and late, and how far a token tells of another."""
    chain, start = _begun(asked, prompt, texts, steps)
    entropy = np.empty((texts, steps))
    with progress_bar("Going on with texts") as bar:

        def seen(t: int, law: LogLaw) -> None:
            entropy[:, t] = entropy_of(np.exp(law))
            bar.advance("Going on with texts", t + 1, steps)

        rows = np.repeat(start[None, :], texts, axis=0)
        said = walk(chain, rows, steps, stream(seed, "chain", "long").random((texts, steps)), seen=seen).said
    weights = resampled(texts, stream(seed, "chain", "bootstrap"))
    found = curve(entropy, weights)
    change = changed(found.mean, weights @ entropy / texts)
    asked_lags = tuple(lag for lag in (1, 2, 4, 8, 16, 32, 64) if lag <= min(lags, steps - 1, MOST_LAG))
    told = information_of(said, asked_lags, stream(seed, "chain", "information"), classes=classes_of_tokens(chain))
    data: dict[str, Any] = {
        "model": asked.model, "chain": chain.name, "prior": repr(prompt), "texts": texts, "steps": steps, "seed": seed,
        "entropy": curve_data(found), "change": change_data(change),
        "information": {
            "clusters": GROUPS, "lags": told.lags.tolist(), "value": told.value.tolist(), "low": told.low.tolist(),
            "high": told.high.tolist(),
        },
        "loops": loops_data(chain, attractors(said)),
        "spent": chain.spent.told,
    }  # fmt: skip
    lines = _settling_lines(data)
    if asked.report is not None:
        from corrigible.commands.chain_page_sampled import write_settling_sampled

        lines += ["", *write_settling_sampled(asked, data)]
    return Answer(data=data, lines=tuple(lines))


def _settling_lines(data: dict[str, Any]) -> list[str]:
    change, told = data["change"], data["information"]
    rows = [
        (str(lag), f"{value:.3g} [{low:.2g}, {high:.2g}]")
        for lag, value, low, high in zip(told["lags"], told["value"], told["low"], told["high"], strict=True)
    ]
    return [
        f"{data['chain']}.",
        f"{data['texts']} texts of {data['steps']} tokens after {data['prior']}.",
        "",
        f"New at each step: {change['early']:.3g} nats early, {change['late']:.3g} late; change "
        f"{change['change']:+.3g} [{change['low']:.3g}, {change['high']:.3g}]{_settled(change['low'], change['high'])}",
        *_loop_lines(data["loops"]),
        "",
        f"What a token tells of later ones, nats, between {GROUPS} clusters of tokens (a lower bound):",
        *table(("tokens later", "nats"), rows),
        "",
        f"Spent: {data['spent']}.",
    ]


def _settled(low: float, high: float) -> str:
    return ": it is still on its way." if low > 0 or high < 0 else ": no change can be told."


def _begun(asked: Asked, prompt: str | None, texts: int, steps: int) -> tuple[TextChain, NDArray[np.int64]]:
    if texts < 8 or steps < 8:
        raise BadInput(value=f"--texts {texts} --steps {steps}", rule="both are at least 8", remedy="give more")
    return begun(asked, prompt)


def loops_data(chain: TextChain, found: Attractors) -> dict[str, Any]:
    """As JSON has it."""
    return {
        "caught": counted_data(found.caught),
        "again": {str(r): counted_data(one) for r, one in found.repeats.items()},
        "escape": counted_data(found.escape) if found.loops else None,
        "dwell": found.dwell if np.isfinite(found.dwell) else None,
        "phrases": [
            {"says": chain.text(np.array(phrase)), "texts": count, "tokens": spent}
            for phrase, count, spent in landscape(found)
        ],
    }


def _loop_lines(loops: dict[str, Any]) -> list[str]:
    caught = loops["caught"]
    lines = [
        f"Loops: {caught['hits']} of {caught['of']} texts fall into one ({caught['share']:.0%} "
        f"[{caught['low']:.0%}, {caught['high']:.0%}])."
    ]
    lines += [
        f"  after {r} rounds it comes round once more in {one['hits']} of {one['of']} ({one['share']:.0%} "
        f"[{one['low']:.0%}, {one['high']:.0%}])"
        for r, one in loops["again"].items()
    ]
    if loops["escape"] is not None:
        one = loops["escape"]
        dwell = "was never left" if loops["dwell"] is None else f"lasts {loops['dwell']:.0f} tokens more on average"
        lines.append(
            f"  a loop is left at a token with probability {one['share']:.3f} [{one['low']:.3f}, {one['high']:.3f}]; "
            f"one {dwell}"
        )
    return lines


def answer_loops_sampled(asked: Asked, *, prompt: str | None, texts: int, steps: int, seed: int) -> Answer:
    """The greedy loop of a prompt, and the loops that sampled texts fall into."""
    chain, start = _begun(asked, prompt, texts, steps)
    with progress_bar("Saying the likeliest token") as bar:
        greedy = greedy_loop(chain, start)
        bar.say("Going on with texts")
        rows = np.repeat(start[None, :], texts, axis=0)
        said = walk(chain, rows, steps, stream(seed, "chain", "loops").random((texts, steps))).said
    data: dict[str, Any] = {
        "model": asked.model, "chain": chain.name, "prior": repr(prompt), "texts": texts, "steps": steps, "seed": seed,
        "greedy": greedy, "loops": loops_data(chain, attractors(said)), "spent": chain.spent.told,
    }  # fmt: skip
    shown = data["loops"]["phrases"]
    lines = [
        f"{chain.name}.",
        "",
        _greedy_told(greedy, prompt),
        f"{texts} texts of {steps} tokens after {prompt!r}:",
        *_loop_lines(data["loops"]),
    ]
    if shown:
        rows_told = [(str(row["texts"]), str(row["tokens"]), repr(row["says"])) for row in shown]
        lines += ["", *table(("texts", "tokens", "says over and over"), rows_told)]
    lines += ["", f"Spent: {data['spent']}."]
    if asked.report is not None:
        from corrigible.commands.chain_page_sampled import write_loops_sampled

        lines += ["", *write_loops_sampled(asked, data)]
    return Answer(data=data, lines=tuple(lines))


def greedy_loop(chain: TextChain, start: NDArray[np.int64]) -> dict[str, Any] | None:
    """Tokens before the loop of greedy decoding, its period and what it says; None: none within some hundred tokens."""

    def step(window: tuple[int, ...]) -> tuple[int, ...]:
        law = chain.log_law(np.array([window]))
        return (*window, int(law[0].argmax()))[-chain.window :]

    begun = tuple(start.tolist())
    try:
        tail, period = brent(step, begun, most=MOST_GREEDY)
    except BadInput:
        return None
    window = begun
    for _ in range(tail):
        window = step(window)
    said: list[int] = []
    for _ in range(period):
        window = step(window)
        said.append(window[-1])
    return {"steps before": tail, "period": period, "says": chain.text(np.array(said))}


def _greedy_told(greedy: dict[str, Any] | None, prompt: str | None) -> str:
    if greedy is None:
        return f"Saying the likeliest token, {MOST_GREEDY} tokens after {prompt!r} were not enough to close a loop."
    return (
        f"Saying the likeliest token, from {prompt!r} it loops after {greedy['steps before']} tokens, with period "
        f"{greedy['period']}: {greedy['says']!r}"
    )
