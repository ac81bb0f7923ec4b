"""What acts in the voxel sandbox: policies that are shown pictures, and scripted ones that look at the worlds."""

from typing import Protocol, runtime_checkable

import numpy as np

from corrigible.errors import CorrigibleError
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.types import Array


class Policy(Protocol):
    """What acts: observations (N, H, W, C) uint8 -> probabilities of actions (N, n) and values (N,).

    It may keep state over one rollout: it is made anew for each, and asked once a step, for all worlds in their order.
    """

    def __call__(self, observations: Array) -> tuple[Array, Array]:
        """Probabilities are float, at least 0, and sum to 1; values estimate the discounted return."""
        ...


@runtime_checkable
class Scripted(Protocol):
    """What acts by rules on the worlds themselves, not on pictures; whatever has `act` is taken for one."""

    def act(self, worlds: VoxelWorlds) -> Array:
        """Actions of agent 0 (N,), whole numbers, indices of the world's action set. Worlds are looked at only.

        Asked once a step, for all worlds in their order; of worlds that are done, the answer is not used. It may keep
        state over one rollout, as it is made anew for each.
        """
        ...


def evenly(actions: int) -> Policy:
    """What is known of a scripted policy from a picture: nothing."""
    return lambda observations: (np.full((len(observations), actions), 1.0 / actions), np.zeros(len(observations)))


def answer(policy: Policy, observations: Array, actions: int) -> tuple[Array, Array]:
    """Probabilities (N, actions) and values (N,), float64; CorrigibleError where they are none."""
    given, values = policy(observations)
    probabilities, worth = np.asarray(given, dtype=np.float64), np.asarray(values, dtype=np.float64)
    N = len(observations)
    fits = probabilities.shape == (N, actions) and worth.shape == (N,) and bool(np.isfinite(worth).all())
    if not fits or (probabilities < 0).any() or not np.allclose(probabilities.sum(axis=1), 1.0, atol=1e-4):
        raise CorrigibleError(
            value=f"a policy that answers {probabilities.shape} and {worth.shape}",
            rule=f"({N}, {actions}) probabilities that sum to 1, and {N} finite values",
            remedy="use a checkpoint that was trained with this action set",
        )
    return probabilities, worth


def scripted_answer(policy: Scripted, worlds: VoxelWorlds, actions: int) -> Array:
    """Indices (N,) of actions; CorrigibleError where they are none."""
    given, N = np.asarray(policy.act(worlds)), worlds.state.worlds
    if given.shape != (N,) or given.dtype.kind not in "iu" or (given < 0).any() or (given >= actions).any():
        raise CorrigibleError(
            value=f"a scripted policy that answers {given.dtype} of shape {given.shape}",
            rule=f"{N} whole numbers from 0 to {actions - 1}",
            remedy="give the index of an action of the world's set for each world",
        )
    return given


def last_possible(probabilities: Array) -> Array:
    """(N,) the last action that is possible at all: rounding must not choose one beyond it."""
    return probabilities.shape[1] - 1 - np.argmax(probabilities[:, ::-1] > 0, axis=1)
