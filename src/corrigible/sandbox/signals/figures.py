"""Charts of what was learned beside what is exact, as SVG with CSS variables, for light and dark pages."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from corrigible.sandbox.games.global_game import UNIQUENESS_LIMIT
from corrigible.sandbox.signals.environment import STRENGTHS
from corrigible.sandbox.signals.exact import caught_share, tone_effect
from corrigible.sandbox.signals.world import StagHuntParams
from corrigible.types import Figure

WIDTH: Final = 640
HEIGHT: Final = 400
LEFT: Final = 64
RIGHT: Final = 16
TOP: Final = 36
BOTTOM: Final = 76

INK: Final = "var(--ink,#1b2026)"
MUTED: Final = "var(--muted,#555d67)"
LINE: Final = "var(--line,#d8d5ca)"
LOUD_COLOUR: Final = "var(--failure,#b03f00)"
QUIET_COLOUR: Final = "var(--remedy,#0064a3)"

LOUDEST: Final = 12.0
SOFTEST: Final = 0.4

PLACES: Final = (-0.2, 0.2)
"""Where the two pasts of a group stand beside its middle."""


@dataclass(frozen=True, kw_only=True)
class Dots:
    """Learned values at one place of the x axis: one a seed, drawn around `x`, and their mean as a bar."""

    x: float
    values: Sequence[float]
    colour: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """An exact curve; dashed where it is an alternative that players need not choose."""

    x: Sequence[float]
    y: Sequence[float]
    colour: str
    dashed: bool = False


@dataclass(frozen=True, kw_only=True)
class Area:
    """What lies between two exact curves (or, with constant ends, a stretch of the x axis)."""

    x: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    colour: str
    opacity: float = 0.16


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart with y from 0 to 1. ticks, groups: place and name on x. key: colour and name of what is drawn."""

    dots: Sequence[Dots]
    lines: Sequence[Line]
    areas: Sequence[Area]
    x_range: tuple[float, float]
    ticks: Sequence[tuple[float, str]]
    x_name: str
    y_name: str
    key: Sequence[tuple[str, str]]
    groups: Sequence[tuple[float, str]] = ()

    def svg(self) -> str:
        """The chart as one SVG element."""
        parts = [
            *(self._area(area) for area in self.areas),
            self._axes(),
            *(self._line(line) for line in self.lines),
            *(self._dots(dots) for dots in self.dots),
            self._key(),
        ]
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
            f'<g font-family="system-ui,sans-serif" font-size="14">{"".join(parts)}</g></svg>'
        )

    def _x(self, value: float) -> float:
        low, high = self.x_range
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def _y(self, value: float) -> float:
        return TOP + (1.0 - value) * (HEIGHT - TOP - BOTTOM)

    def _path(self, x: Sequence[float], y: Sequence[float]) -> str:
        return "L".join(f"{self._x(a):.1f} {self._y(b):.1f}" for a, b in zip(x, y, strict=True))

    def _area(self, area: Area) -> str:
        back = self._path(list(reversed(area.x)), list(reversed(area.low)))
        return (
            f'<path d="M{self._path(area.x, area.high)}L{back}Z" fill="{area.colour}" fill-opacity="{area.opacity:g}"/>'
        )

    def _line(self, line: Line) -> str:
        dash = ' stroke-dasharray="6 5"' if line.dashed else ""
        return f'<path d="M{self._path(line.x, line.y)}" fill="none" stroke="{line.colour}" stroke-width="2"{dash}/>'

    def _dots(self, dots: Dots) -> str:
        if not dots.values:
            return ""
        centre, mean = self._x(dots.x), sum(dots.values) / len(dots.values)
        apart = 10.0 / max(1, len(dots.values) - 1)
        drawn = [
            f'<circle cx="{centre - 5 + number * apart:.1f}" cy="{self._y(value):.1f}" r="2.6" fill="{dots.colour}" '
            'fill-opacity=".55"/>'
            for number, value in enumerate(dots.values)
        ]
        y = self._y(mean)
        drawn.append(
            f'<path d="M{centre - 9:.1f} {y:.1f}H{centre + 9:.1f}" stroke="{dots.colour}" stroke-width="3.5"/>'
        )
        return "".join(drawn)

    def _axes(self) -> str:
        drawn: list[str] = []
        for value in (0.0, 0.25, 0.5, 0.75, 1.0):
            y = self._y(value)
            drawn.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{LINE}" stroke-width="1"/>')
            drawn.append(f'<text x="{LEFT - 8}" y="{y + 5:.1f}" text-anchor="end" fill="{MUTED}">{value:g}</text>')
        bottom = HEIGHT - BOTTOM
        for place, name in self.ticks:
            x = self._x(place)
            drawn.append(f'<path d="M{x:.1f} {bottom}v5" stroke="{MUTED}" stroke-width="1"/>')
            drawn.append(f'<text x="{x:.1f}" y="{bottom + 20}" text-anchor="middle" fill="{MUTED}">{name}</text>')
        for place, name in self.groups:
            drawn.append(
                f'<text x="{self._x(place):.1f}" y="{bottom + 41}" text-anchor="middle" fill="{INK}" '
                f'font-weight="600">{name}</text>'
            )
        drawn.append(f'<text x="{WIDTH - RIGHT}" y="{bottom + 41}" text-anchor="end" fill="{INK}">{self.x_name}</text>')
        drawn.append(f'<text x="8" y="17" fill="{INK}">{self.y_name}</text>')
        return "".join(drawn)

    def _key(self) -> str:
        drawn: list[str] = []
        x = float(LEFT)
        for colour, name in self.key:
            drawn.append(f'<rect x="{x:g}" y="{HEIGHT - 22}" width="12" height="12" rx="3" fill="{colour}"/>')
            drawn.append(f'<text x="{x + 17:g}" y="{HEIGHT - 11}" fill="{INK}">{name}</text>')
            x += 36 + 7.2 * len(name)
        return "".join(drawn)


def dose_figure(learned: Sequence[Sequence[Sequence[float]]], *, loud: StagHuntParams, quiet: StagHuntParams) -> Figure:
    """Share of contested stags caught against the tone. learned: [loud, quiet][tone from hope to despair][seed]."""
    doses = STRENGTHS[1:]
    colours = (LOUD_COLOUR, QUIET_COLOUR)
    along = [-1.0 + number / 10 for number in range(21)]
    extreme = [caught_share(loud, strength) for strength in along]
    few, many = [item.few for item in extreme], [item.many for item in extreme]
    unique = [caught_share(quiet, strength).few for strength in along]
    chart = Chart(
        dots=[
            Dots(x=dose + shift, values=values, colour=colour)
            for rows, colour, shift in zip(learned, colours, (-0.02, 0.02), strict=True)
            for dose, values in zip(doses, rows, strict=True)
        ],
        lines=[
            Line(x=along, y=unique, colour=QUIET_COLOUR),
            Line(x=along, y=few, colour=LOUD_COLOUR, dashed=True),
            Line(x=along, y=many, colour=LOUD_COLOUR, dashed=True),
        ],
        areas=[Area(x=along, low=few, high=many, colour=LOUD_COLOUR)],
        x_range=(-1.15, 1.15),
        ticks=list(zip(doses, ("hope", "mild hope", "plain", "mild despair", "despair"), strict=True)),
        x_name="tone of the voice, for the same stags",
        y_name="share of contested stags caught",
        key=((LOUD_COLOUR, f"loudness {loud.loudness:g}"), (QUIET_COLOUR, f"loudness {quiet.loudness:g}")),
    )
    return Figure(
        title="The same stags under five tones",
        caption=(
            "Dots: what the players learned, one a seed, bars their means. Solid: the exact game under the quiet "
            "voice, which has one equilibrium. Dashed: the two extreme equilibria of the loud one; what lies between "
            "them theory leaves open."
        ),
        svg=chart.svg(),
    )


def loudness_figure(learned: Mapping[float, Sequence[float]]) -> Figure:
    """Tone effect against loudness; learned: loudness -> one share a seed. The world is otherwise the default."""
    steps = [SOFTEST * (LOUDEST / SOFTEST) ** (number / 60) for number in range(61)]
    below = [*(value for value in steps if value < UNIQUENESS_LIMIT), UNIQUENESS_LIMIT]
    above = [UNIQUENESS_LIMIT, *(value for value in steps if value > UNIQUENESS_LIMIT)]
    limit, end = math.log(UNIQUENESS_LIMIT), math.log(LOUDEST)

    effects = {value: tone_effect(StagHuntParams(loudness=value)) for value in (*below, *above)}
    chart = Chart(
        dots=[Dots(x=math.log(loudness), values=values, colour=LOUD_COLOUR) for loudness, values in learned.items()],
        lines=[
            Line(x=[math.log(value) for value in below], y=[effects[v].few for v in below], colour=QUIET_COLOUR),
            *(
                Line(x=[math.log(value) for value in above], y=ends, colour=QUIET_COLOUR, dashed=True)
                for ends in ([effects[v].few for v in above], [effects[v].many for v in above])
            ),
        ],
        areas=[Area(x=(limit, end), low=(0.0, 0.0), high=(1.0, 1.0), colour=MUTED, opacity=0.1)],
        x_range=(math.log(SOFTEST), end),
        ticks=[*((math.log(loudness), f"{loudness:g}") for loudness in learned), (limit, "√2π")],
        x_name="loudness of the voice, alpha / sqrt(beta), on a log scale",
        y_name="share of contested stags that the tone decides",
        key=((LOUD_COLOUR, "learned"), (QUIET_COLOUR, "exact, one equilibrium kept")),
    )
    return Figure(
        title="How loud must the voice be?",
        caption=(
            "Share of the same stags caught under hope and lost under despair. Up to √2π the exact game has one "
            "equilibrium and its line is a prediction. Beyond (shaded) there are two stable ones: the dashed lines "
            "hold for players who stay with one of them; dots above mean that the tone moved them to the other."
        ),
        svg=chart.svg(),
    )


@dataclass(frozen=True, kw_only=True)
class PastOf:
    """A world whose players had different pasts; learned: [hopeful, despairing][seed]."""

    world: StagHuntParams
    learned: Sequence[Sequence[float]]


def past_figure(voices: Mapping[str, PastOf]) -> Figure:
    """Share caught under a plain tone by what players believed at first, for each named voice."""
    exact = {name: caught_share(voice.world, 0.0) for name, voice in voices.items()}
    colours = {name: QUIET_COLOUR if ends.few == ends.many else LOUD_COLOUR for name, ends in exact.items()}
    groups = list(enumerate(voices.items()))
    chart = Chart(
        dots=[
            Dots(x=group + place, values=values, colour=colours[name])
            for group, (name, voice) in groups
            for place, values in zip(PLACES, voice.learned, strict=True)
        ],
        lines=[
            Line(
                x=(group - 0.4, group + 0.4),
                y=(end, end),
                colour=colours[name],
                dashed=exact[name].few != exact[name].many,
            )
            for group, (name, _) in groups
            for end in dict.fromkeys((exact[name].few, exact[name].many))
        ],
        areas=[],
        x_range=(-0.5, len(voices) - 0.5),
        ticks=[
            (group + place, past)
            for group, _ in groups
            for place, past in zip(PLACES, ("hopeful", "despairing"), strict=True)
        ],
        x_name="",
        y_name="share of contested stags caught under a plain tone, by first belief",
        key=((LOUD_COLOUR, "two stable equilibria"), (QUIET_COLOUR, "one equilibrium")),
        groups=[(group, name) for group, (name, _) in groups],
    )
    return Figure(
        title="Does the past decide?",
        caption=(
            "The same learners, who began sure that hunts succeed, or fail. Lines: the equilibria of the exact game, "
            "two under the loud voice; one under the quiet voice, and where the loud words are whispered to each alone."
        ),
        svg=chart.svg(),
    )
