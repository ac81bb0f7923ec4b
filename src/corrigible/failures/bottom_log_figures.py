"""Pictures of the causes: what becomes of leaving and of hopping when one thing about the world is changed."""

from collections.abc import Mapping, Sequence
from html import escape
from math import isnan
from typing import Final

from corrigible.failures.bottom_log_conditions import FAILURE, REFERENCE, TAUGHT_THEN_LOGS
from corrigible.sandbox.games.axes import ACCENT, INK, MUTED, PAPER, label, number, ticks
from corrigible.types import Figure

Values = Mapping[str, Mapping[str, Sequence[float]]]
"""metric -> condition -> value of each seed."""

GROUPS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("as it is", (FAILURE, REFERENCE, TAUGHT_THEN_LOGS, "planner-ground", "planner-hops")),
    (
        "gaze",
        (
            "eye-0.5", "eye-0.9", "eye-1.3", "starts-looking-down", "starts-anywhere", "cannot-look-down",
            "looks-down-only",
        ),
    ),
    ("reach and stump", (
        "reach-3", "reach-6", "trunks-of-4", "trunks-8-to-10", "no-jumping", "no-stump", "stump-gives-way",
    )),
    ("haste", (
        "digs-fast", "digs-slowly", "discount-0.9", "discount-0.997", "episodes-of-150", "episodes-of-900",
    )),
    ("scarcity", ("two-trees", "one-tree")),
)  # fmt: skip

ROW: Final = 21
WIDTH: Final = 860
NAMES: Final = 196
GAP: Final = 34
TOP: Final = 74
SIZE: Final = 13


def causes_figure(values: Values) -> Figure:
    """One row a condition: share of worked trees that keep the bottom log, and hops an episode."""
    left = values.get("bottom left", {})
    hops = values.get("hops", {})
    rows = _rows({*left, *hops})
    most = max([1.0, *(value for name in hops for value in hops[name] if not isnan(value))])
    height = TOP + ROW * len(rows) + 40
    panel = (WIDTH - NAMES - GAP - 24) / 2
    body = [
        *_names(rows),
        *_panel(rows, left, NAMES, panel, most=1.0, title="leaves the bottom log (share of worked trees)"),
        *_panel(rows, hops, NAMES + panel + GAP, panel, most=most, title="hops on a stump (an episode)"),
    ]
    return Figure(
        title="One change at a time",
        caption="Each row is trained anew with one thing changed: a dot a seed, a bar at their mean, and the failure's "
        "own mean as a line through all rows. If the log were left in order to hop, it would be left less where "
        "nothing can jump, where the stump gives way and where every log is in reach; if it is left because a level "
        "gaze passes over it, it would be left less with lower eyes.",
        svg=_svg(height, "Leaving and hopping by condition", body),
    )


def decomposition_figure(values: Values) -> Figure:
    """How much less the bottom log is left after each change, group by group, paired over seeds."""
    left = values.get("bottom left", {})
    base = left.get(FAILURE, ())
    drops = {
        name: [b - a for a, b in zip(left[name], base, strict=False) if not isnan(a) and not isnan(b)]
        for _, names in GROUPS[1:]
        for name in names
        if name in left
    }
    rows = [(kind, name) for kind, name in _rows(drops) if kind == "group" or drops.get(name)]
    height = TOP + ROW * len(rows) + 40
    body = [
        *_names(rows),
        *_panel(rows, drops, NAMES, WIDTH - NAMES - 24, most=1.0, title="drop in leaving, against the failure"),
    ]
    return Figure(
        title="Gaze, reach or haste?",
        caption="The share of worked trees that keep the bottom log under the failure, less that share after one "
        "change, seed by seed: 1 would mean that the change ends the leaving altogether, 0 that it does nothing. "
        "Drops do not add up where causes overlap.",
        svg=_svg(height, "Drop in leaving the bottom log by change", body),
    )


def _rows(known: Mapping[str, object] | set[str]) -> list[tuple[str, str]]:
    """("group", title) and ("row", condition), of groups that have any."""
    rows: list[tuple[str, str]] = []
    for title, names in GROUPS:
        found = [name for name in names if name in known]
        if found:
            rows += [("group", title), *(("row", name) for name in found)]
    return rows


def _names(rows: Sequence[tuple[str, str]]) -> list[str]:
    parts: list[str] = []
    for number_, (kind, name) in enumerate(rows):
        y = TOP + ROW * (number_ + 0.5) + 4
        if kind == "group":
            parts.append(f'<text x="12" y="{y:.1f}" font-weight="600" fill="{INK}">{escape(name)}</text>')
        else:
            parts.append(label(NAMES - 12, y, name, anchor="end"))
    return parts


def _panel(
    rows: Sequence[tuple[str, str]],
    values: Mapping[str, Sequence[float]],
    x: float,
    width: float,
    *,
    most: float,
    title: str,
) -> list[str]:
    low = min([0.0, *(v for seeds in values.values() for v in seeds if not isnan(v))])
    low = -most if low < -0.05 * most else 0.0

    def across(value: float) -> float:
        return x + width * (min(max(value, low), most) - low) / (most - low)

    bottom = TOP + ROW * len(rows)
    parts = [label(x, TOP - 24, title, anchor="start")]
    for tick in ticks(low, most, 5):
        parts.append(f'<path d="M{across(tick):.1f} {TOP}V{bottom}" stroke="{MUTED}" stroke-width="0.5"/>')
        parts.append(label(across(tick), bottom + 18, number(tick)))
    own = [v for v in values.get(FAILURE, ()) if not isnan(v)]
    if own:
        middle = across(sum(own) / len(own))
        parts.append(
            f'<path d="M{middle:.1f} {TOP}V{bottom}" stroke="{ACCENT}" stroke-width="1" stroke-dasharray="4 3"/>'
        )
    for row, (kind, name) in enumerate(rows):
        seeds = [v for v in values.get(name, ()) if not isnan(v)]
        if kind == "group" or not seeds:
            continue
        y = TOP + ROW * (row + 0.5)
        mean = across(sum(seeds) / len(seeds))
        parts.append(f'<path d="M{mean:.1f} {y - 7:.1f}v14" stroke="{INK}" stroke-width="2.5"/>')
        parts += [
            f'<circle cx="{across(v):.1f}" cy="{y:.1f}" r="4" fill="{PAPER}" fill-opacity="0.6" stroke="{ACCENT}" '
            f'stroke-width="1.8"><title>{escape(name)}: {v:.3g}</title></circle>'
            for v in seeds
        ]
    return parts


def _svg(height: float, title: str, body: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img" '
        f'aria-label="{escape(title)}" font-family="system-ui, sans-serif" font-size="{SIZE}">'
        f'<rect width="{WIDTH}" height="{height:g}" fill="{PAPER}"/>'
        f'<text x="12" y="26" font-size="17" font-weight="600" fill="{INK}">{escape(title)}</text>'
        f"{''.join(body)}</svg>"
    )


def figures(values: Values) -> tuple[Figure, ...]:
    """All pictures that the values allow."""
    if not values.get("bottom left"):
        return ()
    made = [causes_figure(values)]
    if any(name in values["bottom left"] for _, names in GROUPS[1:] for name in names):
        made.append(decomposition_figure(values))
    return tuple(made)
