"""Compiled learning in a stag hunt: every player keeps its own table, and shares nothing with others but the hunt."""

import numpy as np

from corrigible.sandbox.compiled import njit
from corrigible.sandbox.grid.kernels import uniform
from corrigible.sandbox.signals.kernels import (
    DRAW_CHOICE,
    DRAW_TIE,
    NATURE,
    interval_of,
    is_caught,
    normal,
    strength,
)
from corrigible.types import Array


@njit
def explore_or_prefer(hare: float, stag: float, exploration: float, u: float, tie: float) -> int:
    """With probability `exploration` either action, else the better one; u and tie in [0, 1) decide."""
    if u < exploration:
        return int(2.0 * u < exploration)
    if stag == hare:
        return int(tie < 0.5)
    return int(stag > hare)


@njit
def learn_hunting(
    seed: np.uint64,
    first: int,
    last: int,
    periods: int,
    span: Array,
    noise: Array,
    manner: float,
    heard_by: int,
    committed: int,
    alone: bool,
    settled: float,
    grid: Array,
    shift: Array,
    paid: Array,
    rate: Array,
    exploration: Array,
    foregone: bool,
    value: Array,
) -> None:
    """Periods `first` to `last` (exclusive) of `periods`; `value` (N, X, Y, 2) float64 is written in place.

    Each period: theta uniform on `span` (2,); private signals with noise[0]; a voice with noise[1] and `manner`, heard
    by all alike (heard_by 0), whispered with errors of their own (1), or by nobody (2). rate, exploration: values at
    the start and the end; the rate falls linearly over all periods, exploration over the first half. paid (2, 2, N + 1)
    as `outcome_table`. foregone: players learn also what the other action would have paid, others as they were.
    """
    N, X, Y = value.shape[0], value.shape[1], value.shape[2]
    intended = np.zeros(N, dtype=np.int64)
    private = np.zeros(N, dtype=np.int64)
    heard = np.zeros(N, dtype=np.int64)
    pay = np.zeros((2, 2))
    for t in range(first, last):
        step = rate[0] + (rate[1] - rate[0]) * t / periods
        explore = max(exploration[1], exploration[0] + (exploration[1] - exploration[0]) * 2.0 * t / periods)
        theta = strength(seed, 0, t, span[0], span[1])
        voice = theta + manner
        if heard_by == 0:
            voice += noise[1] * normal(seed, 0, NATURE, t)
        hunters = 0
        for i in range(N):
            x = theta + noise[0] * normal(seed, 0, 2 * i + 1, t)
            y = voice
            if heard_by == 1:
                y += noise[1] * normal(seed, 0, 2 * i + 2, t)
            private[i] = interval_of(x, grid[0, 0], grid[0, 1], shift[i, 0], X)
            heard[i] = interval_of(y, grid[1, 0], grid[1, 1], shift[i, 1], Y)
            u = uniform(seed, 0, 2 * i + 1, t, DRAW_CHOICE)
            tie = uniform(seed, 0, 2 * i + 1, t, DRAW_TIE)
            own = value[i, private[i], heard[i]]
            intended[i] = explore_or_prefer(own[0], own[1], explore, u, tie)
            hunters += 1 if i < committed else intended[i]
        for did in range(2):
            for other in range(2):
                would = hunters - did + other
                if 0 <= would <= N:
                    pay[did, other] = paid[other, is_caught(theta, would, N, alone, settled), would]
        for i in range(N):
            did = 1 if i < committed else intended[i]
            own = value[i, private[i], heard[i]]
            own[did] += step * (pay[did, did] - own[did])
            if foregone:
                own[1 - did] += step * (pay[did, 1 - did] - own[1 - did])
