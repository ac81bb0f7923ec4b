"""Arguments of `corrigible forecast ..`: each dataclass is the documentation that `--help` prints."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from tyro.conf import OmitSubcommandPrefixes, subcommand

from corrigible.commands.arguments import Json, unless_given

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer

Picture: TypeAlias = Annotated[Path | None, unless_given("FILE", "no picture")]


@dataclass(frozen=True)
class Dates:
    """From a brain's compute to dates: what is needed, what was tried is cut off, and when there is enough.

    The numbers that are left out are round examples, not a forecast of ours: give your own.
    """

    brains: tuple[float, ...] = (1e13, 1e15, 1e18)
    """Operations a second of a brain."""
    spread: float = 2.0
    """Standard deviation of what is needed, in orders of magnitude."""
    algorithms: float = 1.0
    """How many times as good as evolution's our algorithms are: 1000, or 0.001."""
    tried: Annotated[float | None, unless_given("LOG10", "as --log10-compute")] = None
    """log10 of the compute that was tried without success: what is at or below it is cut off."""
    uncut: bool = False
    """Cut nothing off."""
    year: float = 2026.0
    """Year of `log10-compute`."""
    log10_compute: float = 26.0
    """log10 of the effective operations of the largest training run in that year."""
    spending: float = 2.0
    """Factor a year by which spending on the largest run grows."""
    spending_until: Annotated[float | None, unless_given("YEAR", "for ever")] = 2032.0
    """Year in which spending stops growing."""
    hardware: float = 1.3
    """Factor a year by which operations a dollar grow."""
    algorithms_growth: float = 2.0
    """Factor a year by which algorithms make an operation worth more."""
    picture: Picture = None
    """Write an SVG of the probability by year here."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from math import inf

        from corrigible.commands.forecasting import answer_dates
        from corrigible.forecast.growth import Growth

        growth = Growth(
            year=self.year,
            log10_compute=self.log10_compute,
            spending=self.spending,
            hardware=self.hardware,
            algorithms=self.algorithms_growth,
            spending_until=inf if self.spending_until is None else self.spending_until,
        )
        return answer_dates(
            self.brains,
            spread=self.spread,
            algorithms=self.algorithms,
            tried=None if self.uncut else self.log10_compute if self.tried is None else self.tried,
            growth=growth,
            picture=self.picture,
        )


@dataclass(frozen=True)
class Takeoff:
    """How fast once it begins: the share of human work, software that improves itself, and what binds it."""

    lam: float = 1.0
    """Returns of research to the level of software (lambda)."""
    beta: float = 0.5
    """How much harder ideas get to find."""
    delta: float = 1.0
    """Speed of research; times are in units of 1 / delta."""
    start: float = 1.0
    """Level of software at time 0."""
    machine_speed: float = 1000.0
    """How many times as fast as people machines work."""
    hardware: Annotated[float | None, unless_given("LEVEL", "hardware never binds")] = None
    """Level of software from which on hardware binds."""
    picture: Picture = None
    """Write an SVG of the level over time here."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.forecasting import answer_takeoff
        from corrigible.forecast.takeoff import SoftwareGrowth

        growth = SoftwareGrowth(lam=self.lam, beta=self.beta, delta=self.delta, start=self.start)
        return answer_takeoff(growth, machine_speed=self.machine_speed, hardware=self.hardware, picture=self.picture)


@dataclass(frozen=True)
class Receding:
    """What a calibrated forecaster expects while nothing happens: the date moves out, and collapses at a sign."""

    rate: float = 0.1
    """Events a year."""
    start: float = 2023.0
    """Year from which on it is asked."""
    years: float = 20.0
    """How long nothing happens."""
    sign_rate: float = 0.1
    """Signs a year, of two stages."""
    event_rate: float = 0.5
    """Events a year after the sign."""
    shape: float = 3.0
    """Of the Gamma prior over the rate (above 1): the larger, the surer."""
    picture: Picture = None
    """Write an SVG of the expected date here."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.forecasting import answer_receding

        return answer_receding(
            rate=self.rate,
            start=self.start,
            years=self.years,
            sign_rate=self.sign_rate,
            event_rate=self.event_rate,
            shape=self.shape,
            picture=self.picture,
        )


@dataclass(frozen=True)
class Forecast:
    """Compute anchors, dates and takeoff, and what calibration looks like (docs/forecast.md)."""

    command: OmitSubcommandPrefixes[
        Annotated[Dates, subcommand(name="dates", prefix_name=False)]
        | Annotated[Takeoff, subcommand(name="takeoff", prefix_name=False)]
        | Annotated[Receding, subcommand(name="receding", prefix_name=False)]
    ]
    """Which question."""

    @property
    def json_(self) -> bool:
        return self.command.json_

    def answer(self) -> "Answer":
        return self.command.answer()
