"""`corrigible trip ..`: what a tripwire would have said of finished runs, and its figures by simulation."""

from collections.abc import Mapping
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any, Final

from corrigible.commands.answer import Answer, table
from corrigible.commands.drawing import draw, drawn
from corrigible.errors import EXIT_DONE, EXIT_TRIPPED, BadInput
from corrigible.oversight.moments import in_words, written
from corrigible.oversight.owners import read_owners
from corrigible.seeding import stream
from corrigible.statistics import Interval
from corrigible.statistics.samples import whole
from corrigible.tripwires.arming import now
from corrigible.tripwires.charge import check_register, in_charge
from corrigible.tripwires.document import Tripwire, read_tripwire
from corrigible.tripwires.pictures import replay_picture
from corrigible.tripwires.points import LARGEST_STEP, Point, read_points
from corrigible.tripwires.simulate import Figures, simulate
from corrigible.tripwires.wire import Wire, replay

SHIPPED: Final = resources.files("corrigible.tripwires") / "data"


def answer_replay(
    tripwire: str,
    points: tuple[Path, ...],
    *,
    until: int | None,
    picture: Path | None,
    owners: Path | None = None,
) -> Answer:
    """A row for each run; exit code 5 where any trips. Nothing is drawn where any file is refused."""
    document = read_tripwire(path_of(tripwire))
    chosen = None
    if owners is not None:
        register = read_owners(owners)
        check_register(document, register, now())
        chosen = in_charge(document, register, stopped=now(), at=now())
    if not points:
        raise BadInput(value="no POINTS", rule="a replay needs at least one run", remedy="name a file of points")
    wires = [(path, *_replayed(document, path, until)) for path in points]
    if picture is not None:
        draw(picture, replay_picture(document, [(run, wire) for _, run, wire in wires]))
    tripped = [wire for _, _, wire in wires if wire.alarm is not None]
    rows = [_row(path, run, wire) for path, run, wire in wires]
    owner = f"{document.owner} has to decide within {in_words(document.deadline)}."
    if chosen is not None:
        owner = f"{chosen.name} ({chosen.role}) has to decide by {written(now() + document.deadline)}, if told now."
    return Answer(
        data={
            "tripwire": document.tripwire,
            "metric": document.metric,
            "owner": document.owner,
            "deadline": in_words(document.deadline),
            "decides": None if chosen is None else chosen.name,
            "decide_by": None if chosen is None else written(now() + document.deadline),
            "tripped": len(tripped),
            "runs": [_data(path, run, wire) for path, run, wire in wires],
        },
        lines=(
            f"{document.tripwire} on {document.metric}: trips in {len(tripped)} of {len(wires)} runs.",
            "",
            *table(("run", "points", "trips at step", "because"), rows),
            *(("", owner) if tripped else ()),
            *drawn(picture),
        ),
        exit_code=EXIT_TRIPPED if tripped else EXIT_DONE,
    )


def answer_figures(tripwire: str, *, runs: int, seed: int) -> Answer:
    """False stops beside what was promised and beside naive tests, and the delay."""
    document = read_tripwire(path_of(tripwire))
    found = simulate(document, runs=runs, generator=stream(whole(seed, name="seed", least=0), "tripwire"))
    verdict = _kept(found.false_stops, document.false_alarms)
    rows = [
        ("healthy runs stopped", _share(found.false_stops), verdict),
        ("by a 5 % test at every checkpoint", _share(found.naive), "for comparison"),
        ("take-offs stopped before the plan ends", "none left" if found.in_time is None else _share(found.in_time), ""),
        ("delay, in checkpoints", "unknown" if found.delay is None else _number(found.delay), _delay_words(found)),
    ]
    assert document.assumed is not None
    moves = f"{'+' if document.side == 'above' else '-'}{document.assumed.moves_by:g}"
    return Answer(
        data={
            "tripwire": document.tripwire,
            "promised": document.false_alarms,
            "verdict": verdict,
            "seed": seed,
            "assumed": document.assumed.model_dump(),
            **asdict(found),
        },
        lines=(
            f"{document.tripwire}: {found.runs} healthy runs of {found.checkpoints} checkpoints with {found.items} "
            f"items at {document.healthy:g}, and as many that move by {moves} a checkpoint from checkpoint "
            f"{document.assumed.takes_off_at} on.",
            "",
            *table(("", "simulated [95 %]", ""), rows),
        ),
    )


def _replayed(document: Tripwire, path: Path, until: int | None) -> tuple[str, Wire]:
    """The run's name and the wire at its end."""
    points = read_points(path)
    last = points[-1].step
    if until is not None and not last <= until <= LARGEST_STEP:
        raise BadInput(
            value=f"--until {until}",
            rule=f"it lies from the last step of {path}, {last}, to {LARGEST_STEP}",
            remedy="give the step to which training came",
        )
    _require_metric(document, path, points)
    try:
        return points[0].run, replay(document, points, until=until)
    except BadInput as refused:
        raise BadInput(value=f"file {path}: {refused.value}", rule=refused.rule, remedy=refused.remedy) from refused


def _require_metric(document: Tripwire, path: Path, points: tuple[Point, ...]) -> None:
    """Points of other metrics alone say nothing, except that this one is missing."""
    metrics = sorted({point.metric for point in points})
    if document.metric not in metrics and document.plan.grace is None:
        raise BadInput(
            value=f"file {path}",
            rule=f"it must hold points of {document.metric!r}, and holds {', '.join(map(repr, metrics[:5]))}",
            remedy="name the metric as the points do, or give the plan a grace so that absence trips",
        )


def _row(path: Path, run: str, wire: Wire) -> tuple[str, ...]:
    name = run if len(run) <= 40 else path.name
    if wire.alarm is None:
        return name, str(wire.seen), "never", "" if wire.seen else "no point has come, and none is overdue"
    return name, str(wire.seen), str(wire.alarm.step), wire.alarm.because


def _data(path: Path, run: str, wire: Wire) -> Mapping[str, Any]:
    return {
        "file": str(path),
        "run": run,
        "points": wire.seen,
        "alarm": None if wire.alarm is None else asdict(wire.alarm),
        "readings": [{"step": item.step, "statistic": item.statistic, "bound": item.bound} for item in wire.readings],
    }


def _kept(found: Interval, promised: float | None) -> str:
    """Whether the promise is kept, where the interval tells."""
    if promised is None:
        return "nothing is promised"
    if found.high <= promised:
        return f"at most {100 * promised:g} % is promised: kept"
    if found.low > promised:
        return f"at most {100 * promised:g} % is promised: not kept"
    return f"at most {100 * promised:g} % is promised: too near to tell, simulate more runs"


def _delay_words(found: Figures) -> str:
    return "0: at the first that moved" if found.delay is not None else "fewer than two were stopped in time"


def _share(found: Interval) -> str:
    return f"{100 * found.estimate:.2f} % [{100 * found.low:.2f}, {100 * found.high:.2f}]"


def _number(found: Interval) -> str:
    return f"{found.estimate:.2f} [{found.low:.2f}, {found.high:.2f}] (n = {found.n})"


def path_of(tripwire: str) -> Path:
    """The file of a tripwire, or one that ships; BadInput elsewhere."""
    path = Path(tripwire)
    if path.exists():
        return path
    shipped = sorted(item.name.removesuffix(".yaml") for item in SHIPPED.iterdir())
    if tripwire not in shipped:
        raise BadInput(
            value=f"tripwire {tripwire!r:.80}",
            rule="it must be a file, or one that ships with Corrigible",
            remedy=f"choose from {', '.join(shipped)}, or give a path",
        )
    return Path(str(SHIPPED / f"{tripwire}.yaml"))
