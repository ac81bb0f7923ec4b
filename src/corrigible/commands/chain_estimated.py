"""`corrigible chain reverse` and `rare` where windows cannot be enumerated: what unrelated scores agree on."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.sampled.chain import Enumerated, TextChain, Tokens
from corrigible.chains.sampled.effort import Effort
from corrigible.chains.sampled.estimates import Estimate
from corrigible.chains.sampled.events import Event, Question, mostly, saying
from corrigible.chains.sampled.events_before import EventsBefore, events_before
from corrigible.chains.sampled.one_step import one_step
from corrigible.chains.sampled.rare import rare
from corrigible.chains.sampled.splitting import members_said
from corrigible.commands.answer import Answer, table
from corrigible.commands.chain import Asked
from corrigible.commands.chain_events import event_told
from corrigible.commands.progress import progress_bar
from corrigible.errors import BadInput
from corrigible.seeding import stream

SHOWN: Final = 8
"""Chains of events that are listed."""

SMALL: Final = Effort(samples=48, runs=8, sweeps=0, texts=12, rounds=1, splits=False)
"""For language models, whose every token costs milliseconds."""

LARGE: Final = Effort(samples=512, runs=16, sweeps=16, texts=96)
"""For chains that are looked up."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class _Opened:
    chain: TextChain
    start: Tokens
    string: tuple[int, ...]
    effort: Effort


def _opened(asked: Asked, prompt: str | None, said: str, samples: int | None) -> _Opened:
    chain, start = begun(asked, prompt)
    string = tokens_of(chain, said)
    effort = LARGE if isinstance(chain, Enumerated) else SMALL
    if samples is not None:
        if samples < 4:
            raise BadInput(value=f"--samples {samples}", rule="it is at least 4", remedy="give more")
        effort = replace(effort, samples=samples)
    return _Opened(chain=chain, start=start, string=tuple(string.tolist()), effort=effort)


def begun(asked: Asked, prompt: str | None) -> tuple[TextChain, NDArray[np.int64]]:
    """The chain, and the start (L,) that a prompt gives it. Raises BadInput for none, or one longer than a window.

    Of an enumerated chain the last K tokens count, as where its answers are exact.
    """
    chain = asked.open()
    if prompt is None:
        raise asked.needs_prompt(chain)
    start = tokens_of(chain, prompt)
    if isinstance(chain, Enumerated):
        start = start[-chain.window :]
    if len(start) > chain.window:
        raise BadInput(
            value=f"a prompt of {len(start)} tokens",
            rule=f"a window holds {chain.window}",
            remedy="shorten it, or use a larger --window",
        )
    return chain, start


def tokens_of(chain: TextChain, text: str) -> NDArray[np.int64]:
    """(L,) of a text, as the chain has them. Raises BadInput where it has none."""
    if isinstance(chain, Enumerated):
        places = {word: k for k, word in enumerate(chain.chain.vocabulary)}
        unknown = next((word for word in text.split() if word not in places), None)
        if unknown is not None or not text.split():
            raise BadInput(
                value=f"token {unknown!r}", rule="it is in the vocabulary", remedy="spell it as the file does"
            )
        return np.array([places[word] for word in text.split()])
    from corrigible.chains.sampled.windowed import Windowed

    if not isinstance(chain, Windowed):
        raise BadInput(value=chain.name, rule="it reads text", remedy="use a language model")
    return chain.tokens(text)


def answer_reverse_estimated(
    asked: Asked, *, final: str, steps: int, prompt: str | None, samples: int | None, seed: int
) -> Answer:
    """Weighted chains of events, what the end's probability is, and how much the answer rests on."""
    opened = _opened(asked, prompt, final, samples)
    chain = opened.chain
    if steps <= len(opened.string):
        raise BadInput(
            value=f"--steps {steps}",
            rule=f"{final!r} is {len(opened.string)} tokens, and something is said before it",
            remedy="give more steps",
        )
    if steps == len(opened.string) + 1:
        return _one_step(asked, opened, final, prompt, seed)
    event = saying(opened.string, repr(final), chain.window)
    question = Question(chain=chain, start=opened.start, event=event, steps=steps, at_end=True)
    with progress_bar("Walking towards the end"):
        found = events_before(question, opened.effort, stream(seed, "chain", "reverse"))
    free = slice(opened.start.size, opened.start.size + steps)
    data: dict[str, Any] = {
        "model": asked.model,
        "chain": chain.name,
        "final": final,
        "steps": steps,
        "prior": repr(prompt),
        "probability": estimate_data(found.probability),
        "second": estimate_data(found.second),
        "log bounds": [found.log_low, found.log_high],
        "effective": found.effective.round(1).tolist(),
        "ways": ways_of(chain, found, free),
        "weightiest": chain.text(found.texts[int(np.argmax(found.weight)), free]),
        "turns": turns_of(question, found),
        "spent": found.spent.told,
        "seed": seed,
    }
    lines = _reverse_lines(data)
    if asked.report is not None:
        from corrigible.commands.chain_page_sampled import write_reverse

        lines += ["", *write_reverse(asked, data)]
    return Answer(data=data, lines=tuple(lines))


def _one_step(asked: Asked, opened: _Opened, final: str, prompt: str | None, seed: int) -> Answer:
    """A single token before the end: it is enumerated."""
    chain = opened.chain
    with progress_bar("Trying tokens"):
        found = one_step(chain, opened.start, opened.string, stream(seed, "chain", "one step"))
    rows = [
        {"says": chain.text(found.tokens[k : k + 1]), "share": float(found.share[k])}
        for k in range(min(SHOWN, len(found.tokens)))
    ]
    data: dict[str, Any] = {
        "model": asked.model, "chain": chain.name, "final": final, "steps": len(opened.string) + 1,
        "prior": repr(prompt),
        "probability": {"how": "enumeration", "value": found.probability, "error": found.error}, "ways": rows,
        "rest": found.rest, "tried": len(found.tokens), "spent": found.spent.told, "seed": seed,
    }  # fmt: skip
    lines = [
        f"{chain.name}.",
        f"Prior: what it says after {prompt!r}.",
        "",
        f"It says {final!r} one token later with probability {found.probability:.4g} (standard error "
        f"{found.error:.1g}).",
        f"{len(found.tokens):,} tokens were tried; the others carry {found.rest:.1%}.",
        "",
        *table(("share", "said before"), [(f"{row['share']:.1%}", repr(row["says"])) for row in rows]),
        "",
        f"Spent: {data['spent']}.",
    ]
    if asked.report is not None:
        from corrigible.commands.chain_page_sampled import write_one_step

        lines += ["", *write_one_step(asked, data)]
    return Answer(data=data, lines=tuple(lines))


def estimate_data(found: Estimate) -> dict[str, Any]:
    """As JSON has it."""
    return {
        "how": found.how, "value": found.value, "low": found.low, "high": found.high, "relative error": found.error,
        "runs": len(found.runs),
    }  # fmt: skip


def ways_of(chain: TextChain, found: EventsBefore, free: slice) -> list[dict[str, Any]]:
    """Different texts with their shares, the likeliest first."""
    shares: Counter[tuple[int, ...]] = Counter()
    for row, weight in zip(found.texts[:, free].tolist(), found.weight.tolist(), strict=True):
        shares[tuple(row)] += weight
    return [
        {"says": chain.text(np.array(row)), "tokens": [chain.text(np.array([token])) for token in row], "share": share}
        for row, share in shares.most_common()
    ]


def turns_of(question: Question, found: EventsBefore) -> list[dict[str, Any]]:
    """Of the weightiest text: at each step the log-probability of the end, were it said next; and what was said."""
    from corrigible.chains.sampled.splitting import ahead
    from corrigible.chains.sampled.walks import last

    chain, string = question.chain, question.event.string or ()
    best = found.texts[int(np.argmax(found.weight))][None, :]
    begun = question.start.size
    turns: list[dict[str, Any]] = []
    for t in range(question.steps - len(string) + 1):
        window = last(best[:, : begun + t], chain.window)
        turns.append(
            {
                "said": chain.text(best[0, begun + t - 1 : begun + t]) if t else "",
                "log probability": float(ahead(chain, window, string)[0]),
            }
        )
    return turns


def _reverse_lines(data: dict[str, Any]) -> list[str]:
    one, other, ways = data["probability"], data["second"], data["ways"]
    effective = data["effective"]
    return [
        f"{data['chain']}.",
        f"Prior: what it says after {data['prior']}.",
        "",
        f"It says {data['final']!r} after just {data['steps']} tokens with probability {one['value']:.3g} "
        f"[{one['low']:.3g}, {one['high']:.3g}], by {one['how']}; {other['how']}, which have nothing in common with "
        f"them, find {other['value']:.3g} [{other['low']:.3g}, {other['high']:.3g}].",
        _bounds_told(*data["log bounds"]),
        f"What follows rests on {min(effective):.0f} to {max(effective):.0f} independent draws.",
        "",
        *table(
            ("share", "chain of events"),
            [(f"{row['share']:.1%}", repr(row["says"])) for row in ways[:SHOWN]],
        ),
        "",
        f"Spent: {data['spent']}.",
    ]


def _event(opened: _Opened, event: str, together: int | None) -> Event:
    told = event_told(event, together)
    if together is None:
        return saying(opened.string, told, opened.chain.window)
    if together > opened.chain.window:
        raise BadInput(
            value=f"--together {together}", rule=f"a window holds {opened.chain.window}", remedy="give a smaller one"
        )
    return mostly(np.isin(np.arange(opened.chain.size), opened.string), together, told)


def _bounds_told(low: float, high: float | None) -> str:
    above = "" if high is None else f" and at most {high:.3g}"
    return f"In expectation its logarithm is at least {low:.3g}{above}."


def answer_rare_estimated(
    asked: Asked,
    *,
    event: str,
    together: int | None,
    steps: int,
    prompt: str | None,
    samples: int | None,
    seed: int,
) -> Answer:
    """Probability that it is said within so many steps, by two estimators that must agree."""
    opened = _opened(asked, prompt, event, samples)
    least = len(opened.string) if together is None else together
    if steps < least:
        raise BadInput(value=f"--steps {steps}", rule=f"{least} tokens are waited for", remedy="give more steps")
    question = Question(chain=opened.chain, start=opened.start, event=_event(opened, event, together), steps=steps)
    before = opened.chain.spent.copy()
    score = None if together is None else members_said(question)
    with progress_bar("Looking for it"):
        tighter, looser = rare(question, opened.effort, stream(seed, "chain", "rare"), score=score)
    spent = opened.chain.spent.since(before)
    data: dict[str, Any] = {
        "model": asked.model, "chain": opened.chain.name, "event": question.event.told, "prior": repr(prompt),
        "steps": steps,
        "probability": estimate_data(tighter), "second": estimate_data(looser), "spent": spent.told, "seed": seed,
    }  # fmt: skip
    one, other = data["probability"], data["second"]
    lines = [
        f"{opened.chain.name}.",
        "",
        f"Within {steps} tokens of {prompt!r} it says {data['event']} with probability {one['value']:.3g} "
        f"[{one['low']:.3g}, {one['high']:.3g}], by {one['how']}.",
        f"{other['how']}, which have nothing in common with them, find {other['value']:.3g} "
        f"[{other['low']:.3g}, {other['high']:.3g}].",
        f"Spent: {data['spent']}.",
    ]
    if asked.report is not None:
        from corrigible.commands.chain_page_sampled import write_rare_estimated

        lines += ["", *write_rare_estimated(asked, data)]
    return Answer(data=data, lines=tuple(lines))
