"""Gamed evals: the gap of a public eval to a held-out one, what a leak by queries is worth, digests and canaries."""
