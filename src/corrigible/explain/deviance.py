"""Why repeating is cheap: what a repeated word costs under the reference, and which attention head makes it so.

The word is the one that the tuned model says most, whatever it is. Where repeats get cheaper as they go on, a KL
penalty that is paid token by token sees less and less of them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Final

from corrigible.language.deviance import Deviance, deviance
from corrigible.language.heads import heads_of, without_head
from corrigible.language.models import LanguageModel, load_model
from corrigible.language.policy_gradient import prompt_tokens
from corrigible.language.sampling import sample
from corrigible.language.sandbox import tuned
from corrigible.language.tuning_settings import LanguageWorld
from corrigible.plugin import lens
from corrigible.seeding import stream
from corrigible.types import Finding, Setup, Specimen

REPEATS: Final = 32
UNIT: Final = "nats a token"
RESPONSES: Final = 64
FEW: Final = 8
"""Prompts on which prices are asked, at most."""

EVERY: Final = 64
"""Heads up to which all are tried one by one."""

LAYERS: Final = 2
FEWEST: Final = 2
"""Prompts on which heads of a large model are tried."""

WAY: Final = f"those of the {LAYERS} layers without whose attention repeats cost most"


@lens(
    "deviance",
    applies_to=("language",),
    summary="What the word that is said most costs the reference each time, and the head without which it costs more.",
)
def deviance_lens(specimen: Specimen) -> Iterator[Finding]:
    """Two findings: the first price against the last, and the last price without the head that matters most."""
    setup: Setup[LanguageWorld, Any] = specimen.setup
    word = _most_said(specimen)
    base = load_model(setup.world.model, device=setup.device)
    prompts = setup.world.prompts[:FEW]
    found = deviance(base, word, prompts, repeats=REPEATS)
    yield specimen.finding(
        "deviance",
        f"What {found.word!r} costs under the reference at first, and after it was repeated: {REPEATS} of them cost "
        f"{found.total[-1]:.1f} nats, {found.total[-1] / REPEATS:.2f} each.",
        f"the reference reads {found.word!r} {REPEATS - 1} times before it is asked again",
        (float(found.price[:, 0].mean()), found.slope),
        unit=UNIT,
    )
    yield _heads(specimen, base, word, prompts, found)


def _most_said(specimen: Specimen) -> str:
    """The token with a letter that the tuned model says most, as text that encodes to it."""
    setup: Setup[LanguageWorld, Any] = specimen.setup
    tunable = tuned(setup, specimen.checkpoint)
    rows = prompt_tokens(tunable, setup.world)
    asked = [rows[k % len(rows)] for k in range(RESPONSES)]
    said = sample(
        tunable.policy,
        asked,
        new_tokens=setup.world.new_tokens,
        generator=stream(specimen.seed, "deviance", specimen.condition),
        rule=setup.world.rule,
    )
    counts = Counter(token for k in range(RESPONSES) for token in said.row(k))
    words = [(tunable.policy.decode([token], control=False), count) for token, count in counts.most_common()]
    return next((word for word, _ in words if any(letter.isalpha() for letter in word)), words[0][0])


def _heads(specimen: Specimen, base: LanguageModel, word: str, prompts: tuple[str, ...], found: Deviance) -> Finding:
    slopes = _slopes(base, word, prompts)
    layer, head = max(slopes, key=lambda place: slopes[place])
    most = (
        f"Head {head} of layer {layer} makes repeats of {found.word!r} cheap more than any other that was tried."
        if slopes[layer, head] > found.slope
        else f"No single head makes repeats of {found.word!r} cheap."
    )
    whole = len(heads_of(base))
    how = (
        f"all {whole} heads were tried" if len(slopes) == whole else f"{len(slopes)} of {whole} heads were tried: {WAY}"
    )
    return specimen.finding(
        "deviance",
        most,
        f"head {head} of layer {layer} of the reference is silenced ({how})",
        (found.slope, slopes[layer, head]),
        unit=UNIT,
    )


def _slopes(base: LanguageModel, word: str, prompts: tuple[str, ...]) -> dict[tuple[int, int], float]:
    """The last price without each head that is tried: all of a small model, those of WAY of a large one."""
    places = heads_of(base)
    if len(places) > EVERY:
        layers, prompts = sorted({layer for layer, _ in places}), prompts[:FEWEST]
        price = {layer: _slope_without(base, [p for p in places if p[0] == layer], word, prompts) for layer in layers}
        dear = sorted(layers, key=lambda layer: -price[layer])[:LAYERS]
        places = tuple(place for place in places if place[0] in dear)
    return {place: _slope_without(base, [place], word, prompts) for place in places}


def _slope_without(
    base: LanguageModel, places: Sequence[tuple[int, int]], word: str, prompts: tuple[str, ...]
) -> float:
    with ExitStack() as silenced:
        for layer, head in places:
            silenced.enter_context(without_head(base, layer, head))
        return deviance(base, word, prompts, repeats=REPEATS).slope
