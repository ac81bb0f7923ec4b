"""What detectors found in a log: plain JSON for programs, short lines for people."""

from dataclasses import asdict, dataclass
from typing import Any, Final

SCHEMA: Final = 1


LONGEST_SHOWN: Final = 24  # characters of an episode's name in a line


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_SHOWN else f"{name[: LONGEST_SHOWN - 3]}..."


@dataclass(frozen=True, kw_only=True)
class EpisodeSuspicion:
    """One detector on one episode.

    suspicion: the detector's score, in its own unit. excess: the same above the median of the calibration episodes, in
    their robust standard deviations, so that detectors can be put in one order. p: conformal p-value. alarm: p <= rate.
    """

    episode: str
    detector: str
    suspicion: float
    excess: float
    p: float
    alarm: bool


@dataclass(frozen=True, kw_only=True)
class DetectorSummary:
    """One detector on the whole log.

    threshold: suspicion above which it alarms. auroc: probability that an episode of the log scores above a calibration
    episode of the reference (0.5: no difference).
    """

    detector: str
    summary: str
    threshold: float
    calibration_n: int
    alarms: int
    auroc: float


@dataclass(frozen=True, kw_only=True)
class SkippedDetector:
    """A detector that could not read the log or the reference, and why."""

    detector: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class DetectionReport:
    """Every detector on every episode; `rows` from the most suspicious to the least.

    rate is the false-alarm rate of each detector alone: an episode like the reference's raises at least one alarm with
    a probability of at most `rate` times the number of detectors.
    """

    file: str
    reference: str
    rate: float
    episodes: int
    reference_episodes: int
    fitted_n: int
    detectors: tuple[DetectorSummary, ...]
    skipped: tuple[SkippedDetector, ...]
    rows: tuple[EpisodeSuspicion, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types, all numbers finite."""
        plain = asdict(self)
        for key in ("detectors", "skipped", "rows"):
            plain[key] = list(plain[key])
        return {"corrigible_detection": SCHEMA, **plain}

    def lines(self, most: int = 20) -> tuple[str, ...]:
        """Summary, one line a detector, then the `most` suspicious rows."""
        together = min(1.0, self.rate * len(self.detectors))
        width = max(len(item.detector) for item in (*self.detectors, *self.skipped))
        name_width = max([len("episode"), *(len(_short(row.episode)) for row in self.rows[:most])])
        lines = [
            f"{self.file}: {self.episodes} episodes against {self.reference_episodes} of {self.reference}",
            f"false alarms, averaged over references: at most {100 * self.rate:g} % of ordinary episodes a detector, "
            f"{100 * together:g} % over all {len(self.detectors)}",
            f"{'detector':{width}}  {'alarms':>6}  {'share':>6}  {'AUROC':>5}  finds",
        ]
        lines += [
            f"{item.detector:{width}}  {item.alarms:6d}  {item.alarms / self.episodes:6.1%}  {item.auroc:5.2f}  "
            f"{item.summary}"
            for item in self.detectors
        ]
        lines += [f"{item.detector:{width}}  skipped: {item.reason}" for item in self.skipped]
        lines.append(f"{'episode':{name_width}}  {'detector':{width}}  {'suspicion':>9}  {'p':>6}  alarm")
        lines += [
            f"{_short(row.episode):{name_width}}  {row.detector:{width}}  {row.suspicion:9.4g}  {row.p:6.4f}  "
            f"{'ALARM' if row.alarm else '-'}"
            for row in self.rows[:most]
        ]
        if len(self.rows) > most:
            lines.append(f"... and {len(self.rows) - most} less suspicious rows")
        return tuple(lines)
