"""`corrigible chain drift`: does a model's text go astray by being gone on with, and does an error grow or heal?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.sampled.attractors import Counted, attractors, landscape
from corrigible.chains.sampled.chain import TextChain, Tokens
from corrigible.chains.sampled.drift import Change, Curve, Drift, PlantedError, drift, planted_error
from corrigible.chains.sampled.information import Information, clusters, information_of
from corrigible.chains.sampled.references import reference_tokens
from corrigible.commands.answer import Answer, table
from corrigible.commands.chain import Asked
from corrigible.commands.progress import progress_bar
from corrigible.errors import BadInput
from corrigible.seeding import stream

LAGS: Final = (1, 2, 4, 8, 16)
GROUPS: Final = 8
"""Clusters of tokens that information is measured between."""

FEW: Final = 40
"""Tokens up to which a vocabulary is taken as it is."""

CHUNK: Final = 12
"""Tokens whose meaning is compared with the prompt's."""


def answer_drift(
    asked: Asked, *, reference: Path | None, prompt_tokens: int, steps: int, texts: int, seed: int
) -> Answer:
    """Curves along the position on own text and on the reference, a planted error, loops, information, topic."""
    if min(prompt_tokens, steps, texts) < 4:
        raise BadInput(
            value=f"--prompt-tokens {prompt_tokens} --steps {steps} --texts {texts}",
            rule="each is at least 4",
            remedy="give larger ones",
        )
    chain = asked.open()
    least = max(prompt_tokens, chain.window if asked.model.endswith(".json") else 1)
    rows, told = reference_tokens(
        chain, length=least + steps, count=texts, generator=stream(seed, "chain", "reference"), path=reference
    )
    with progress_bar("Going on with texts") as bar:
        found = drift(chain, rows, least, stream(seed, "chain", "drift"))
        bar.say("Planting errors")
        error = planted_error(chain, rows[:, :least], steps, stream(seed, "chain", "error"))
        bar.say("Comparing meanings")
        topic = topics(chain, rows, found, least)
    data = _data(chain, rows, least, found, error)
    data.update(model=asked.model, topic=topic, reference=told, texts=len(rows), steps=steps, seed=seed)
    lines = _lines(data)
    if asked.report is not None:
        from corrigible.commands.chain_page_sampled import write_drift

        lines += ["", *write_drift(asked, data)]
    return Answer(data=data, lines=tuple(lines))


def _data(chain: TextChain, rows: Tokens, prompt: int, found: Drift, error: PlantedError) -> dict[str, Any]:
    own, other = attractors(found.own.said), attractors(rows[:, prompt:])
    return {
        "chain": chain.name,
        "prompt tokens": prompt,
        "entropy": {"own": curve_data(found.own_entropy), "reference": curve_data(found.reference_entropy)},
        "surprise": curve_data(found.reference_surprise),
        "apart": curve_data(found.apart),
        "drift": change_data(found.change),
        "error": {"excess": curve_data(error.excess), "change": change_data(error.change), "fate": error.fate},
        "loops": {
            "own": counted_data(own.caught),
            "reference": counted_data(other.caught),
            "phrases": [
                {"says": chain.text(np.array(phrase)), "texts": count, "tokens": spent}
                for phrase, count, spent in landscape(own)
            ],
        },
        "information": {
            "clusters": _cluster_count(chain),
            "own": _information(chain, found.own.said),
            "reference": _information(chain, rows[:, prompt:]),
        },
        "samples": [
            {"prompt": chain.text(row[:prompt]), "own": chain.text(said), "reference": chain.text(row[prompt:])}
            for row, said in zip(rows[:4], found.own.said[:4], strict=True)
        ],
        "spent": chain.spent.told,
    }


def curve_data(curve: Curve) -> dict[str, list[float]]:
    """As JSON has it."""
    return {"mean": curve.mean.tolist(), "low": curve.low.tolist(), "high": curve.high.tolist()}


def change_data(change: Change) -> dict[str, float]:
    """As JSON has it."""
    return {
        "early": change.early, "late": change.late, "change": change.change, "low": change.low, "high": change.high
    }  # fmt: skip


def counted_data(found: Counted) -> dict[str, float]:
    """As JSON has it."""
    return {"hits": found.hits, "of": found.of, "share": found.share, "low": found.low, "high": found.high}


def _cluster_count(chain: TextChain) -> int:
    return chain.size if chain.size <= FEW else GROUPS


def _information(chain: TextChain, said: Tokens) -> dict[str, Any] | None:
    """None where there are too few texts."""
    lags = tuple(lag for lag in LAGS if lag < said.shape[1])
    if len(said) < 8:
        return None
    found: Information = information_of(said, lags, stream(0, "chain", "information"), classes=classes_of_tokens(chain))
    return {
        "lags": found.lags.tolist(), "value": found.value.tolist(), "low": found.low.tolist(),
        "high": found.high.tolist(),
    }  # fmt: skip


def classes_of_tokens(chain: TextChain) -> NDArray[np.int64] | None:
    """(V,) clusters of a large vocabulary by its embeddings; None for a small one."""
    features = chain.features()
    if chain.size <= FEW or features is None:
        return None
    return clusters(features, GROUPS, stream(0, "chain", "clusters"))


def topics(chain: TextChain, rows: Tokens, found: Drift, prompt: int) -> dict[str, Any] | None:
    """Cosine between the prompt and each chunk of what follows, own and reference; None without MiniLM."""
    from corrigible.language.text_monitors import embedder_if_here

    embedder = embedder_if_here()
    starts = range(0, rows.shape[1] - prompt - CHUNK + 1, CHUNK)
    if embedder is None or not starts or chain.features() is None:
        return None
    about = embedder.embed([chain.text(row[:prompt]) for row in rows])
    said = {"own": found.own.said, "reference": rows[:, prompt:]}
    answer: dict[str, Any] = {"tokens": [start + CHUNK for start in starts]}
    for name, texts in said.items():
        chunks = [embedder.embed([chain.text(row[start : start + CHUNK]) for row in texts]) for start in starts]
        answer[name] = [float((about * chunk).sum(axis=1).mean()) for chunk in chunks]
    return answer


def _lines(data: dict[str, Any]) -> list[str]:
    change, error = data["drift"], data["error"]["change"]
    own, other = data["entropy"]["own"]["mean"], data["entropy"]["reference"]["mean"]
    loops = data["loops"]
    lines = [
        f"{data['chain']}.",
        f"{data['texts']} texts of {data['prompt tokens']} tokens gone on with by {data['steps']}; reference: "
        f"{data['reference']}.",
        "",
        f"Drift: {drift_told(change)}",
        f"  the two sets of laws are {change['early']:.3g} nats apart early and {change['late']:.3g} late: change "
        f"{change['change']:+.3g} [{change['low']:.3g}, {change['high']:.3g}].",
        f"An error: {fate_told(data['error']['fate'])}",
        f"  excess divergence {error['early']:.3g} nats early, {error['late']:.3g} late: change {error['change']:+.3g} "
        f"[{error['low']:.3g}, {error['high']:.3g}].",
        f"Uncertainty of the next token: on its own text {_ends(own)}, on the reference {_ends(other)}.",
        f"Loops: in {loops['own']['hits']} of {loops['own']['of']} of its texts; in {loops['reference']['hits']} of "
        f"{loops['reference']['of']} of the reference (false alarms).",
    ]
    if data["topic"] is not None:
        lines.append(
            f"Topic (cosine to the prompt, MiniLM): own {_ends(data['topic']['own'])}, reference "
            f"{_ends(data['topic']['reference'])}."
        )
    if loops["phrases"]:
        rows = [(str(row["texts"]), str(row["tokens"]), repr(row["says"])) for row in loops["phrases"]]
        lines += ["", *table(("texts", "tokens", "says over and over"), rows)]
    return [*lines, *_information_lines(data), "", f"Spent: {data['spent']}."]


def _information_lines(data: dict[str, Any]) -> Sequence[str]:
    told = data["information"]
    if told["own"] is None:
        return ()
    rows = [
        (str(lag), *(f"{told[who]['value'][k]:.3g} [{told[who]['low'][k]:.2g}, {told[who]['high'][k]:.2g}]"
                     for who in ("own", "reference")))
        for k, lag in enumerate(told["own"]["lags"])
    ]  # fmt: skip
    return (
        "",
        f"What a token tells of later ones, nats, between {told['clusters']} clusters of tokens (a lower bound):",
        *table(("tokens later", "own", "reference"), rows),
    )


def drift_told(change: dict[str, float]) -> str:
    """In words."""
    if change["low"] > 0:
        return "its own text becomes less and less like the reference."
    if change["high"] < 0:
        return "its own text is less like the reference at first than later."
    return "no growing distance from the reference can be told."


def fate_told(fate: str) -> str:
    """In words."""
    return {
        "heals": "it heals: what is said later is ever more as if it had not been made.",
        "snowballs": "it snowballs: it makes more and more of a difference.",
        "unclear": "whether it heals or grows cannot be told.",
    }[fate]


def _ends(values: Sequence[float]) -> str:
    part = max(1, len(values) // 4)
    return f"{np.mean(values[:part]):.3g} early, {np.mean(values[-part:]):.3g} late"
