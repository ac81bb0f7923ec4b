"""Statistics with the seed as the unit: intervals, exact tests, effects, ROC and thresholds, multiplicity."""

from corrigible.statistics.effects import (
    Gain,
    hedges_g,
    log_odds,
    log_odds_gain,
    log_odds_gain_bits,
    standardised_paired_difference,
)
from corrigible.statistics.intervals import (
    Interval,
    interval_over_seeds,
    mean_interval,
    paired_difference,
    proportion_interval,
    share_difference,
    share_interval,
)
from corrigible.statistics.multiplicity import benjamini_hochberg, holm
from corrigible.statistics.roc import RocCurve, auroc, conformal_p, false_alarm_threshold, roc_curve
from corrigible.statistics.significance import permutation_p, sign_flip_p
from corrigible.statistics.survival import HazardRatio, Survival, hazard_ratio, kaplan_meier

__all__ = [
    "Gain",
    "HazardRatio",
    "Interval",
    "RocCurve",
    "Survival",
    "auroc",
    "benjamini_hochberg",
    "conformal_p",
    "false_alarm_threshold",
    "hazard_ratio",
    "hedges_g",
    "holm",
    "interval_over_seeds",
    "kaplan_meier",
    "log_odds",
    "log_odds_gain",
    "log_odds_gain_bits",
    "mean_interval",
    "paired_difference",
    "permutation_p",
    "proportion_interval",
    "roc_curve",
    "share_difference",
    "share_interval",
    "sign_flip_p",
    "standardised_paired_difference",
]
