"""Axes, curves and legends as inline SVG in the page's colours (--ink, --accent, --muted, --paper), without scripts."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal, TypeAlias

from corrigible.errors import BadInput

INK: Final = "var(--ink,#222)"
ACCENT: Final = "var(--accent,#0b6e99)"
MUTED: Final = "var(--muted,#767676)"
PAPER: Final = "var(--paper,#fff)"

WIDTH: Final = 640
HEIGHT: Final = 440
LEFT: Final = 84
RIGHT: Final = 606
TOP: Final = 92
BOTTOM: Final = 366
TEXT_SIZE: Final = 16
GLYPH_WIDTH: Final = 0.53
"""Mean width of a letter of a sans-serif face, in units of its size; legends are laid out by it."""

Anchor: TypeAlias = Literal["start", "middle", "end"]
Swatch: TypeAlias = Literal["area", "line", "dashes", "dot", "ring"]
"""How a legend shows an entry: a filled square, a full or broken line, a filled or an open dot."""

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Axes:
    """A rectangle of data coordinates inside the picture; x grows to the right and y upwards, in the data's units."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float

    def place(self, x: float, y: float) -> Point:
        """Data to picture coordinates; points outside are put on the edge."""
        across = min(1.0, max(0.0, (x - self.x_low) / (self.x_high - self.x_low)))
        up = min(1.0, max(0.0, (y - self.y_low) / (self.y_high - self.y_low)))
        return LEFT + across * (RIGHT - LEFT), BOTTOM - up * (BOTTOM - TOP)

    def curve(self, points: Iterable[Point], *, colour: str, width: float = 2.5, dashes: str = "") -> str:
        """A line through data points."""
        line = " ".join(_pair(self.place(x, y)) for x, y in points)
        broken = f' stroke-dasharray="{dashes}"' if dashes else ""
        return (
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
            f'stroke-linejoin="round"{broken}/>'
        )

    def area(self, points: Iterable[Point], *, colour: str, opacity: float) -> str:
        """A filled polygon of data points."""
        line = " ".join(_pair(self.place(x, y)) for x, y in points)
        return f'<polygon points="{line}" fill="{colour}" fill-opacity="{opacity:g}"/>'

    def dot(self, x: float, y: float, *, filled: bool = True, colour: str = ACCENT) -> str:
        """A marker at a data point, open if not `filled`."""
        across, down = self.place(x, y)
        fill = colour if filled else PAPER
        return f'<circle cx="{across:.1f}" cy="{down:.1f}" r="6.5" fill="{fill}" stroke="{colour}" stroke-width="2.5"/>'

    def frame(self, x_label: str, y_label: str) -> str:
        """Axis lines, ticks with numbers and labels with units."""
        parts = [_segment((LEFT, BOTTOM), (RIGHT, BOTTOM)), _segment((LEFT, TOP), (LEFT, BOTTOM))]
        for tick in ticks(self.x_low, self.x_high, 6):
            across, _ = self.place(tick, self.y_low)
            parts += [_segment((across, BOTTOM), (across, BOTTOM + 5)), label(across, BOTTOM + 23, number(tick))]
        for tick in ticks(self.y_low, self.y_high, 6):
            _, down = self.place(self.x_low, tick)
            parts += [_segment((LEFT - 5, down), (LEFT, down)), label(LEFT - 9, down + 5, number(tick), anchor="end")]
        parts.append(label((LEFT + RIGHT) / 2, HEIGHT - 16, x_label))
        middle = (TOP + BOTTOM) / 2
        parts.append(
            f'<text transform="translate(18 {middle:g}) rotate(-90)" text-anchor="middle" fill="{INK}">'
            f"{escape(y_label)}</text>"
        )
        return "".join(parts)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a legend; `opacity` is that of an area."""

    swatch: Swatch
    colour: str
    text: str
    opacity: float = 1.0


def picture(*, title: str, description: str, legend: Sequence[Entry], body: Sequence[str]) -> str:
    """The whole SVG: a title, a legend of at most two rows below it, and the drawing; `description` is read aloud."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(description)}" font-family="system-ui, sans-serif" font-size="{TEXT_SIZE}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>'
        f'<text x="12" y="28" font-size="19" font-weight="600" fill="{INK}">{escape(title)}</text>'
        f"{_legend(legend)}{''.join(body)}</svg>"
    )


def label(x: float, y: float, text: str, *, anchor: Anchor = "middle", colour: str = INK, halo: bool = False) -> str:
    """Text at picture coordinates; a `halo` of the paper's colour keeps it legible on lines."""
    outline = f' stroke="{PAPER}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"' if halo else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{outline}>{escape(text)}</text>'


def ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """At most `most` + 1 round numbers from `low` to `high`, 1, 2 or 5 times a power of ten apart.

    Raises:
        BadInput: the range is empty or not finite.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise BadInput(
            value=f"axis from {low:g} to {high:g}",
            rule="an axis must run from a number to a greater one",
            remedy="give wider limits",
        )
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(size * power for size in (1.0, 2.0, 5.0, 10.0) if size * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(index * step for index in range(first, last + 1))


def number(value: float) -> str:
    """A number in short form, 1.5e6 and not 1500000, with a true minus sign."""
    text = f"{value:.4g}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.3e}"
    if "e" in text:
        mantissa, power = text.split("e")
        text = f"{mantissa.rstrip('0').rstrip('.')}e{int(power)}"
    return text.replace("-", "\N{MINUS SIGN}")


def _legend(entries: Sequence[Entry]) -> str:
    parts: list[str] = []
    x, y = 12.0, 54.0
    for entry in entries:
        needed = 28 + GLYPH_WIDTH * TEXT_SIZE * len(entry.text)
        if x > 12 and x + needed > WIDTH - 4:
            x, y = 12.0, y + 23
        parts += [_swatch(entry, x, y - 5), label(x + 26, y, entry.text, anchor="start")]
        x += needed + 14
    return "".join(parts)


def _swatch(entry: Entry, x: float, y: float) -> str:
    if entry.swatch == "area":
        return (
            f'<rect x="{x:g}" y="{y - 8:g}" width="18" height="15" rx="2" fill="{entry.colour}" '
            f'fill-opacity="{entry.opacity:g}" stroke="{MUTED}" stroke-width="0.6"/>'
        )
    if entry.swatch in ("line", "dashes"):
        broken = ' stroke-dasharray="6 4"' if entry.swatch == "dashes" else ""
        return f'<path d="M{x:g} {y:g}h20" stroke="{entry.colour}" stroke-width="2.5"{broken}/>'
    fill = entry.colour if entry.swatch == "dot" else PAPER
    return f'<circle cx="{x + 10:g}" cy="{y:g}" r="6" fill="{fill}" stroke="{entry.colour}" stroke-width="2.5"/>'


def _segment(start: Point, end: Point) -> str:
    return f'<path d="M{_pair(start)}L{_pair(end)}" stroke="{INK}" stroke-width="1.2"/>'


def _pair(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"
