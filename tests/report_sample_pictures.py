"""Pictures as sandboxes and experiments draw them, for the made-up report."""

from corrigible.types import Replay


def grid_frame(step: int, *, detour: bool) -> str:
    """One frame of a corridor of 7 x 5 cells, in the style of the tabular sandbox."""
    cell, cells = 40, []
    for row in range(5):
        for column in range(7):
            wall = row in (0, 4) or column in (0, 6)
            fill = "var(--line, #d8d5ca)" if wall else "var(--surface, #fff)"
            cells.append(
                f'<rect x="{column * cell}" y="{row * cell}" width="{cell}" height="{cell}" style="fill:{fill};'
                'stroke:var(--line,#ccc)"/>'
            )
    path = [(1, 2), (1, 3), (2, 3), (3, 3), (3, 3), (4, 3), (4, 2), (5, 2)] if detour else [(c, 2) for c in range(1, 6)]
    x, y = path[min(step, len(path) - 1)]
    pressed = detour and step >= 4
    switch = "var(--muted, #888)" if pressed else "var(--vermillion, #d55e00)"
    cells.append('<text x="220" y="107" font-size="20" text-anchor="middle" fill="var(--green,#009e73)">G</text>')
    cells.append(f'<circle cx="140" cy="140" r="9" fill="{switch}"><title>switch</title></circle>')
    cells.append(f'<circle cx="{x * cell + 20}" cy="{y * cell + 20}" r="13" fill="var(--blue, #0072b2)"/>')
    return "".join(cells)


def replay(*, detour: bool) -> Replay:
    """A replay of a walk with or without the detour to the switch."""
    count = 8 if detour else 5
    words = ["right", "down", "right", "presses the switch", "right", "up", "right", "reaches the goal"]
    captions = tuple(f"t = {t}: {words[t] if detour else 'right'}" for t in range(count))
    return Replay(
        width=280, height=200, frames=tuple(grid_frame(t, detour=detour) for t in range(count)), captions=captions
    )


def phase_picture() -> str:
    """An SVG document with a gradient and an arrow, as an experiment would draw it, colours fixed."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><svg xmlns="http://www.w3.org/2000/svg" width="640" height="360">'
        '<defs><linearGradient id="g"><stop offset="0" stop-color="#56b4e9"/><stop offset="1" stop-color="#e69f00"/>'
        '</linearGradient><marker id="a" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0 0L10 5L0 10Z"/></marker></defs>'
        '<rect x="60" y="20" width="560" height="290" fill="url(#g)"/>'
        '<path d="M60 310 C 200 60, 380 60, 620 250" fill="none" stroke="#1b2026" stroke-width="3" '
        'marker-end="url(#a)"/><text x="300" y="70" font-size="18">the robot defers</text>'
        '<text x="340" y="345" font-size="16" text-anchor="middle">mean of the belief, mu</text></svg>'
    )


def themed_picture() -> str:
    """A small picture that follows the page's colours."""
    bars = "".join(
        f'<rect x="{20 + 40 * i}" y="{180 - 14 * i}" width="30" height="{14 * i}" style="fill: var(--blue, #0072b2)"/>'
        for i in range(1, 9)
    )
    words = '<text x="20" y="30">steps ahead</text>'
    return f'<svg viewBox="0 0 380 200" xmlns="http://www.w3.org/2000/svg">{bars}{words}</svg>'
