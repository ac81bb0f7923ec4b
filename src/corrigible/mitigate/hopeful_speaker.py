"""A hopeful speaker: the voice always sounds more hopeful than the truth, by as much as a despairing one sounds less.

Cheap talk. Hunters who learn from what they are paid learn the speaker's manner too; theory (players know how the voice
is made) says that a habit of hope is worth nothing, and that despair is then measured from it.
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
    summary="The public voice makes a habit of hope, from the first day of training on.",
)
def hopeful_speaker(setup: Setup[StagHuntParams, HunterSettings]) -> Setup[StagHuntParams, HunterSettings]:
    """The same world with a voice that always understates how many hunters the stag takes."""
    return replace(setup, world=replace(setup.world, manner=setup.world.manner - setup.world.tone))
