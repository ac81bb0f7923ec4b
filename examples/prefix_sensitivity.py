"""Prefix sensitivity with a model of your own: which of its checkpoints goes on from a known failure?

The model walks left or right, and fails where it steps off at 4. `continuer` is all that a world must offer.
"""

import numpy as np

from corrigible.detect.prefix_sensitivity import KnownFailures, prefix_curve
from corrigible.types import Array, Checkpoint, Trajectory, Views


def views_of(moves: Array) -> Views:
    """Views of columns of moves, -1 or 1."""
    nothing = np.zeros(moves.shape, dtype=bool)
    return Views(
        trajectory_view=Trajectory(
            action=moves, reward=moves * 0.0, mask=~nothing, terminated=nothing, truncated=nothing
        )
    )


def steps_off(views: Views, first: Array) -> Array:
    """After how many steps it is at 4, by steps from `first` on; -1 where never."""
    off = (views.trajectory.action.cumsum(axis=0) >= 4) & (np.arange(20)[:, None] >= first)
    return np.where(off.any(axis=0), off.argmax(axis=0) + 1, -1)


def continuer(checkpoint: Checkpoint, arrays, columns: Array, steps: Array, generator: np.random.Generator) -> Views:
    """The first steps are the known failure's, the others the model's: to the right with its probability."""
    own = np.where(generator.random((20, len(columns))) < checkpoint.parameters["right"], 1, -1)
    return views_of(np.where(np.arange(20)[:, None] < steps, arrays["moves"][:, columns], own))


known = [KnownFailures(seed=0, arrays={"moves": np.ones((20, 1), dtype=int)}, columns=(0,), after=(4,))]
for step, right in enumerate((0.1, 0.3, 0.5)):
    checkpoint = Checkpoint(step=step, parameters={"right": np.array(right)})
    curve = prefix_curve(continuer, steps_off, checkpoint, known, condition="walker", seed=1,
                         generator=np.random.default_rng(0), copies=200)  # fmt: skip
    print(f"checkpoint {step}: fails {curve.unprompted:.0%} by itself; by steps of the prefix:",
          {n: round(share, 2) for n, share in zip(curve.lengths, curve.shares, strict=True)})  # fmt: skip
