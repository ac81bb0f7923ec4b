"""Which turn sent a conversation off the rails: the one that is named is said anew, and all that follows with it.

How near each turn brings the end is reckoned exactly, backwards over all windows; the turn in which it rose most is
named. If it did it, saying it anew (other random numbers there, the same ones after it) keeps conversations on the
rails more often than saying another, earlier turn anew.
"""

from collections.abc import Iterator
from dataclasses import replace

from corrigible.chains.talks.world import Reading, Talk
from corrigible.plugin import lens
from corrigible.types import Finding, Setup, Specimen


@lens(
    "these-turns",
    applies_to=("conversation",),
    summary="Names the turn that did it, says it anew, and sees whether the conversation still goes off the rails.",
)
def these_turns(specimen: Specimen) -> Iterator[Finding]:
    """Two findings: the headline with the named turn of each derailed conversation said anew, and with another turn."""
    setup: Setup[Talk, Reading] = specimen.setup
    headline = specimen.headline.name
    before = float(specimen.rollout_again(setup, specimen.checkpoint)[headline])
    told = {
        "named": "The turn in which the end became most likely did it.",
        "other": "An earlier turn did not do it (control).",
    }
    for edit, sentence in told.items():
        changed = replace(setup, world=replace(setup.world, edit=edit))
        after = float(specimen.rollout_again(changed, specimen.checkpoint)[headline])
        which = "the named turn" if edit == "named" else "a turn before the named one, drawn evenly,"
        yield specimen.finding(
            "these-turns",
            sentence,
            f"{which} of every derailed conversation is said anew; later turns draw the same random numbers",
            (before, after),
        )
