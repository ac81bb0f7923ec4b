"""Generalised advantage estimation, the only one in the package (Schulman et al. 2016, arXiv 1506.02438)."""

from corrigible.sandbox.compiled import njit
from corrigible.types import Array


@njit
def generalised_advantage(
    reward: Array,
    value: Array,
    bootstrap: Array,
    carry: Array,
    mask: Array,
    discount: float,
    trace_decay: float,
    advantage: Array,
) -> None:
    """Write advantage (T, B): A_t = delta_t + discount * trace_decay * A_{t+1} where carry, else delta_t.

    delta_t = reward + discount * bootstrap - value, all (T, B) floats. bootstrap: the value that follows the step, 0
    after termination. carry (bool): the trace goes on to t + 1; False at an end or a cut. Steps outside mask get 0.
    """
    T, B = reward.shape
    for b in range(B):
        following = 0.0
        for t in range(T - 1, -1, -1):
            advantage[t, b] = 0.0
            if not mask[t, b]:
                following = 0.0
                continue
            delta = reward[t, b] + discount * bootstrap[t, b] - value[t, b]
            advantage[t, b] = delta + (discount * trace_decay * following if carry[t, b] else 0.0)
            following = advantage[t, b]
