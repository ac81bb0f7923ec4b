"""Episodes of a record are those that a plain walk along each column finds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from corrigible.types import Trajectory

BITS = arrays.arrays(np.bool_, st.tuples(st.integers(1, 7), st.integers(1, 3)))


def walked(mask: np.ndarray, ended: np.ndarray) -> list[tuple[int, int, int]]:
    found = []
    for world in range(mask.shape[1]):
        start = None
        for t in range(mask.shape[0]):
            if mask[t, world] and start is None:
                start = t
            if start is not None and (ended[t, world] or not mask[t, world]):
                found.append((world, start, t + int(mask[t, world])))
                start = None
        if start is not None:
            found.append((world, start, mask.shape[0]))
    return found


@given(BITS, st.data())
def test_episodes_are_those_of_a_plain_walk(mask: np.ndarray, data: st.DataObject) -> None:
    ended, cut = (data.draw(arrays.arrays(np.bool_, mask.shape)) for _ in range(2))
    trajectory = Trajectory(
        action=np.zeros(mask.shape, np.int64), reward=np.zeros(mask.shape), mask=mask, terminated=ended, truncated=cut
    )
    found = [(item.world, item.start, item.stop) for item in trajectory.episodes()]
    assert found == walked(mask, ended | cut)
