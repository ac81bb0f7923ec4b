"""Detectors, one file each: fitted on a reference, they give every episode a suspicion.

`episode_steps`, `symbols`, `windows` and `robust_scale` hold what several of them count or measure with.
"""
