"""Any registered detector on one's own logs: `detect("mine.jsonl", "reference.jsonl")` (`corrigible detect`).

The reference's episodes are split by a fixed shuffle: detectors are fitted on one half, and their false alarms are
limited by the other (split conformal), which is why the reference needs twice 19 episodes at 5 %.
"""

import math
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from corrigible.detect.robust_scale import robust_scale
from corrigible.detect.symbols import fit_codebook
from corrigible.errors import BadInput, CorrigibleError
from corrigible.logs.detection_report import DetectionReport, DetectorSummary, EpisodeSuspicion, SkippedDetector
from corrigible.logs.reading import read_log
from corrigible.logs.schema import Log
from corrigible.logs.views import take_episodes, views_of
from corrigible.registry import Entry, registry
from corrigible.seeding import stream
from corrigible.statistics import auroc, conformal_p, false_alarm_threshold
from corrigible.statistics.roc import SLACK
from corrigible.statistics.samples import finite_vector, open_unit
from corrigible.types import Array, Score, View, Views

FAR_TOO_MANY: Final = 1e15  # 1 / rate may be infinite

REMEDY_OF_VIEW: Final[dict[View, str]] = {
    "trajectory": "record the steps",
    "world_trace": "record the key 'changes', an empty list where nothing changed",
    "model": "a log never holds one",
}


@dataclass(frozen=True, kw_only=True)
class _Finding:
    """One detector's summary and its row for each episode."""

    summary: DetectorSummary
    rows: tuple[EpisodeSuspicion, ...]


def detect(
    path: str | Path, reference: str | Path, detectors: Sequence[str] | None = None, rate: float = 0.05
) -> DetectionReport:
    """Suspicion of every episode of `path` by every detector, calibrated on the episodes of `reference`.

    Args:
        path: a log of JSON lines, the folder of a Minari data set, or the identifier of a local one.
        reference: another of the same environment, of behaviour that is known to be fine.
        detectors: registered names; None takes all.
        rate: greatest false-alarm rate of each detector, strictly between 0 and 1.

    Raises:
        BadInput: logs that break their schema or cannot be compared, too few reference episodes, an unknown detector.
    """
    open_unit(rate, name="rate")
    entries = _chosen(detectors)
    known = read_log(reference)
    fitted, calibration = _split(known, rate)
    judged = read_log(path)
    if Path(path).resolve() == Path(reference).resolve():
        raise BadInput(value=f"{path} twice", rule="log and reference must differ", remedy="give two files")
    _require_comparable(judged, known)
    actions = fit_codebook(fitted.action)
    views = [views_of(log, actions) for log in (fitted, calibration, judged)]
    findings: list[_Finding] = []
    skipped: list[SkippedDetector] = []
    for entry in entries:
        try:
            _require_views(entry, judged, known, views[2], views[0])
            findings.append(_run(entry, views, judged, known.source, rate))
        except BadInput as refused:
            skipped.append(SkippedDetector(detector=entry.name, reason=f"{refused.value}; {refused.remedy}"))
    if not findings:
        raise BadInput(
            value=f"{path} and {reference}",
            rule=f"no detector can read both; {skipped[0].detector}: {skipped[0].reason}",
            remedy="record more, or choose other detectors",
        )
    rows = [row for found in findings for row in found.rows]
    return DetectionReport(
        file=str(path),
        reference=str(reference),
        rate=rate,
        episodes=len(judged.episodes),
        reference_episodes=len(known.episodes),
        fitted_n=len(fitted.episodes),
        detectors=tuple(found.summary for found in findings),
        skipped=tuple(skipped),
        rows=tuple(sorted(rows, key=lambda row: (row.p, -row.excess))),
    )


def least_reference_episodes(rate: float) -> int:
    """Episodes that a reference needs: at least ceil(1 / rate) - 1 to calibrate, and as many to fit."""
    return 2 * max(1, math.ceil(min((1 - SLACK) / rate, FAR_TOO_MANY)) - 1)


def _chosen(detectors: Sequence[str] | None) -> tuple[Entry, ...]:
    if detectors is None:
        return registry().of_kind("detector")
    if not detectors:
        raise BadInput(value="no detector", rule="at least one is needed", remedy="leave the list out to take all")
    return tuple(registry().find("detector", name) for name in dict.fromkeys(detectors))


def _split(log: Log, rate: float) -> tuple[Log, Log]:
    episodes, needed = len(log.episodes), least_reference_episodes(rate)
    if episodes < needed:
        raise BadInput(
            value=f"reference {log.source} holds {episodes} episodes",
            rule=f"a false-alarm rate of {rate:g} needs at least {needed}: half to fit on, half to calibrate with",
            remedy=f"record {needed - episodes} more, or allow a higher rate",
        )
    order = stream(0, "logs", "split").permutation(episodes)
    half = episodes // 2
    return take_episodes(log, np.sort(order[half:])), take_episodes(log, np.sort(order[:half]))


def _require_comparable(judged: Log, known: Log) -> None:
    for name in ("observation", "action"):
        forms = [_form(log, getattr(log, name)) for log in (judged, known)]
        if forms[0] != forms[1]:
            raise BadInput(
                value=f"{judged.source}: {name} is {forms[0]}",
                rule=f"the reference {known.source} has {forms[1]}",
                remedy="compare logs of the same environment, written by the same program",
            )


def _form(log: Log, array: Array | None) -> str:
    if array is None:
        return "null"
    if log.text and array is log.observation:
        return "a string"
    return f"a list of shape {array.shape[1:]}" if array.ndim > 1 else "a number"


def _require_views(entry: Entry, judged: Log, known: Log, views: Views, reference: Views) -> None:
    for log, given in ((judged, views), (known, reference)):
        for view in entry.declaration.reads:
            if view not in given.available():
                raise BadInput(
                    value=f"{log.source} holds no {view}",
                    rule=f"{entry.name} reads it",
                    remedy=REMEDY_OF_VIEW[view],
                )


@contextmanager
def _about(source: str) -> Generator[None, None, None]:
    """Name the log in what a detector refuses."""
    try:
        yield
    except BadInput as refused:
        raise BadInput(value=f"{source}: {refused.value}", rule=refused.rule, remedy=refused.remedy) from refused


def _run(entry: Entry, views: Sequence[Views], log: Log, reference: str, rate: float) -> _Finding:
    fitted, calibration, judged = (item.only(entry.declaration.reads) for item in views)
    with _about(reference):
        score: Score = entry.load()(fitted)
        usual = finite_vector(score(calibration), name="suspicion")
    with _about(log.source):
        found = finite_vector(score(judged), name="suspicion")
    if found.size != len(log.episodes):
        raise CorrigibleError(
            value=f"detector {entry.name!r} gave {found.size} scores for {len(log.episodes)} episodes",
            rule="a detector scores each episode once",
            remedy=f"mend it (it comes from {entry.origin})",
        )
    threshold = false_alarm_threshold(usual, rate=rate)
    p, scale = conformal_p(usual, found), robust_scale(usual)
    alarm = found > threshold
    summary = DetectorSummary(
        detector=entry.name,
        summary=entry.declaration.summary,
        threshold=threshold,
        calibration_n=usual.size,
        alarms=int(alarm.sum()),
        auroc=auroc(usual, found),
    )
    rows = [
        EpisodeSuspicion(
            episode=name,
            detector=entry.name,
            suspicion=float(found[i]),
            excess=float((found[i] - scale.centre) / scale.spread),
            p=float(p[i]),
            alarm=bool(alarm[i]),
        )
        for i, name in enumerate(log.episodes)
    ]
    return _Finding(summary=summary, rows=tuple(rows))
