"""Regions in sentences that a person reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from corrigible.detect.mining.axes import shown
from corrigible.detect.mining.nodes import Frame
from corrigible.detect.mining.regions import Region
from corrigible.detect.mining.subgroups import Condition
from corrigible.statistics import Interval

VERBS: Final = {
    "changed": ("are changed", "are left"),
    "again": ("are changed more than once", "are changed only once"),
    "sooner": ("are changed before most others of their group", "are changed after most others of their group"),
    "early": ("are changed before most other changes", "are changed after most other changes"),
    "into": ("become {}", "do not become {}"),
}


@dataclass(frozen=True, kw_only=True)
class Shares:
    """The subject's share with its interval over seeds, and the mean of each reference; None where it has no node."""

    subject: Interval
    references: Mapping[str, float | None]


def clauses(conditions: Sequence[Condition], frame: Frame) -> tuple[str, ...]:
    """Conditions in words, each to follow "nodes that"; "from the bottom" and "from the top" come first."""
    return tuple(frame.axes[item.axis].clause(item.first, item.last) for item in _readable(conditions, frame))


def _readable(conditions: Sequence[Condition], frame: Frame) -> list[Condition]:
    first = ("from the bottom", "from the top")
    return sorted(conditions, key=lambda item: (frame.axes[item.axis].name not in first, item.axis))


def sentence(region: Region, frame: Frame, *, more: bool, shares: Shares) -> str:
    """ "Of the tree nodes that are the lowest of their group and ..., 83 % [78, 87] are left (reference: 4 %)." """
    table = region.table
    verb = VERBS[table.outcome][0 if more else 1].format(shown(frame.kinds[table.into]))
    if table.outcome == "changed" and more and table.into >= 0:
        verb += f" into {shown(frame.kinds[table.into])}"
    words = clauses(region.conditions, frame)
    kind = shown(frame.kinds[table.kind])
    nodes = f'"{kind}" nodes' if " " in kind else f"{kind} nodes"
    if table.outcome != "changed":
        nodes = f"changed {nodes}"
    of = f"the {nodes} that {_listed(words)}" if words else f"all {nodes}"
    if region.apart:
        of += " (those named before not counted)"
    known = "; ".join(f"{name}: {_percent(value)}" for name, value in shares.references.items())
    return f"Of {of}, {_interval(shares.subject)} {verb} ({known})."


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", that ".join(words[:-1]) + f" and that {words[-1]}"


def _percent(share: float | None) -> str:
    return "none there" if share is None else f"{100 * share:.0f} %"


def _interval(share: Interval) -> str:
    if share.n < 2:
        return f"{_percent(share.estimate)} (one seed)"
    return f"{_percent(share.estimate)} [{100 * share.low:.0f}, {100 * share.high:.0f}]"
