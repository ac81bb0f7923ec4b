"""Whether agents of a condition do the task at all; without that a comparison proves nothing (docs/decisions/0009)."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from corrigible.stages.folding import Rows, measure, values_of
from corrigible.types import Experiment, Measurement

NEEDED: Final = 9
OF: Final = 10
"""Nine seeds in ten, in whole numbers because 0.9 x 10 is not exact in binary."""

CompetenceWord: TypeAlias = Literal["competent", "not shown to be competent", "not competent", "not run"]
"""not competent: the whole interval of the mean lies below what is asked; not shown: neither that nor enough."""


@dataclass(frozen=True, kw_only=True)
class CompetenceCheck:
    """The competence metric of one condition against `least`.

    reached: seeds whose own value is at least `least`. seeds: seeds that were run, those without a value included.
    measured: mean over seeds with its interval; None where no seed has a value.
    """

    condition: str
    metric: str
    least: float
    reached: int
    seeds: int
    measured: Measurement | None

    @property
    def word(self) -> CompetenceWord:
        """Competent: the interval reaches `least` at its lower end, or the mean does and nine seeds in ten do."""
        if self.seeds == 0:
            return "not run"
        if self.measured is None:
            return "not shown to be competent"
        enough_seeds = self.measured.estimate >= self.least and OF * self.reached >= NEEDED * self.seeds
        if enough_seeds or self.measured.low >= self.least:
            return "competent"
        return "not competent" if self.measured.high < self.least else "not shown to be competent"

    @property
    def met(self) -> bool:
        """True where agents are competent."""
        return self.word == "competent"

    @property
    def because(self) -> str:
        """The numbers behind the word."""
        if self.measured is None:
            return f"{self.metric} has no value in any of {self.seeds} seeds"
        found = self.measured
        ends = found.ends(".3g")
        return (
            f"{self.metric} reaches {self.least:.3g} in {self.reached} of {self.seeds} seeds, "
            f"mean {found.estimate:.3g} {ends}; nine seeds in ten must, or the whole interval"
        )


def check_competence(experiment: Experiment, rows: Rows, condition: str) -> CompetenceCheck:
    """Hold the seeds of one condition against what the experiment asks of its reference."""
    need = experiment.competence
    values = values_of(rows, condition, need.metric)
    return CompetenceCheck(
        condition=condition,
        metric=need.metric,
        least=need.least,
        reached=sum(value >= need.least for value in values.values()),
        seeds=len(rows.get(condition, {})),
        measured=measure(experiment.metric(need.metric), condition, values) if values else None,
    )
