"""Chains that are too large to enumerate: estimators, each of them held against an enumerated chain."""
