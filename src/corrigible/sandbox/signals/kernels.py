"""Compiled draws and hunts of the stag hunt with signals; a draw depends on (seed, world, player, time) alone."""

import math

import numpy as np

from corrigible.sandbox.compiled import njit
from corrigible.sandbox.grid.kernels import uniform
from corrigible.types import Array

# purposes of a draw, beside 0 and 1 of a Normal one
DRAW_STRENGTH = 2
DRAW_CHOICE = 2
DRAW_TIE = 3

NATURE = 0  # the stream of strength and voice; player i has stream 2 i + 1, what is whispered to it 2 i + 2

TIE = 2  # in a table of choices, beside HARE = 0 and STAG = 1

_TURN = 2.0 * math.pi


@njit
def normal(seed: np.uint64, world: int, stream: int, time: int) -> float:
    """A standard Normal number (Box & Muller 1958) of one stream of a world at one time."""
    radius = math.sqrt(-2.0 * math.log(1.0 - uniform(seed, world, stream, time, 0)))
    return radius * math.cos(_TURN * uniform(seed, world, stream, time, 1))


@njit
def strength(seed: np.uint64, world: int, time: int, lowest: float, highest: float) -> float:
    """theta, uniform between `lowest` and `highest`."""
    return lowest + (highest - lowest) * uniform(seed, world, NATURE, time, DRAW_STRENGTH)


@njit
def interval_of(value: float, lowest: float, width: float, shift: float, intervals: int) -> int:
    """Which of equally wide intervals `value` falls into, those at the ends being open; shift in widths."""
    return min(max(math.floor((value - lowest) / width + shift), 0), intervals - 1)


@njit
def is_caught(theta: float, hunters: int, players: int, alone: bool, settled: float) -> int:
    """1 where enough hunt for a stag of strength theta; `alone`, where theta is at most `settled`."""
    if alone:
        return int(theta <= settled)
    return int(hunters >= theta * players)


@njit
def draw_signals(
    seed: np.uint64,
    first: int,
    lowest: Array,
    highest: Array,
    private_noise: float,
    voice_noise: float,
    theta: Array,
    error: Array,
    private: Array,
    whisper: Array,
) -> None:
    """Worlds `first`, `first` + 1, ... at time 0: theta and the voice's error (B,), private signals (B, N).

    lowest, highest (B,): the strengths between which theta is drawn. whisper (B, N): errors of what each is told alone.
    """
    for b in range(theta.shape[0]):
        world = first + b
        theta[b] = strength(seed, world, 0, lowest[b], highest[b])
        error[b] = voice_noise * normal(seed, world, NATURE, 0)
        for i in range(private.shape[1]):
            private[b, i] = theta[b] + private_noise * normal(seed, world, 2 * i + 1, 0)
            whisper[b, i] = voice_noise * normal(seed, world, 2 * i + 2, 0)


@njit
def choose(
    seed: np.uint64,
    first: int,
    choice: Array,
    grid: Array,
    shift: Array,
    private: Array,
    heard: Array,
    action: Array,
) -> None:
    """Actions (T, B, N) int8 by each player's table `choice` (N, X, Y) int8; ties are broken by an even draw.

    private (B, N); heard (T, B, N). grid: lowest and width of the intervals of private and of heard signals, (2, 2);
    shift (N, 2) as in `interval_of`.
    """
    for t in range(heard.shape[0]):
        for b in range(heard.shape[1]):
            for i in range(heard.shape[2]):
                x = interval_of(private[b, i], grid[0, 0], grid[0, 1], shift[i, 0], choice.shape[1])
                y = interval_of(heard[t, b, i], grid[1, 0], grid[1, 1], shift[i, 1], choice.shape[2])
                chosen = choice[i, x, y]
                if chosen == TIE:
                    chosen = int(uniform(seed, first + b, 2 * i + 1, t, DRAW_TIE) < 0.5)
                action[t, b, i] = chosen
