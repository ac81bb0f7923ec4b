"""`corrigible trip status|acknowledge|decide`: where a stopped run stands, who has to decide, and what they decide."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from corrigible.commands.answer import Answer
from corrigible.commands.drawing import draw
from corrigible.commands.policies import moment_given
from corrigible.errors import EXIT_DENY, EXIT_DONE, EXIT_TRIPPED, BadInput
from corrigible.oversight.bundles import verify_bundle
from corrigible.oversight.moments import in_words, written
from corrigible.report.stop_page import StopPage, render_stop
from corrigible.tripwires.arming import now
from corrigible.tripwires.brought import page_of
from corrigible.tripwires.deciding import Standing, acknowledge, decide, points_of, standing
from corrigible.tripwires.folder import WireFolder, folder_given
from corrigible.tripwires.freezing import freeze
from corrigible.tripwires.records import Said


def answer_standing(path: Path, *, at: str | None, page: Path | None = None) -> Answer:
    """Exit code 0 where nothing stands, 5 where a stop does, 3 where it was decided that training ends."""
    folder = folder_given(path)
    moment = None if at is None else moment_given(at)
    answer = _answer(folder, moment)
    if page is None:
        return answer
    draw(page, render_stop(_page(folder, moment)), option="--page")
    return replace(answer, lines=(*answer.lines, f"Page: {page}"))


def _page(folder: WireFolder, at: datetime | None) -> StopPage:
    """The page as it stands; BadInput where nothing was stopped."""
    arming = folder.arming()
    assert arming is not None
    stop = folder.stopped(arming.segment) if folder.decided(arming.segment) else folder.stop()
    if stop is None:
        raise BadInput(value=str(folder.path), rule="no stop stands there", remedy="leave --page out")
    bundle = verify_bundle(folder.bundle(arming.segment))
    evidence = [("bundle", str(bundle.path)), ("its manifest", bundle.sha256)]
    evidence += [(item.name, item.sha256) for item in bundle.items]
    return page_of(folder, points_of(folder, arming), arming, stop, evidence=evidence, at=at or now())


def answer_acknowledge(path: Path, *, by: str) -> Answer:
    """Record that the person in charge has seen it."""
    folder = folder_given(path)
    acknowledge(folder, by=by)
    return _answer(folder, None)


def answer_decide(
    path: Path, choice: Literal["resume", "end"], *, by: str, reason: str, tripwire: Path | None
) -> Answer:
    """Record the decision; exit code 0."""
    folder = folder_given(path)
    made = decide(folder, choice, by=by, reason=reason, tripwire=tripwire)
    goes = "training may go on: start it again" if choice == "resume" else "training stays stopped for good"
    return Answer(
        data={"folder": str(path), "decided": made.action, "by": made.by, "at": written(made.at)},
        lines=(f"Recorded: {made.by} decided on {written(made.at)}: {made.action}; {goes}.",),
    )


def _answer(folder: WireFolder, at: datetime | None) -> Answer:
    with folder.locked():
        folder.settle()  # of a decision that was cut short
    state = standing(folder, at)
    if state.stop is None:
        return _free(folder, state)
    bundle = freeze(folder, points_of(folder, state.arming))
    ended = state.decision is not None and state.decision.action == "end"
    stop, chosen = state.stop, state.chosen
    data: dict[str, Any] = {
        "folder": str(folder.path),
        "state": "ended" if ended else "stopped",
        "stop": stop.model_dump(mode="json"),
        "said": [item.model_dump(mode="json", exclude={"document"}) for item in state.said],
        "decides": None if chosen is None else chosen.person,
        "decide_by": written(chosen.decide_by) if chosen is not None and chosen.decide_by is not None else None,
        "overdue": state.overdue,
        "evidence": {"bundle": str(bundle.path), "sha256": bundle.sha256},
    }
    lines = (
        f"STOPPED: {stop.tripwire} stopped run {stop.run} at step {stop.step} on {written(stop.at)}, "
        f"seen by the {stop.by}.",
        f"  {stop.because}",
        *_charge_lines(state, at or now()),
        *(_said_line(item) for item in state.said),
        f"Evidence: {bundle.path} (sha256 of its manifest: {bundle.sha256})",
        *_trainer_lines(folder, state),
        *_next_lines(folder, state),
    )
    return Answer(data=data, lines=lines, exit_code=EXIT_DENY if ended else EXIT_TRIPPED)


def _free(folder: WireFolder, state: Standing) -> Answer:
    wire, lifted = state.arming.tripwire(), folder.decided(state.arming.segment)
    told = "it was decided to go on; training has not yet" if lifted else "no stop stands"
    data = {"folder": str(folder.path), "state": "lifted" if lifted else "armed", "segment": state.arming.segment}
    head = f"{wire.tripwire} on {wire.metric}, run {state.arming.run}: {told}."
    return Answer(data=data, lines=(head, *(_said_line(item) for item in folder.said())), exit_code=EXIT_DONE)


def _charge_lines(state: Standing, at: datetime) -> tuple[str, ...]:
    chosen = state.chosen
    if chosen is None:
        return ()
    by = "" if chosen.decide_by is None else f" by {written(chosen.decide_by)}"
    seen = any(item.by == chosen.person and item.action == "acknowledge" for item in state.said)
    wire = state.arming.tripwire()
    must = (
        "decide" if seen or wire.acknowledge is None else f"acknowledge (and then decide in {in_words(wire.deadline)})"
    )
    lines = [f"{chosen.name} ({chosen.role}) has to {must}{by}."]
    if chosen.because:
        lines.append(f"  {chosen.because}")
    if state.overdue and chosen.decide_by is not None:
        lines.append(f"  OVERDUE for {in_words(at - chosen.decide_by)}, and nobody is left to take over.")
    return tuple(lines)


def _said_line(item: Said) -> str:
    reason = f": {item.reason}" if item.reason else ""
    return f"  {written(item.at)} {item.by}: {item.action}{reason}"


def _trainer_lines(folder: WireFolder, state: Standing) -> tuple[str, ...]:
    trainer = folder.trainer()
    if trainer is None or trainer.segment != state.arming.segment:
        return ("The trainer has not been heard of.",)
    if not trainer.halted:
        return (f"The trainer was last heard of at step {trainer.step}; it has not said that it stopped.",)
    saved = f", saved at {trainer.checkpoint} (sha256 {trainer.checkpoint_sha256[:16]}..)" if trainer.checkpoint else ""
    return (f"The trainer stopped at step {trainer.step}{saved}.",)


def _next_lines(folder: WireFolder, state: Standing) -> tuple[str, ...]:
    if state.chosen is None:
        return ()
    person = state.chosen.person
    return (
        f"Next: corrigible trip acknowledge {folder.path} --by {person}",
        f"  or: corrigible trip decide {folder.path} resume|end --by {person} --reason WHY",
    )
