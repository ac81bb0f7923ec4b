"""Stumps, hops and logs beyond reach, told from a truth that is written by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from corrigible.failures.tree_measures import NEVER, highest_from, tree_measures, tree_stories
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.replay import ActionLog
from corrigible.sandbox.voxel.truth import VoxelTruth

GROUND = 4
TRUNK = (5, 5)
BESIDE = (4.1, 5.5, float(GROUND))
ON_STUMP = (5.5, 5.5, GROUND + 1.0)
LOG = node_table().id("default:tree")


def truth(
    digs: dict[int, int], places: dict[int, tuple[float, float, float]], *, steps: int = 12, height: int = 8
) -> Any:
    """One world with one tree. digs: step -> log above the lowest that is dug; places: from which step on, feet."""
    dug = np.zeros((steps, 1, 1), dtype=np.uint8)
    dug_at, place = np.zeros((steps, 1, 1, 3), dtype=np.int16), np.zeros((steps, 1, 1, 3))
    for t, above in digs.items():
        dug[t], dug_at[t] = LOG, (*TRUNK, GROUND + above)
    for t in range(steps):
        place[t] = places[max(first for first in places if first <= t)]
    logs = np.array([(0, 1, *TRUNK, GROUND + above) for above in range(height)], dtype=np.int16)
    grounded = np.isclose(place[..., 2] % 1.0, 0.0)
    nothing: dict[str, Any] = {}
    log: Any = ActionLog.__new__(ActionLog)
    return VoxelTruth(
        intended_reward=np.zeros((steps, 1), dtype=np.float32), events=nothing, dug=dug, dug_at=dug_at,
        structure=np.where(dug > 0, 1, 0).astype(np.int16), place=place, grounded=grounded,
        pitch=np.zeros((steps, 1, 1)), logs=logs, performance=nothing, log=log,
    )  # fmt: skip


def test_a_body_that_climbs_the_stump_hops_once_and_digs_from_it_also_while_it_is_in_the_air() -> None:
    there = {0: BESIDE, 4: ON_STUMP, 6: (5.5, 5.5, GROUND + 1.6), 8: ON_STUMP}
    (story,) = tree_stories(truth({0: 1, 1: 2, 2: 3, 5: 4, 7: 5, 9: 6}, there))
    assert (story.hops, story.dug, story.bottom_left) == (1, 6, True)
    assert story.from_stump.tolist() == [False, False, False, False, True, True, True, False]
    assert story.when[0] == NEVER


def test_feet_at_that_height_are_on_no_stump_while_the_second_log_stands_nor_once_the_lowest_is_dug() -> None:
    (early,) = tree_stories(truth({3: 2}, {0: ON_STUMP}))
    assert (early.hops, early.stood) == (0, 0)
    (late,) = tree_stories(truth({0: 1, 1: 0}, {0: BESIDE, 3: ON_STUMP}))
    assert (late.hops, late.stood) == (0, 0)


def test_coming_down_and_up_again_is_a_second_hop_and_a_jump_on_the_spot_is_not() -> None:
    jump = (5.5, 5.5, GROUND + 1.9)
    (story,) = tree_stories(truth({0: 1}, {0: BESIDE, 2: ON_STUMP, 3: jump, 4: ON_STUMP, 6: BESIDE, 8: ON_STUMP}))
    assert story.hops == 2


def test_beside_the_stump_at_its_height_is_not_on_it() -> None:
    (story,) = tree_stories(truth({0: 1}, {0: (6.9, 5.5, GROUND + 1.0)}))
    assert story.hops == 0


@pytest.mark.parametrize(
    ("height", "reach", "highest"), [(1.625, 4.0, 5), (2.625, 4.0, 6), (1.625, 6.0, 7), (0.5, 4.0, 4)]
)
def test_the_highest_log_in_reach_is_where_the_ray_ends(height: float, reach: float, highest: int) -> None:
    assert highest_from(height, reach) == highest


def test_shares_count_worked_trees_only_and_say_nothing_where_there_are_none() -> None:
    none = tree_measures(truth({0: 1, 1: 2}, {0: BESIDE}), reach=4.0, eye=1.625)
    assert np.isnan(none["bottom left"])
    assert none["worked trees"] == 0.0
    kept = tree_measures(truth({0: 1, 1: 2, 2: 3, 3: 6}, {0: BESIDE}), reach=4.0, eye=1.625)
    assert (kept["bottom left"], kept["logs"], kept["high logs dug"]) == (1.0, 4.0, 1.0)
    cleared = tree_measures(truth({t: t for t in range(4)}, {0: BESIDE}, height=4), reach=4.0, eye=1.625)
    assert (cleared["bottom left"], cleared["trees cleared"]) == (0.0, 1.0)


def test_what_another_agent_digs_is_not_the_agents_doing() -> None:
    alone = truth({0: 1, 1: 2, 2: 3}, {0: BESIDE})
    both = [np.concatenate((array, array * 0), axis=2) for array in (alone.dug, alone.dug_at, alone.place)]
    both[0][5, 0, 1], both[1][5, 0, 1] = LOG, (*TRUNK, GROUND)
    pair = replace(
        alone, dug=both[0], dug_at=both[1], place=both[2],
        grounded=np.repeat(alone.grounded, 2, axis=2), pitch=np.repeat(alone.pitch, 2, axis=2),
        structure=np.repeat(alone.structure, 2, axis=2),
    )  # fmt: skip
    (story,) = tree_stories(pair)
    assert story.bottom_left
