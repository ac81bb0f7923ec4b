"""Picture of replayed runs: the statistic of the detector by step, its bound, and where the wire tripped."""

from collections.abc import Sequence
from typing import Final

from corrigible.errors import BadInput
from corrigible.sandbox.games.axes import MUTED, Axes, Entry, picture
from corrigible.statistics.proportions import score_ends
from corrigible.tripwires.detectors import Reading
from corrigible.tripwires.document import Tripwire
from corrigible.tripwires.outlook import Outlook
from corrigible.tripwires.points import Point
from corrigible.tripwires.wire import Wire

COLOURS: Final = ("#0072b2", "#009e73", "#cc79a7", "#e69f00", "#555d67")
TRIP: Final = "#d55e00"
MOST_RUNS: Final = len(COLOURS)


def replay_picture(tripwire: Tripwire, wires: Sequence[tuple[str, Wire]]) -> str:
    """SVG of at most five runs, each drawn until it trips, where an upright line stands; bounds are broken lines.

    Raises:
        BadInput: more runs, or none with a statistic to draw.
    """
    if len(wires) > MOST_RUNS:
        raise BadInput(
            value=f"{len(wires)} runs", rule=f"a picture holds at most {MOST_RUNS}", remedy="draw fewer at a time"
        )
    axes = _axes(tripwire, [wire for _, wire in wires])
    label = next(wire.detector.axis for _, wire in wires if wire.detector is not None)
    body, legend = [axes.frame("step of training", label)], list[Entry]()
    for (name, wire), colour in zip(wires, COLOURS, strict=False):
        drawn = [(item.step, item.statistic) for item in _until_it_trips(wire) if item.statistic is not None]
        bounds = [(item.step, item.bound) for item in _until_it_trips(wire) if item.bound is not None]
        legend.append(Entry(swatch="line", colour=colour, text=_shortened(name, 24)))
        body.append(axes.curve(bounds, colour=MUTED, width=2, dashes="6 4"))
        body.append(axes.curve(drawn, colour=colour))
        if wire.alarm is not None:
            step = wire.alarm.step
            body.append(axes.curve([(step, axes.y_low), (step, axes.y_high)], colour=TRIP, width=1.5))
            body += [axes.dot(step, value, colour=TRIP) for at, value in drawn if at == step]
    legend.append(Entry(swatch="dashes", colour=MUTED, text="bound"))
    if any(wire.alarm is not None for _, wire in wires):
        legend.append(Entry(swatch="dot", colour=TRIP, text="trips"))
    title = f"{tripwire.tripwire}: {tripwire.metric}"
    return picture(title=title[:60], description=_description(tripwire, wires), legend=legend, body=body)


def metric_picture(tripwire: Tripwire, points: Sequence[Point], *, stopped: int, ahead: Outlook | None) -> str:
    """SVG of the metric itself by step, with intervals of counts, where it was stopped, and how it was going on.

    Raises:
        BadInput: no point of the metric.
    """
    if not points:
        raise BadInput(value=f"metric {tripwire.metric}", rule="it has a point to draw", remedy="evaluate first")
    bars = [(point.step, *_ends(point)) for point in points]
    healthy = [] if tripwire.healthy is None else [tripwire.healthy]
    later = () if ahead is None else ahead.steps
    values = [
        *healthy,
        *(end for _, *ends in bars for end in ends),
        *(() if ahead is None else (*ahead.low, *ahead.high)),
    ]
    low, high = min(0.0, *values), max(values)
    steps = [stopped, *(point.step for point in points), *later]
    axes = Axes(
        x_low=float(min(steps)),
        x_high=float(max(*steps, min(steps) + 1)),
        y_low=low,
        y_high=high + 0.05 * (high - low) if high > low else low + 1.0,
    )
    body = [axes.frame("step of training", _shortened(tripwire.metric, 40))]
    legend = [Entry(swatch="line", colour=COLOURS[0], text=_shortened(tripwire.metric, 24))]
    if ahead is not None:
        start = (points[-1].step, points[-1].amount)
        band = [*zip(later, ahead.high, strict=True), *reversed([*zip(later, ahead.low, strict=True)])]
        body.append(axes.area([start, *band], colour=TRIP, opacity=0.14))
        body.append(axes.curve([start, *zip(later, ahead.expected, strict=True)], colour=TRIP, dashes="3 5"))
        legend.append(Entry(swatch="area", colour=TRIP, opacity=0.14, text="if it had gone on so (95 %)"))
    for share in healthy:
        body.append(axes.curve([(axes.x_low, share), (axes.x_high, share)], colour=MUTED, width=2, dashes="6 4"))
        legend.append(Entry(swatch="dashes", colour=MUTED, text="healthy"))
    body += [axes.curve([(step, low), (step, high)], colour=COLOURS[0], width=1) for step, low, high in bars]
    body.append(axes.curve([(point.step, point.amount) for point in points], colour=COLOURS[0]))
    body.append(axes.curve([(stopped, axes.y_low), (stopped, axes.y_high)], colour=TRIP, width=1.5))
    body += [axes.dot(point.step, point.amount, colour=TRIP) for point in points if point.step == stopped]
    legend.append(Entry(swatch="dot", colour=TRIP, text="stopped"))
    said = f"{tripwire.metric} by step of training, stopped at step {stopped} by {tripwire.tripwire}."
    return picture(title=_shortened(tripwire.metric, 60), description=said, legend=legend, body=body)


def _ends(point: Point) -> tuple[float, float]:
    if point.value is not None:
        return point.amount, point.amount
    return score_ends(point.amount, point.counts[1])


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def _until_it_trips(wire: Wire) -> Sequence[Reading]:
    """What comes after would not have been, had the wire been there."""
    return [item for item in wire.readings if wire.alarm is None or item.step <= wire.alarm.step]


def _axes(tripwire: Tripwire, wires: Sequence[Wire]) -> Axes:
    readings = [reading for wire in wires for reading in _until_it_trips(wire)]
    values = [value for item in readings for value in (item.statistic, item.bound) if value is not None]
    if not any(item.statistic is not None for item in readings):
        raise BadInput(
            value=f"tripwire {tripwire.tripwire}",
            rule="no run has a statistic to draw",
            remedy="leave out --picture, or replay more points",
        )
    steps = [*(item.step for item in readings), *(wire.alarm.step for wire in wires if wire.alarm is not None)]
    low, high = min(0.0, *values), max(values)
    return Axes(
        x_low=float(min(steps)),
        x_high=float(max(*steps, min(steps) + 1)),
        y_low=low,
        y_high=high + 0.05 * (high - low) if high > low else low + 1.0,
    )


def _description(tripwire: Tripwire, wires: Sequence[tuple[str, Wire]]) -> str:
    said = [
        f"{name}: {'never trips' if wire.alarm is None else f'trips at step {wire.alarm.step}'}" for name, wire in wires
    ]
    return f"Tripwire {tripwire.tripwire} on {tripwire.metric}. {'; '.join(said)}."
