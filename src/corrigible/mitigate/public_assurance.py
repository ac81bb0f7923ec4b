"""Public assurance: some hunters bind themselves to hunt whatever they see and hear, and all know it by experience.

Deeds, not words: the pledge is kept also where it costs the pledged, so it is believed; it lowers how many others a
hunter must trust. It is no tone, and needs none to be honest. It leaves several equilibria (exact: without the luck of
many, 0 to 1 of the contested stags are caught under despair at loudness 10), so that it may help and need not.
"""

from dataclasses import replace
from typing import Final

from corrigible.agents.hunters import HunterSettings
from corrigible.plugin import remedy
from corrigible.sandbox.signals.world import StagHuntParams
from corrigible.types import Setup

PLEDGED: Final = 0.25  # one in four: fewer than any contested stag takes where a hare pays half a stag


@remedy(
    "public-assurance",
    stage="world",
    applies_to=("signals",),
    summary="One hunter in four is pledged to hunt whatever the voice says, and keeps the pledge.",
)
def public_assurance(setup: Setup[StagHuntParams, HunterSettings]) -> Setup[StagHuntParams, HunterSettings]:
    """The same world with one player in four pledged."""
    return replace(setup, world=replace(setup.world, pledged=PLEDGED))
