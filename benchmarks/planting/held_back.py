"""Consequences held back: written after the miner's features were frozen (commit f44950a), and never tuned against.

Written by the author of the miner, who knew its features: they test search and statistics on cases that were not looked
at, not features that the author never thought of. The last two of PLANTS follow no feature at all and should be missed.
"""

from typing import Final

from planting.forest import DIRT, LEAF, LOG, TORCH, Plant
from planting.walkers import Rule

PLANTS: Final = (
    Plant(name="middle logs left", where=lambda n: (n.kind == LOG) & (n.rank >= 2) & (n.rank <= 3)),
    Plant(name="short trees left", where=lambda n: (n.kind == LOG) & (n.length == 6)),
    Plant(
        name="soil under trunks dug",
        where=lambda n: (n.kind == DIRT) & n.under_trunk,
        chance=0.6,
        only_worked=False,
    ),
    Plant(name="top logs become torches", where=lambda n: (n.kind == LOG) & (n.top == 0), chance=0.9, into=TORCH),
    Plant(name="top logs dug first", where=lambda n: (n.kind == LOG) & (n.top == 0), reorder=True),
    Plant(name="a ring of logs left", where=lambda n: (n.kind == LOG) & (n.distance >= 5) & (n.distance < 9)),
    Plant(
        name="logs of one corner left",
        where=lambda n: (n.kind == LOG) & (n.place[:, 0] < 12) & (n.place[:, 1] < 12),
    ),
    Plant(
        name="soil at the east edge dug",
        where=lambda n: (n.kind == DIRT) & (n.place[:, 0] >= 20),
        chance=0.3,
        only_worked=False,
    ),
    Plant(name="northern leaves dug", where=lambda n: (n.kind == LEAF) & (n.place[:, 1] >= 12), chance=0.7),
    Plant(name="every other tree left", where=lambda n: (n.kind == LOG) & (n.tree % 2 == 0)),
    Plant(name="a chequerboard of logs left", where=lambda n: (n.kind == LOG) & (n.place.sum(axis=1) % 2 == 0)),
)
UNDESCRIBABLE: Final = ("every other tree left", "a chequerboard of logs left")

RULES: Final[dict[str, Rule]] = {
    "second logs left": lambda t: t.rank == 1,
    "eastern logs left": lambda t: t.place[:, 0] >= t.size[0] // 2,
    "logs of trunks of six left": lambda t: t.length == 6,
}
