"""How much compute there is by when: spending, hardware and algorithms each grow by a factor a year.

log10 of effective compute grows in a straight line while spending grows, and by hardware and algorithms alone
afterwards.
"""

from dataclasses import dataclass
from math import inf, log10

from corrigible.errors import BadInput
from corrigible.forecast.truncation import Truncated
from corrigible.sandbox.games.inputs import positive, real


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Effective compute of the largest training run.

    year: of `log10_compute`. spending, hardware, algorithms: factors a year, > 0. spending_until: the year in which
    spending stops growing, or infinity.
    """

    year: float
    log10_compute: float
    spending: float
    hardware: float
    algorithms: float
    spending_until: float = inf

    def __post_init__(self) -> None:
        """BadInput where compute would not grow."""
        real("year", self.year)
        real("log10_compute", self.log10_compute)
        for name in ("spending", "hardware", "algorithms"):
            positive(name, getattr(self, name))
        if self.late_rate <= 0 or self.early_rate <= 0:
            raise BadInput(
                value=f"spending {self.spending:g}, hardware {self.hardware:g}, algorithms {self.algorithms:g}",
                rule="effective compute must grow, also without spending",
                remedy="give factors of which the product is above 1",
            )

    @property
    def early_rate(self) -> float:
        """Orders of magnitude a year while spending grows."""
        return log10(self.spending) + self.late_rate

    @property
    def late_rate(self) -> float:
        """Orders of magnitude a year by hardware and algorithms alone."""
        return log10(self.hardware) + log10(self.algorithms)

    def available(self, year: float) -> float:
        """log10 of the effective compute in a year (before `year` too: growth is taken to have been the same)."""
        early = min(year, self.spending_until) - self.year
        late = max(year - max(self.spending_until, self.year), 0.0)
        return self.log10_compute + self.early_rate * early + self.late_rate * late

    def year_of(self, log10_compute: float) -> float:
        """The year in which there is so much."""
        early = self.year + (log10_compute - self.log10_compute) / self.early_rate
        if early <= self.spending_until:
            return early
        begins = max(self.spending_until, self.year)
        return begins + (log10_compute - self.available(begins)) / self.late_rate


def date_quantile(growth: Growth, left: Truncated, share: float) -> float:
    """The year by which, with probability `share`, there is enough."""
    return growth.year_of(left.quantile(share))
