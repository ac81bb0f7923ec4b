"""From a brain's compute to dates, and what a calibrated forecaster expects. python examples/when_would_it_come.py"""

import numpy as np

from corrigible.forecast.anchors import brain_operations, needed
from corrigible.forecast.growth import Growth, date_quantile
from corrigible.forecast.receding import DatePrior
from corrigible.forecast.truncation import truncate

growth = Growth(year=2026, log10_compute=26, spending=2, hardware=1.3, algorithms=2, spending_until=2032)
for operations in (brain_operations(), 1e15, 1e18):
    left = truncate(needed(operations, spread=2), at=26)
    low, middle, high = (date_quantile(growth, left, share) for share in (0.1, 0.5, 0.9))
    print(f"a brain of {operations:.0e} op/s: {low:.1f}, {middle:.1f}, {high:.1f} ({left.survival:.0%} is not refuted)")

years = np.arange(2027.0, 2061.0)
prior = DatePrior(years=years, mass=np.full(years.size, 1 / years.size))
for now in (2026, 2036, 2046, 2056):
    print(f"any year alike, and nothing until {now}: expected in {prior.expected(now):.1f}")
