"""Bars of a pipeline's stages: share of the whole, what the proposed edit leaves of it, and the ceiling beside it."""

from html import escape
from math import isfinite
from typing import Final

from corrigible.oversight.leverage import Leverage, Share
from corrigible.sandbox.games.axes import ACCENT, INK, MUTED, PAPER, label

WIDTH: Final = 720
ROW: Final = 34
TOP: Final = 76
LEFT: Final = 190
RIGHT: Final = 560
LONGEST: Final = 22
"""Letters of a stage's name that fit beside its bar."""


def leverage_picture(found: Leverage, title: str) -> str:
    """SVG with a row a stage, in the pipeline's order; the full width of the axis is the greatest share."""
    height = TOP + ROW * len(found.stages) + 24
    widest = max(max(stage.share, stage.share - _saved(stage)) for stage in found.stages)
    rows = "".join(_row(stage, TOP + ROW * place, widest) for place, stage in enumerate(found.stages))
    said = "Share of the whole cost, stage by stage, and what the proposed edits save of it"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(said)}" font-family="system-ui, sans-serif" font-size="15">'
        f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>'
        f'<text x="12" y="28" font-size="18" font-weight="600" fill="{INK}">{escape(title[:70])}</text>'
        f"{_legend()}{rows}</svg>"
    )


def _legend() -> str:
    entries = ((ACCENT, 1.0, "stays"), (ACCENT, 0.3, "saved by its edit"), (MUTED, 0.7, "added by its edit"))
    parts: list[str] = []
    for place, (colour, opacity, text) in enumerate(entries):
        x = 12 + 150 * place
        parts.append(
            f'<rect x="{x}" y="44" width="16" height="14" rx="2" fill="{colour}" fill-opacity="{opacity:g}"/>'
            + label(x + 22, 56, text, anchor="start")
        )
    return "".join(parts) + label(RIGHT + 12, 56, "at most", anchor="start", colour=MUTED)


def _saved(stage: Share) -> float:
    """Share of the whole that the edit saves; negative where it costs."""
    return 0.0 if stage.effect is None else stage.effect.saves if isfinite(stage.effect.saves) else 0.0


def _row(stage: Share, y: int, widest: float) -> str:
    scale = (RIGHT - LEFT) / widest
    saved = _saved(stage)
    stays = min(stage.share, stage.share - saved)
    rest = abs(saved)
    colour, opacity = (ACCENT, 0.3) if saved >= 0 else (MUTED, 0.7)
    from_ = LEFT + scale * (stays if saved >= 0 else stage.share)
    name = stage.name if len(stage.name) <= LONGEST else stage.name[: LONGEST - 1] + "…"
    most = f"{stage.ceiling:.3g} x" if isfinite(stage.ceiling) else "no bound"
    return "".join(
        (
            f"<g><title>{escape(stage.name)}: {100 * stage.share:.3g} % of the whole</title>",
            label(LEFT - 8, y + 18, name, anchor="end"),
            f'<rect x="{LEFT}" y="{y + 4}" width="{scale * stays:.1f}" height="20" fill="{ACCENT}"/>',
            f'<rect x="{from_:.1f}" y="{y + 4}" width="{scale * rest:.1f}" height="20" fill="{colour}" '
            f'fill-opacity="{opacity:g}"/>',
            label(RIGHT + 12, y + 18, most, anchor="start", colour=MUTED),
            label(WIDTH - 12, y + 18, f"{100 * stage.share:.1f} %", anchor="end"),
            "</g>",
        )
    )
