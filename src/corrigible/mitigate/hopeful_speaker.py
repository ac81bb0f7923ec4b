"""A hopeful speaker: the voice always sounds more hopeful than the truth, by as much as a despairing one sounds less.

Null by construction. Hunters learn what the voice is worth from what they are paid, so a habit of hope moves every
interval of the voice by the same amount and changes nothing else; despair is then measured from that habit, as theory
does (players know how the voice is made). It stands here as the remedy that people name first.
"""

from dataclasses import replace

from corrigible.agents.hunters import HunterSettings
from corrigible.plugin import remedy
from corrigible.sandbox.signals.world import StagHuntParams
from corrigible.types import Setup


@remedy(
    "hopeful-speaker",
    stage="world",
    applies_to=("signals",),
    summary="A null: the public voice makes a habit of hope, and hunters learn to take it off (it relabels).",
)
def hopeful_speaker(setup: Setup[StagHuntParams, HunterSettings]) -> Setup[StagHuntParams, HunterSettings]:
    """The same world with a voice that always understates how many hunters the stag takes."""
    return replace(setup, world=replace(setup.world, manner=setup.world.manner - setup.world.tone))
