"""What each player has learned: a table over rounded signals.

Private signals are rounded by each in its own way, the voice by all alike: else it would no longer be public, since
nobody would know what the others heard.
"""

from collections.abc import Mapping
from typing import Final, final

import numpy as np

from corrigible.errors import CorrigibleError
from corrigible.sandbox.signals.kernels import TIE
from corrigible.sandbox.signals.world import HARE, STAG, StagHuntParams
from corrigible.types import Array

LOWEST_EDGE: Final = -0.1
HIGHEST_EDGE: Final = 1.1
"""Signals beyond them are not told apart: there hunting is always right, or never."""

PRIVATE_WIDTH: Final = 0.8  # of the private noise
PUBLIC_WIDTH: Final = 0.05  # in units of theta
GOLDEN: Final = (5**0.5 - 1) / 2  # its multiples modulo 1 spread evenly (Weyl 1916)


def intervals(world: StagHuntParams) -> tuple[int, int]:
    """How many intervals of private and of heard signals a player tells apart."""
    span = HIGHEST_EDGE - LOWEST_EDGE
    private = round(span / (PRIVATE_WIDTH * world.private_noise)) + 1
    return private, 1 if world.hearing == "none" else round((span + abs(world.manner)) / PUBLIC_WIDTH) + 1


def grid_of(world: StagHuntParams) -> Array:
    """Lowest value and width of the intervals, (2, 2) float64: row 0 private signals, row 1 what is heard."""
    low = LOWEST_EDGE + min(world.manner, 0.0)
    return np.array([[LOWEST_EDGE, PRIVATE_WIDTH * world.private_noise], [low, PUBLIC_WIDTH]])


def shifts_of(world: StagHuntParams) -> Array:
    """By how much of a width each player's intervals are shifted, (players, 2) float64: its own way, and all alike."""
    own = (np.arange(world.players) * GOLDEN) % 1.0
    return np.column_stack([own, np.full(world.players, 0.5)])


@final
class HunterModel:
    """ModelView of {"value": (players, X, Y, 2) float16}: what hare and stag are thought to pay at rounded signals.

    Raises CorrigibleError where the array does not fit the world.
    """

    def __init__(self, world: StagHuntParams, parameters: Mapping[str, Array]) -> None:
        expected = (world.players, *intervals(world), 2)
        found = parameters["value"].shape if set(parameters) == {"value"} else None
        if found != expected:
            raise CorrigibleError(
                value=f"parameters {sorted(parameters)} of shape {found}",
                rule=f"hunters of this world have one array 'value' of shape {expected}",
                remedy="use a checkpoint that was trained in a world of as many players, noise and hearing",
            )
        self._parameters = parameters
        self._grid, self._shift = grid_of(world), shifts_of(world)

    @property
    def parameters(self) -> Mapping[str, Array]:
        """Learned arrays by name."""
        return self._parameters

    @property
    def choice(self) -> Array:
        """(players, X, Y) int8: HARE, STAG, or TIE where both are thought to pay the same."""
        value = self._parameters["value"]
        better = np.where(value[..., STAG] > value[..., HARE], STAG, HARE)
        return np.where(value[..., STAG] == value[..., HARE], TIE, better).astype(np.int8)

    def probability_of(self, private: Array, heard: Array) -> Array:
        """P(hunts) of every player for its own signals, (..., players) -> (..., players) float64: 0, 1/2 or 1."""
        chosen = self.choice[self._cells(private, heard)]
        return np.where(chosen == TIE, 0.5, chosen.astype(np.float64))

    def value_of(self, private: Array, heard: Array) -> Array:
        """What every player expects to be paid for its own signals, (..., players) -> (..., players) float32.

        Rounded to half precision, in which it is stored.
        """
        best = self._parameters["value"].max(axis=3)
        return best[self._cells(private, heard)].astype(np.float16).astype(np.float32)

    def action_probabilities(self, observations: Array) -> Array:
        """(N, 2) private and heard signal -> (N, 2) float64: shares of the players that take the hare, and hunt."""
        every = np.broadcast_to(observations[:, None, :], (len(observations), len(self._shift), 2))
        hunts = self.probability_of(every[..., 0], every[..., 1]).mean(axis=1)
        return np.column_stack([1.0 - hunts, hunts])

    def value(self, observations: Array) -> Array:
        """(N, 2) private and heard signal -> (N,) float64: what the players expect to be paid, on average."""
        every = np.broadcast_to(observations[:, None, :], (len(observations), len(self._shift), 2))
        return self.value_of(every[..., 0], every[..., 1]).mean(axis=1, dtype=np.float64)

    def _cells(self, private: Array, heard: Array) -> tuple[Array, Array, Array]:
        sizes = self._parameters["value"].shape[1:3]
        places = [
            np.clip(
                np.floor((signal - self._grid[row, 0]) / self._grid[row, 1] + self._shift[:, row]), 0, sizes[row] - 1
            )
            for row, signal in enumerate((private, heard))
        ]
        player = np.broadcast_to(np.arange(len(self._shift)), private.shape)
        return player, places[0].astype(np.int64), places[1].astype(np.int64)
