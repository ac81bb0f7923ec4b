"""What persons do about a stop: say that they have seen it, and decide. Whoever is not in charge is refused.

Names are taken at their word: who may write the folder may write any name. The record shows what was said, and when.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from corrigible.documents import read_document_and_bytes
from corrigible.errors import BadInput
from corrigible.oversight.moments import written
from corrigible.oversight.owners import Chosen
from corrigible.tripwires.arming import charged, now
from corrigible.tripwires.charge import check_register
from corrigible.tripwires.document import Tripwire
from corrigible.tripwires.folder import WireFolder
from corrigible.tripwires.freezing import freeze
from corrigible.tripwires.judge import Judge
from corrigible.tripwires.records import Arming, Said, StopRecord, remaining


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a run stands. said: about this stop; chosen: who has to decide, None where nothing stands or is decided."""

    arming: Arming
    stop: StopRecord | None
    said: tuple[Said, ...]
    decision: Said | None
    chosen: Chosen | None
    overdue: bool


def standing(folder: WireFolder, at: datetime | None = None) -> Standing:
    """Where the run stands at a moment. Raises Tampered where the folder is not as it was written."""
    arming, stop = folder.arming(), folder.stop()
    if arming is None:
        raise BadInput(value=str(folder.path), rule="no tripwire is armed there", remedy="arm one first")
    if stop is None:
        return Standing(arming=arming, stop=None, said=(), decision=None, chosen=None, overdue=False)
    digest = folder.digest_of_stop()
    said = tuple(item for item in folder.said() if item.stop == digest)
    decision = folder.decision()
    chosen = None if decision is not None else charged(folder, at)
    late = chosen is not None and chosen.decide_by is not None and (at or now()) > chosen.decide_by
    return Standing(arming=arming, stop=stop, said=said, decision=decision, chosen=chosen, overdue=late)


def points_of(folder: WireFolder, arming: Arming) -> Path:
    """The points file beside the folder."""
    return folder.path.with_name(folder.path.name.removesuffix(f".{arming.tripwire().tripwire}"))


def acknowledge(folder: WireFolder, *, by: str, at: datetime | None = None) -> Standing:
    """Record that the person in charge has seen the stop. Raises BadInput for anybody else."""
    at = at or now()
    _frozen_and_charged(folder, by, at)
    with folder.locked():
        folder.say(Said(action="acknowledge", stop=folder.digest_of_stop(), by=by, at=at))
    return standing(folder, at)


def decide(
    folder: WireFolder,
    choice: Literal["resume", "end"],
    *,
    by: str,
    reason: str,
    tripwire: Path | None = None,
    at: datetime | None = None,
) -> Said:
    """Record what the person in charge decides, on the frozen evidence; `resume` lifts the stop.

    tripwire: the document under which training goes on, if another; it keeps its name.

    Raises:
        BadInput: no reason, somebody who is not in charge, a decision that was made, or a plan with nothing left.
    """
    at = at or now()
    if not reason.strip():
        raise BadInput(value=f"reason = {reason!r}", rule="a decision has a reason", remedy="give one with --reason")
    evidence = _frozen_and_charged(folder, by, at)
    text = ""
    if choice == "resume":
        text = _to_go_on(folder, tripwire, at)
    elif tripwire is not None:
        raise BadInput(value=f"--tripwire {tripwire}", rule="what ends needs none", remedy="leave it out")
    entry = Said(
        action=choice,
        stop=folder.digest_of_stop(),
        by=by,
        at=at,
        reason=" ".join(reason.split())[:2000],
        evidence=evidence,
        document=text,
    )
    with folder.locked():
        if folder.decision() is not None:
            raise BadInput(value=f"{choice} by {by}", rule="it was decided meanwhile", remedy="see the status")
        folder.say(entry)
        folder.settle()
    return entry


def _frozen_and_charged(folder: WireFolder, by: str, at: datetime) -> str:
    """Digest of the frozen evidence; BadInput unless `by` is in charge of a stop that stands undecided."""
    state = standing(folder, at)
    if state.stop is None:
        raise BadInput(value=str(folder.path), rule="no stop stands there", remedy="there is nothing to decide")
    if state.decision is not None:
        made = state.decision
        raise BadInput(
            value=f"stop at step {state.stop.step}",
            rule=f"{made.by} decided on {written(made.at)}: {made.action}",
            remedy="a decision is made once",
        )
    assert state.chosen is not None
    if by != state.chosen.person:
        until = f" until {written(state.chosen.decide_by)}" if state.chosen.decide_by else ""
        why = f" ({state.chosen.because})" if state.chosen.because else ""
        raise BadInput(
            value=f"by = {by!r}",
            rule=f"{state.chosen.person} is in charge{until}{why}",
            remedy=f"ask {state.chosen.name}",
        )
    return freeze(folder, points_of(folder, state.arming)).sha256


def _to_go_on(folder: WireFolder, tripwire: Path | None, at: datetime) -> str:
    """The text of another tripwire, or "" for the same; BadInput where it cannot watch what is left of training."""
    state = standing(folder, at)
    assert state.stop is not None
    document, text = state.arming.tripwire(), ""
    if tripwire is not None:
        name = document.tripwire
        document, data = read_document_and_bytes(tripwire, Tripwire)
        text = data.decode()
        if document.tripwire != name:
            raise BadInput(
                value=f"{tripwire}: tripwire {document.tripwire!r}",
                rule=f"it takes the place of {name!r} and keeps its name",
                remedy="write that name",
            )
        check_register(document, state.arming.register(), at)
    points = points_of(folder, state.arming)
    judge = Judge(state.arming, points)
    judge.look()
    remaining(document, max(judge.step, state.stop.step))
    return text
