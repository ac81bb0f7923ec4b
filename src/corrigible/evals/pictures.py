"""Picture of a gap: both shares with their intervals, and the difference beside the smallest gap that matters."""

from typing import Final

from corrigible.evals.gap import Gap
from corrigible.sandbox.games.axes import ACCENT, INK, MUTED, PAPER, label, number, ticks

WIDTH: Final = 640
HEIGHT: Final = 300
LEFT: Final = 130
RIGHT: Final = 606
GOOD: Final = "#009e73"
BAD: Final = "#d55e00"
COLOURS: Final = {"GAP": BAD, "NO GAP": GOOD, "INCONCLUSIVE": MUTED}


def gap_picture(found: Gap) -> str:
    """SVG without scripts: two rows of shares, one of the difference, with 0 and the smallest gap as upright lines."""
    sides = (("public", found.public), ("held-out", found.held_out))
    ends = found.interval
    shares = _Scale(
        low=min(side.low for _, side in sides), high=max(max(side.high, side.seen) for _, side in sides)
    )  # fmt: skip
    gaps = _Scale(low=min(ends.low, 0.0), high=max(ends.high, found.smallest))
    body = [shares.axis(150, "share right")]
    for row, (name, side) in enumerate(sides):
        height = 78 + 34 * row
        body += [
            label(LEFT - 14, height + 5, name, anchor="end"),
            *shares.whisker(height, side.low, side.share, side.high),
        ]
        if side.queries > 1:
            body.append(_ring(shares.place(side.seen), height))
    body += [gaps.axis(252, "difference")]
    for value, colour in ((0.0, MUTED), (found.smallest, BAD)):
        x = gaps.place(value)
        body.append(f'<path d="M{x:.1f} 196V252" stroke="{colour}" stroke-width="2" stroke-dasharray="5 4"/>')
    body += [
        label(LEFT - 14, 229, "public exceeds", anchor="end"),
        *gaps.whisker(224, ends.low, ends.estimate, ends.high, colour=COLOURS[found.verdict]),
    ]
    told = (
        f"{found.verdict}: public exceeds held-out by {ends.estimate:.3f}, from {ends.low:.3f} to {ends.high:.3f}; "
        f"a gap matters from {found.smallest:g}"
    )
    chosen = " (ring: as seen, best of several)" if any(side.queries > 1 for _, side in sides) else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{told}" '
        f'font-family="system-ui, sans-serif" font-size="16"><rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>'
        f'<text x="12" y="28" font-size="19" font-weight="600" fill="{INK}">{found.verdict}</text>'
        f'<text x="12" y="50" font-size="14" fill="{MUTED}">{100 * ends.level:g} % intervals; a gap matters from '
        f"{found.smallest:g}{chosen}</text>{''.join(body)}</svg>"
    )


class _Scale:
    """From data to picture coordinates, with a little room at both ends."""

    def __init__(self, *, low: float, high: float) -> None:
        room = 0.06 * (high - low) or 0.05
        self.low, self.high = low - room, high + room

    def place(self, value: float) -> float:
        return LEFT + (value - self.low) / (self.high - self.low) * (RIGHT - LEFT)

    def axis(self, height: int, name: str) -> str:
        parts = [f'<path d="M{LEFT} {height}H{RIGHT}" stroke="{INK}" stroke-width="1.2"/>']
        for tick in ticks(self.low, self.high, 6):
            x = self.place(tick)
            parts += [
                f'<path d="M{x:.1f} {height}v5" stroke="{INK}" stroke-width="1.2"/>',
                label(x, height + 22, number(round(tick, 12))),
            ]
        return "".join([*parts, label(LEFT - 14, height + 22, name, anchor="end", colour=MUTED)])

    def whisker(self, height: int, low: float, middle: float, high: float, *, colour: str = ACCENT) -> tuple[str, str]:
        ends = f"M{self.place(low):.1f} {height}H{self.place(high):.1f}"
        caps = "".join(f"M{self.place(end):.1f} {height - 7}v14" for end in (low, high))
        return (
            f'<path d="{ends}{caps}" stroke="{colour}" stroke-width="2.5"/>',
            f'<circle cx="{self.place(middle):.1f}" cy="{height}" r="6" fill="{colour}"/>',
        )


def _ring(x: float, height: int) -> str:
    return f'<circle cx="{x:.1f}" cy="{height}" r="6" fill="none" stroke="{MUTED}" stroke-width="2.5"/>'
