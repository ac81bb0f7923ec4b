"""Statistics with the seed as the unit: intervals, exact tests, effects, ROC and thresholds, multiplicity."""

from corrigible.statistics.effects import (
    hedges_g,
    log_odds,
    log_odds_gain_bits,
    log_odds_gain_interval,
    standardised_paired_difference,
)
from corrigible.statistics.intervals import (
    Interval,
    interval_over_seeds,
    mean_interval,
    paired_difference,
    proportion_interval,
)
from corrigible.statistics.multiplicity import benjamini_hochberg, holm
from corrigible.statistics.roc import RocCurve, auroc, conformal_p, false_alarm_threshold, roc_curve
from corrigible.statistics.significance import permutation_p, sign_flip_p

__all__ = [
    "Interval",
    "RocCurve",
    "auroc",
    "benjamini_hochberg",
    "conformal_p",
    "false_alarm_threshold",
    "hedges_g",
    "holm",
    "interval_over_seeds",
    "log_odds",
    "log_odds_gain_bits",
    "log_odds_gain_interval",
    "mean_interval",
    "paired_difference",
    "permutation_p",
    "proportion_interval",
    "roc_curve",
    "sign_flip_p",
    "standardised_paired_difference",
]
