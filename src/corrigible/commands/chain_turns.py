"""`corrigible chain drift --goal ..`: turn by turn, how far two roles drift from what they would say if reminded."""

from pathlib import Path
from typing import Any, Final

from corrigible.chains.sampled.references import reference_tokens
from corrigible.chains.sampled.turns import turnwise
from corrigible.chains.sampled.windowed import Windowed
from corrigible.commands.answer import Answer, table
from corrigible.commands.chain import Asked
from corrigible.commands.chain_drift import change_data, curve_data
from corrigible.commands.progress import progress_bar
from corrigible.errors import BadInput
from corrigible.seeding import stream

LENGTH: Final = 12
"""Tokens of a turn."""


def answer_turns(asked: Asked, *, goal: str, turns: int, talks: int, reference: Path | None, seed: int) -> Answer:
    """Divergence by turn, without and with an error in the third."""
    chain = asked.open()
    if not isinstance(chain, Windowed):
        raise BadInput(value=asked.model, rule="roles speak text", remedy="use a language model, such as smollm2")
    strange, told = reference_tokens(
        chain, length=LENGTH, count=4, generator=stream(seed, "chain", "strange"), path=reference
    )
    with progress_bar("Talking"):
        found = turnwise(chain, goal, strange[0], stream(seed, "chain", "turns"), count=talks, turns=turns)
    data: dict[str, Any] = {
        "model": asked.model, "chain": chain.name, "goal": goal, "turns": turns, "talks": talks, "seed": seed,
        "strange": chain.text(strange[0]), "strange from": told,
        "clean": curve_data(found.clean), "erring": curve_data(found.erring), "excess": curve_data(found.excess),
        "drift": change_data(found.change), "transcript": chain.text(found.said[0]), "spent": found.spent.told,
    }  # fmt: skip
    lines = _lines(data)
    if asked.report is not None:
        from corrigible.commands.chain_page_sampled import write_turns

        lines += ["", *write_turns(asked, data)]
    return Answer(data=data, lines=tuple(lines))


def drift_in_turns(change: dict[str, float]) -> str:
    """In words."""
    if change["low"] > 0:
        return "From the third turn to the last it drifts further from what it would say if reminded of the goal."
    if change["high"] < 0:
        return "From the third turn to the last it comes nearer to what it would say if reminded of the goal."
    return "From the third turn to the last no drift can be told."


def _lines(data: dict[str, Any]) -> list[str]:
    change = data["drift"]
    rows = [
        (str(k + 1), *(f"{data[name]['mean'][k]:.3f} [{data[name]['low'][k]:.3f}, {data[name]['high'][k]:.3f}]"
                       for name in ("clean", "erring", "excess")))
        for k in range(data["turns"])
    ]  # fmt: skip
    return [
        f"{data['chain']}.",
        f"{data['talks']} talks of {data['turns']} turns of {LENGTH} tokens about {data['goal']!r}.",
        "",
        f"{drift_in_turns(change)} Change {change['change']:+.3f} nats [{change['low']:.3f}, {change['high']:.3f}].",
        f"In the third turn of the second row of talks it says instead: {data['strange']!r}",
        "",
        *table(("turn", "nats from the reminded", "with the error", "excess"), rows),
        "",
        f"Spent: {data['spent']}.",
    ]
