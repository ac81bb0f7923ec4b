"""Picture of replayed runs: the statistic of the detector by step, its bound, and where the wire tripped."""

from collections.abc import Sequence
from typing import Final

from corrigible.errors import BadInput
from corrigible.sandbox.games.axes import MUTED, Axes, Entry, picture
from corrigible.tripwires.detectors import Reading
from corrigible.tripwires.document import Tripwire
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
        legend.append(
            Entry(swatch="line", colour=colour, text=name if len(name) <= 24 else f"{name[:23]}\N{HORIZONTAL ELLIPSIS}")
        )
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
