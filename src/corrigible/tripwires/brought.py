"""What is brought to whoever has to decide about a stop: the content of its page."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from corrigible.errors import BadInput
from corrigible.oversight.moments import in_words, written
from corrigible.oversight.owners import Chosen
from corrigible.report.stop_page import State, StopPage, Turn
from corrigible.tripwires.charge import in_charge, turns
from corrigible.tripwires.document import Tripwire
from corrigible.tripwires.folder import WireFolder
from corrigible.tripwires.judge import judged_again, readable_points
from corrigible.tripwires.outlook import Outlook, outlook
from corrigible.tripwires.pictures import metric_picture, replay_picture
from corrigible.tripwires.points import Point
from corrigible.tripwires.records import Arming, Said, StopRecord


def page_of(
    folder: WireFolder,
    points: Path,
    arming: Arming,
    stop: StopRecord,
    *,
    evidence: Sequence[tuple[str, str]],
    at: datetime,
) -> StopPage:
    """The page of a stop as it stands at a moment; evidence: names and sha256 of what was frozen."""
    wire = arming.tripwire()
    said = tuple(item for item in folder.said() if item.stop == folder.digest_of(stop.segment))
    decided = next((item for item in said if item.action != "acknowledge"), None)
    state: State = "stopped" if decided is None else "ended" if decided.action == "end" else "lifted"
    metric = [point for point in readable_points(points) if point.metric == wire.metric]
    ahead = _ahead(wire, metric, stop)
    following = () if decided is not None else _turns(arming, stop, said, at)
    return StopPage(
        title=f"{stop.tripwire} on {wire.metric} stopped run {stop.run} at step {stop.step}",
        state=state,
        fictional=wire.fictional,
        at=written(at),
        in_charge=_in_charge(following, decided, wire, _has_seen(arming, stop, said, at)),
        graph=_graph(wire, metric, stop, ahead),
        tripped=_tripped(wire, stop, len(metric)),
        statistic=_statistic(arming, points),
        cost=(*_cost(wire, stop, ahead), *_of_stopping(folder, stop)),
        turns=following,
        said=tuple((written(item.at), item.by, item.action, item.reason) for item in said),
        evidence=tuple(evidence),
        commands=() if decided is not None else _commands(folder, _chosen(arming, stop, said, at).person),
    )


def _ahead(wire: Tripwire, metric: Sequence[Point], stop: StopRecord) -> Outlook | None:
    plan = wire.plan
    until = plan.first + (plan.checkpoints - 1) * plan.every
    return outlook([point for point in metric if point.step <= stop.step], every=plan.every, until=until)


def _graph(wire: Tripwire, metric: Sequence[Point], stop: StopRecord, ahead: Outlook | None) -> str:
    with suppress(BadInput):  # where no point came, there is nothing to draw
        return metric_picture(wire, metric, stopped=max(stop.step, 0), ahead=ahead)
    return ""


def _statistic(arming: Arming, points: Path) -> str:
    judge = judged_again(arming, points)
    with suppress(BadInput):
        return replay_picture(judge.wire.tripwire, [(arming.run, judge.wire)])
    return ""


def _tripped(wire: Tripwire, stop: StopRecord, points: int) -> tuple[str, ...]:
    lines = [wire.what, f"Why: {stop.because}."]
    if stop.kind == "tripped" and wire.false_alarms is not None:
        lines.append(
            f"Of healthy runs at most {100 * wire.false_alarms:g} % were to be stopped over all "
            f"{wire.plan.checkpoints} planned checkpoints; this may be one of them."
        )
    if stop.kind != "tripped":
        lines.append("The wire itself raised no alarm: what it needs to judge the run by was not there, or not sound.")
    lines.append(f"Seen by the {stop.by} on {written(stop.at)}, after {points} points of {wire.metric}.")
    return tuple(lines)


def _cost(wire: Tripwire, stop: StopRecord, ahead: Outlook | None) -> tuple[str, ...]:
    lines = [] if wire.at_stake is None else [f"At stake, as it was written before the run: {wire.at_stake}"]
    if ahead is None:
        lines.append(
            "How it would have gone on is not known: a line takes three points, and planned checkpoints ahead."
        )
    else:
        first, last = _expected(ahead, 0), _expected(ahead, -1)
        going = first if len(ahead.steps) == 1 else f"{first}, and {last}"
        lines.append(f"Had the next checkpoints gone as the last {ahead.window}: {wire.metric} {going} (95 %).")
        lines.append(
            "That is a line through the last points and no forecast; the one that tripped is high by selection."
        )
    plan = wire.plan
    passed = 0 if stop.step < plan.first else min(plan.checkpoints, (stop.step - plan.first) // plan.every + 1)
    lines.append(f"Left of the plan: {plan.checkpoints - passed} of {plan.checkpoints} checkpoints.")
    return tuple(lines)


def _expected(ahead: Outlook, place: int) -> str:
    return f"{ahead.expected[place]:.3g} [{ahead.low[place]:.3g}, {ahead.high[place]:.3g}] at step {ahead.steps[place]}"


def _of_stopping(folder: WireFolder, stop: StopRecord) -> tuple[str, ...]:
    trainer = folder.trainer()
    if trainer is None or trainer.segment != stop.segment or not trainer.halted:
        return ("To stop: the trainer has not said that it stopped and saved itself. See that it does not train on.",)
    if not trainer.checkpoint:
        return (f"To stop: the trainer stopped at step {trainer.step} and named no checkpoint.",)
    return (
        f"To stop costs waiting: the trainer stopped at step {trainer.step} and can go on from {trainer.checkpoint}.",
    )


def _turns(arming: Arming, stop: StopRecord, said: Sequence[Said], at: datetime) -> tuple[Turn, ...]:
    """Who is in charge one after the other, if nobody says anything more."""
    found: list[tuple[Chosen, datetime]] = []
    with suppress(BadInput):  # a stage of the register in which everybody stands aside by now
        for turn in turns(arming.tripwire(), arming.register(), stopped=stop.at, acknowledged=said):
            found.append(turn)
    current = max((place for place, (_, since) in enumerate(found) if since <= at), default=0)
    return tuple(
        Turn(
            who=f"{chosen.name} ({chosen.role})",
            since=written(since),
            until="a decision" if chosen.decide_by is None else written(chosen.decide_by),
            now=place == current,
        )
        for place, (chosen, since) in enumerate(found)
    )


def _in_charge(turns: Sequence[Turn], decided: Said | None, wire: Tripwire, acknowledged: bool) -> str:
    if decided is not None:
        return f"nobody any more: {decided.by} decided on {written(decided.at)}: {decided.action}. {decided.reason}"
    turn = next(item for item in turns if item.now)
    patience = None if acknowledged else wire.acknowledge
    first = "" if patience is None else f" (to acknowledge within {in_words(patience)})"
    return f"{turn.who}, until {turn.until}; a decision is due within {in_words(wire.deadline)}{first}."


def _chosen(arming: Arming, stop: StopRecord, said: Sequence[Said], at: datetime) -> Chosen:
    return in_charge(arming.tripwire(), arming.register(), stopped=stop.at, at=at, acknowledged=said)


def _has_seen(arming: Arming, stop: StopRecord, said: Sequence[Said], at: datetime) -> bool:
    return _chosen(arming, stop, said, at).person in {item.by for item in said}


def _commands(folder: WireFolder, person: str) -> tuple[str, ...]:
    return (
        f"corrigible trip acknowledge {folder.path} --by {person}",
        f"corrigible trip decide {folder.path} resume|end --by {person} --reason WHY",
    )
