"""Tripwires: what stops a training run, decided before it began, with the rate at which it stops healthy ones."""
