"""One world as a Gymnasium Env: arrays of its own, one episode at a time."""

from dataclasses import replace

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.single_env import VoxelEnv
from corrigible.sandbox.voxel.vector_env import VoxelVectorEnv
from voxel_small import VIEW, jumps, logs_and_place, params


def test_observations_and_infos_are_never_written_again() -> None:
    env = VoxelEnv(params(), replace(VIEW, distance=True, kind=True))
    kept = [env.reset(seed=1)]
    for action in (3, 1, 6):
        observation, _, _, _, info = env.step(action)
        kept.append((observation, info))
    bytes_then = [(one.tobytes(), info["distance"].tobytes(), info["kind"].tobytes()) for one, info in kept]
    env.step(3)
    env.reset(seed=2)
    assert bytes_then == [(one.tobytes(), info["distance"].tobytes(), info["kind"].tobytes()) for one, info in kept]
    assert len(set(bytes_then)) == 4


def test_world_n_of_a_batch_with_seed_s_is_the_single_world_with_seed_s_plus_n() -> None:
    batch = VoxelVectorEnv(params(), VIEW, logs_and_place)
    together, _ = batch.reset(seed=50)
    for n in range(3):
        alone, _ = VoxelEnv(params(), VIEW, logs_and_place).reset(seed=50 + n)
        np.testing.assert_array_equal(alone, together[n])


def test_an_episode_is_truncated_at_the_horizon_or_terminated_by_what_ends_it_and_then_refuses_steps() -> None:
    env = VoxelEnv(params(), VIEW, ends=jumps)
    env.reset(seed=1)
    assert [env.step(0)[2:4] for _ in range(6)] == [(False, False)] * 5 + [(False, True)]
    with pytest.raises(BadInput, match=r"a step of worlds \[0\], whose episodes are over"):
        env.step(0)
    env.reset()
    assert env.step(2)[2:4] == (True, False)


def test_the_scenario_of_an_id_wins_over_that_of_params() -> None:
    env = VoxelEnv(params(steps=5), VIEW, scenario="two_rooms")
    assert env.batch.worlds.params.loaded.name == "two_rooms"
    assert env.batch.worlds.params.horizon == 5
    assert env.batch.num_envs == 1


def test_a_step_of_half_the_time_plays_at_twice_the_pictures_a_second() -> None:
    assert VoxelEnv(params(), VIEW).metadata["render_fps"] == 4
    assert VoxelEnv(params(ticks=2), VIEW).metadata["render_fps"] == 10
    assert VoxelEnv.metadata["render_fps"] == 4


def test_rendering_shows_the_view_beside_what_the_network_has_and_nothing_without_a_mode() -> None:
    env = VoxelEnv(params(), VIEW, render_mode="rgb_array")
    observation, _ = env.reset(seed=1)
    picture = env.render()
    assert picture is not None
    np.testing.assert_array_equal(picture[::16, 320::16], observation)
    assert VoxelEnv(params(), VIEW).render() is None
