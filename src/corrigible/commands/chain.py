"""`corrigible chain stationary` and `loops`: where a chain of windows settles, in words, as JSON and as a page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.decoding import Decoding
from corrigible.chains.exact.classes import RecurrentClass, absorption, classes_of
from corrigible.chains.exact.greedy import GreedyCycle, brent, greedy_cycles, greedy_map
from corrigible.chains.exact.rates import entropy_production, entropy_rate, information_at_lags
from corrigible.chains.exact.stationary import Spectrum, Stationary, mixing_steps, spectrum, stationary
from corrigible.chains.exact.windows import WindowChain, count_windows, enumerate_windows
from corrigible.chains.ngram_file import read_ngram
from corrigible.chains.sampled.chain import Enumerated, TextChain
from corrigible.commands.answer import Answer, table
from corrigible.errors import BadInput

SHOWN: Final = 10
"""Windows, cycles and classes that are listed."""

NEAR: Final = 0.25
"""Total variation that counts as settled (Levin & Peres 2017)."""

OTHERS: Final = 3
"""Window of a model whose file names none, where windows are enumerated."""

LONG: Final = 64
"""Where they are sampled."""

TOLD_LAGS: Final = (1, 2, 4, 8, 16, 32, 64, 128)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which chain, and how its tokens are chosen."""

    model: str
    window: int | None
    temperature: float
    top_k: int | None
    top_p: float | None
    report: Path | None
    sampled: bool = False

    @property
    def decoding(self) -> Decoding:
        """Raises BadInput where a number is outside its range."""
        return Decoding(temperature=self.temperature, top_k=self.top_k, top_p=self.top_p)

    def chain(self) -> WindowChain:
        """Every window of it. Raises BadInput where file or model cannot be read, or there are too many."""
        decoding = self.decoding
        if self.model.endswith(".json"):
            found = read_ngram(Path(self.model))
            if self.window not in (None, found.window):
                raise BadInput(
                    value=f"--window {self.window}", rule=f"the file's order is {found.window}", remedy="leave it out"
                )
            if decoding == Decoding():
                return found
            return enumerate_windows(
                found.vocabulary, found.window, lambda a, b: decoding.of(found.law[a:b].astype(np.float64))
            )
        from corrigible.chains.modelled import window_chain
        from corrigible.language.models import load_model

        return window_chain(load_model(self.model), self.window or OTHERS, decoding)

    @property
    def exact(self) -> bool:
        """Whether every window can be, and is to be, enumerated; a window that is asked for is not made smaller."""
        if self.sampled:
            return False
        if self.model.endswith(".json"):
            return True
        from corrigible.chains.modelled import text_tokens
        from corrigible.language.models import load_model

        tokens = len(text_tokens(load_model(self.model)))
        window = self.window or OTHERS
        try:
            count_windows(tokens, window)
        except BadInput:
            return False
        return True

    def needs_prompt(self, chain: TextChain) -> BadInput:
        """Why there is no answer without a start: a sampled chain has none of its own, and this one is sampled since ..

        .. it was asked for, or its windows are too many to be enumerated, which is then told.
        """
        if not self.sampled:
            try:
                count_windows(chain.size, self.window or OTHERS)
            except BadInput as error:
                return BadInput(
                    value=error.value, rule=error.rule, remedy=f"{error.remedy}; or give a --prompt to sample from"
                )
        return BadInput(value="no --prompt", rule="a sampled chain starts somewhere", remedy="give a --prompt")

    def open(self) -> TextChain:
        """As estimators see it. Raises BadInput where file or model cannot be read."""
        if self.model.endswith(".json"):
            return Enumerated(chain=self.chain())
        from corrigible.chains.sampled.windowed import Windowed
        from corrigible.language.models import load_model

        return Windowed(model=load_model(self.model), window=self.window or LONG, decoding=self.decoding)

    def told(self, chain: WindowChain) -> str:
        """The chain in a sentence."""
        return (
            f"{self.model}: {chain.states:,} windows of {chain.window} of {chain.tokens:,} tokens; "
            f"{self.decoding.told}. The window is read anew at every step: what was dropped is forgotten."
        )


def start_of(chain: WindowChain, prompt: str) -> NDArray[np.float64]:
    """(N,) all mass on the window that a prompt ends in. Raises BadInput as `WindowChain.spelt`."""
    return chain.at(chain.spelt(prompt.split()))


def answer_stationary(asked: Asked, *, prompt: str | None, lags: int) -> Answer:
    """Classes, and of each of the largest its law, rates and spectrum."""
    if lags < 1:
        raise BadInput(value=f"--lags {lags}", rule="it is at least 1", remedy="give a whole number")
    chain = asked.chain()
    start = None if prompt is None else start_of(chain, prompt)
    classes = classes_of(chain)
    ends = None if start is None else absorption(chain, classes, start)
    found = [_class(chain, of, start, lags) for of in classes.recurrent[:SHOWN]]
    for k, item in enumerate(found):
        item["ends here"] = None if ends is None else float(ends[k])
    lines = [asked.told(chain), "", _structure(len(classes.recurrent), classes.transient, chain.states)]
    for k, item in enumerate(found):
        lines += ["", *_class_lines(k, item, prompt, chain)]
    data: dict[str, Any] = {
        "model": asked.model,
        "tokens": chain.tokens,
        "window": chain.window,
        "windows": chain.states,
        "decoding": asked.decoding.told,
        "transient": classes.transient,
        "recurrent": len(classes.recurrent),
        "classes": found,
    }
    if asked.report is not None:
        from corrigible.commands.chain_page import write_settling

        lines += ["", *write_settling(asked, chain, data)]
    return Answer(data=data, lines=tuple(lines))


def _class(chain: WindowChain, of: RecurrentClass, start: NDArray[np.float64] | None, lags: int) -> dict[str, Any]:
    law: Stationary = stationary(chain, of)
    values: Spectrum = spectrum(chain, of)
    top = np.argsort(-law.law, kind="stable")[: min(SHOWN, of.windows.size)]
    settled = None if start is None or of.period > 1 else mixing_steps(chain, law.law, start, within=NEAR)
    return {
        "windows": int(of.windows.size),
        "period": of.period,
        "residual": law.residual,
        "second eigenvalue": values.second,
        "relaxation": _finite(values.relaxation),
        "entropy rate": entropy_rate(chain, law.law),
        "entropy production": _finite(entropy_production(chain, law.law)),
        "information": information_at_lags(chain, law.law, lags).tolist(),
        "likeliest": [{"window": chain.words(int(s)), "share": float(law.law[s])} for s in top],
        "steps from the prompt": settled,
    }


def _finite(value: float) -> float | None:
    """None stands for infinity: JSON has none."""
    return value if np.isfinite(value) else None


def _structure(classes: int, transient: int, states: int) -> str:
    if classes == 1 and not transient:
        return "It can come from every window to every other."
    kept = "one class of windows that" if classes == 1 else f"{classes} classes of windows, each of which"
    return f"It ends in {kept} is never left; {transient:,} of {states:,} windows are passed through at most."


def _class_lines(k: int, item: dict[str, Any], prompt: str | None, chain: WindowChain) -> list[str]:
    lines = [
        f"Class {k + 1}: {item['windows']:,} windows" + (f", period {item['period']}" if item["period"] > 1 else "")
    ]
    if item["ends here"] is not None:
        lines.append(f"  From {prompt!r} it ends here with probability {item['ends here']:.4g}.")
    relaxation = item["relaxation"]
    forgets = "never" if relaxation is None else f"by a factor e every {relaxation:.3g} steps"
    lines.append(f"  What it started with is forgotten {forgets} (second eigenvalue {item['second eigenvalue']:.4g}).")
    if item["steps from the prompt"] is not None:
        lines.append(
            f"  From {prompt!r} it is within {NEAR:g} of its long run after {item['steps from the prompt']} steps."
        )
    arrow = item["entropy production"]
    arrow_told = "something is said that is never said backwards" if arrow is None else f"{arrow:.4g} nats a token"
    lags = [lag for lag in TOLD_LAGS if lag <= len(item["information"])]
    lines += [
        f"  New at each step: {item['entropy rate']:.4g} nats of {np.log(chain.tokens):.4g} at most.",
        f"  Arrow of time (entropy production): {arrow_told}.",
        "  What a token tells of the one so many later, nats: "
        + ", ".join(f"{lag}: {item['information'][lag - 1]:.3g}" for lag in lags),
        "",
        *(f"  {line}" for line in table(("share", "window"), [
            (f"{row['share']:.4f}", row["window"]) for row in item["likeliest"]
        ])),
    ]  # fmt: skip
    return lines


def answer_loops(asked: Asked, *, prompt: str | None) -> Answer:
    """Every cycle of greedy decoding, and that of a prompt."""
    chain = asked.chain()
    cycles = greedy_cycles(chain)
    shown = [_cycle(chain, item) for item in cycles[:SHOWN]]
    lines = [
        asked.told(chain),
        "",
        f"Greedy decoding ends in {len(cycles)} cycle{'s' if len(cycles) > 1 else ''}.",
        "",
        *table(
            ("from", "period", "says over and over"),
            [(f"{row['basin']:.1%} of windows", str(row["period"]), row["says"]) for row in shown],
        ),
    ]
    data: dict[str, Any] = {"model": asked.model, "windows": chain.states, "cycles": len(cycles), "shown": shown}
    if prompt is not None:
        after = greedy_map(chain)
        tail, period = brent(lambda s: int(after[s]), chain.spelt(prompt.split()))
        data["prompt"] = {"steps before": tail, "period": period}
        lines += ["", f"From {prompt!r} it loops after {tail} steps, with period {period}."]
    if asked.report is not None:
        from corrigible.commands.chain_page import write_loops

        lines += ["", *write_loops(asked, chain, data)]
    return Answer(data=data, lines=tuple(lines))


def _cycle(chain: WindowChain, item: GreedyCycle) -> dict[str, Any]:
    said = [chain.vocabulary[s % chain.tokens] for s in item.windows]
    return {"period": item.period, "basin": item.basin / chain.states, "says": " ".join(said[:24])}
