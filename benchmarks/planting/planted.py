"""Consequences that the miner was made with: its author looked at what it said of these while choosing features."""

from typing import Final

from planting.forest import DIRT, LEAF, LOG, Plant
from planting.walkers import Rule

PLANTS: Final = (
    Plant(name="bottom logs left", where=lambda n: (n.kind == LOG) & (n.rank == 0)),
    Plant(name="top logs left", where=lambda n: (n.kind == LOG) & (n.top == 0)),
    Plant(name="northern logs left", where=lambda n: (n.kind == LOG) & (n.place[:, 1] >= 12)),
    Plant(name="far logs left", where=lambda n: (n.kind == LOG) & (n.distance >= 9)),
    Plant(name="tall trees left", where=lambda n: (n.kind == LOG) & (n.length == 8)),
    Plant(name="leaves dug", where=lambda n: n.kind == LEAF, chance=0.6),
    Plant(name="soil at the start dug", where=lambda n: (n.kind == DIRT) & (n.distance < 3), chance=0.5),
)

RULES: Final[dict[str, Rule]] = {
    "bottom logs left": lambda t: t.rank == 0,
    "northern logs left": lambda t: t.place[:, 1] >= t.size[1] // 2,
    "far logs left": lambda t: t.distance >= 8,
}
