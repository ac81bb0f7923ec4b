"""The page of a chain: sentences, bars of shares, curves, and a tree of the chains of events that led to an end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from corrigible.report.icons import favicon
from corrigible.report.markup import Svg, element
from corrigible.report.page import content_policy, environment, own_asset
from corrigible.report.scales import scale_over
from corrigible.report.svg import ChartLine, line_chart

BAR: Final = 100.0
HEIGHT: Final = 14


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A share from 0 to 1 of something that has a name."""

    name: str
    share: float
    written: str


@dataclass(frozen=True, kw_only=True)
class CurveOf:
    """(n,) values at 0, 1, .. or at `x`; axes are short names."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    axes: tuple[str, str]
    include: tuple[float, ...] = (0.0,)
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    """Of a band; empty: there is none."""
    beside: tuple[float, ...] = ()
    """A thin line, of the reference."""


@dataclass(frozen=True, kw_only=True)
class Branch:
    """What was said before, read backwards from the end: a token, the share of all ways that come by here, and more."""

    token: str
    share: float
    before: tuple["Branch", ...] = ()


@dataclass(frozen=True, kw_only=True)
class Part:
    """A section of the page: a title, sentences, and any of bars, a curve, a tree."""

    title: str
    told: tuple[str, ...]
    bars: tuple[Bar, ...] = ()
    curve: CurveOf | None = None
    tree: tuple[Branch, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChainPage:
    """All of it. facts: name and value."""

    title: str
    lead: tuple[str, ...]
    parts: tuple[Part, ...]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class PartView:
    """As the template shows it. anchor: where the navigation leads."""

    anchor: str
    title: str
    told: tuple[str, ...]
    bars: tuple[tuple[str, Svg, str], ...]
    chart: Svg | None
    tree: tuple[Branch, ...]


def render_chain(page: ChainPage) -> str:
    """The whole page as text, to be written as UTF-8."""
    style, script = own_asset("style.css"), own_asset("player.js")
    text = (
        environment()
        .get_template("chain.html.j2")
        .render(
            page=page,
            style=style,
            script=script,
            policy=content_policy(style, script),
            favicon=favicon(),
            parts=[_part(number, part) for number, part in enumerate(page.parts)],
        )
    )
    return text.encode("utf-8", "replace").decode("utf-8")


def _part(number: int, part: Part) -> PartView:
    return PartView(
        anchor=f"part{number}",
        title=part.title,
        told=part.told,
        bars=tuple((bar.name, _bar(bar), bar.written) for bar in part.bars),
        chart=None if part.curve is None else _chart(part.title, part.curve),
        tree=part.tree,
    )


def _bar(bar: Bar) -> Svg:
    width = f"{100 * min(max(bar.share, 0.0), 1.0):.2f}%"
    box = {"class": "share-bar", "width": "100%", "height": HEIGHT, "role": "img", "aria-label": bar.written}
    return element("svg", box, element("rect", {"x": 0, "y": 0, "width": width, "height": HEIGHT, "rx": 2}))


def _chart(title: str, curve: CurveOf) -> Svg:
    x = scale_over(curve.x, wanted=5, rounded=False)
    y = scale_over((*curve.y, *curve.low, *curve.high, *curve.beside), include=curve.include, wanted=4)
    lines = [ChartLine(x=curve.x, y=curve.y, kind="mean", role="failure", title=title, low=curve.low, high=curve.high)]
    if curve.beside:
        lines.append(ChartLine(x=curve.x, y=curve.beside, kind="context", role="reference", title="reference"))
    return line_chart(lines, x, y, label=f"{title}: {_ends(curve.y)}", axes=curve.axes)


def _ends(values: Sequence[float]) -> str:
    return f"{values[0]:.3g} at first, {values[-1]:.3g} at last" if values else "nothing"
