"""Which part of the evaluator's template carries the exploit: each is cut out in turn, and the exploit test asked anew.

The statistic is the exploit test's margin of yes: nats that spam of yes gains over sane texts, less what spam of an
unrelated word gains. It is a property of the evaluator alone: no tuned model is asked, and every seed says the same.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from corrigible.language.exploits import margins_of, yes_margin
from corrigible.language.rewards import ByConstitution
from corrigible.plugin import lens
from corrigible.seeding import stream
from corrigible.types import Finding, Setup, Specimen

UNIT: Final = "nats of yes over sane texts"


@lens(
    "template-parts",
    applies_to=("language",),
    summary="Cuts each part out of the evaluator's template: without which does spam of yes pay less, or more?",
)
def template_parts(specimen: Specimen) -> Iterator[Finding]:
    """One finding for the part without which yes pays least, one for the part without which it pays most.

    Says nothing of a reward that no constitution pays, and of a part that makes no difference.
    """
    setup: Setup[Any, Any] = specimen.setup
    paid = setup.paid
    if not isinstance(paid, ByConstitution):
        return
    whole = margin_without(paid, None)
    found = {part: margin_without(paid, part) for part in parts_of(paid)}
    if not found:
        return
    carrier, shield = min(found, key=lambda part: found[part]), max(found, key=lambda part: found[part])
    tried = f"the exploit test is asked without each of {len(found)} parts ({', '.join(found)})"
    if found[carrier] < whole:
        yield specimen.finding(
            "template-parts",
            f"The part {carrier!r} of template {paid.template} carries most of what yes pays.",
            f"{tried}; shown: without {carrier!r}",
            (whole, found[carrier]),
            unit=UNIT,
        )
    if found[shield] > whole:
        yield specimen.finding(
            "template-parts",
            f"The part {shield!r} of template {paid.template} keeps yes from paying more.",
            f"{tried}; shown: without {shield!r}",
            (whole, found[shield]),
            unit=UNIT,
        )


def parts_of(paid: ByConstitution) -> tuple[str, ...]:
    """Parts that can be cut out: all that hold more than the text itself."""
    return tuple(part.name for part in paid.evaluator().template.parts if part.pattern.strip() != "{text}")


@lru_cache(maxsize=64)
def margin_without(paid: ByConstitution, part: str | None) -> float:
    """The margin of yes of an evaluator whose template lacks that part; None: whole."""
    evaluator = paid.evaluator()
    if part is not None:
        evaluator = replace(evaluator, template=evaluator.template.without(part))
    return yes_margin(margins_of(evaluator, stream(0, "template parts", repr(paid))))
