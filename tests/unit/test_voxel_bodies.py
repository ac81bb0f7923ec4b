"""What a batch may change about its bodies: eye height, range of pitch, pitch at the start, speed of digging."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corrigible.sandbox.voxel.acting_kernels import DIG
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.physics_kernels import EYE_HEIGHT
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.viewing import ViewParams
from voxel_reference.comparing import drawn
from voxel_reference.staging import GROUND, hold, put_blocks, worlds_of
from voxel_small import params

angles = st.floats(-89.5, 89.5, allow_nan=False)


def test_bodies_are_made_as_minetest_s_unless_told() -> None:
    usual = EnvParams()
    assert (usual.eye, usual.pitch, usual.start_pitch, usual.dig_speed) == (EYE_HEIGHT, (-89.5, 89.5), (0.0, 0.0), 1.0)


@pytest.mark.parametrize(("eye", "seen"), [(0.3, 0), (0.99, 0), (1.2, 1), (1.625, 1), (1.76, 1)])
def test_a_level_gaze_meets_the_log_that_is_as_high_as_the_eye(eye: float, seen: int) -> None:
    worlds = worlds_of(eye=eye)
    trunk = {(8, 10, GROUND + k): ("default:tree", "default:pine_tree")[k] for k in range(2)}
    put_blocks(worlds, trunk)
    worlds.set_body(0, 0, (8.5, 8.5, GROUND), yaw=0.0)
    name = trunk[8, 10, GROUND + seen]
    assert worlds.events().sees(name)[0, 0]
    view = drawn(worlds, ViewParams(height=17, width=17, kind=True, item="hidden"))
    assert view.kind[0, 0, 8, 8] == node_table().id(name)


@settings(max_examples=60, deadline=None)
@given(bounds=st.tuples(angles, angles).map(sorted), seed=st.integers(0, 2**64 - 1))
def test_the_first_pitch_lies_in_its_range_and_moves_no_other_draw(bounds: list[float], seed: int) -> None:
    low, high = bounds
    told, usual = (VoxelWorlds(params(worlds=2, agents=2, **more), seed) for more in ({"start_pitch": (low, high)}, {}))
    for _ in range(3):
        told.begin()
        usual.begin()
        pitch = told.state.bodies.pitch
        assert ((low <= pitch) & (pitch <= high)).all()
        assert (usual.state.bodies.pitch == 0.0).all()
        for name, array in usual.state.arrays():
            if name != "pitch":
                np.testing.assert_array_equal(dict(told.state.arrays())[name], array)


def test_first_pitches_are_even_in_the_range_and_each_body_has_its_own() -> None:
    worlds = VoxelWorlds(params(worlds=200, agents=3, start_pitch=(-60.0, 20.0)), 4)
    pitches = []
    for _ in range(4):
        worlds.begin()
        pitches.append(worlds.state.bodies.pitch.copy())
    shares = (np.sort(np.array(pitches), axis=None) + 60.0) / 80.0
    n = len(shares)
    assert len(np.unique(shares)) == n
    # Kolmogorov's bound at one in a million, for n independent even draws
    assert np.abs(shares - (np.arange(n) + 0.5) / n).max() < 2.7 / np.sqrt(n)
    other = VoxelWorlds(params(worlds=1, agents=3, start_pitch=(-60.0, 20.0)), 4)
    other.state.world[:], other.state.episode[:] = 150, 1
    other.begin()
    np.testing.assert_array_equal(other.state.bodies.pitch[0], pitches[2][150])


def test_what_is_pointed_at_first_follows_from_the_first_pitch() -> None:
    worlds = worlds_of(start_pitch=(-80.0, -80.0))
    assert worlds.events().sees("default:dirt_with_grass")[0, 0]
    assert not worlds_of().events().pointed.any()


@pytest.mark.parametrize("pitch", [(-20.0, 35.0), (5.0, 5.0), (-89.5, -60.0)])
def test_no_turn_leads_out_of_the_range_of_pitch(pitch: tuple[float, float]) -> None:
    worlds = worlds_of(pitch=pitch, start_pitch=pitch, agents=2, worlds=2)
    rng = np.random.default_rng(0)
    for _ in range(60):
        worlds.step(np.zeros((2, 2), np.uint16), rng.normal(0, 60, (2, 2, 2)))
        assert ((pitch[0] <= worlds.state.bodies.pitch) & (worlds.state.bodies.pitch <= pitch[1])).all()
    hold(worlds, 0, (0.0, 500.0))
    assert (worlds.state.bodies.pitch == pitch[1]).all()
    hold(worlds, 0, (0.0, -500.0))
    assert (worlds.state.bodies.pitch == pitch[0]).all()


@pytest.mark.parametrize(("speed", "ticks"), [(1.0, 28), (2.0, 14), (4.0, 7), (0.5, 56), (100.0, 1)])
def test_a_log_takes_its_time_divided_by_the_speed(speed: float, ticks: int) -> None:
    worlds = worlds_of(dig_speed=speed, ticks=1, tool="default:axe_steel")  # 1.4 s a log
    put_blocks(worlds, {(8, 9, GROUND + 1): "default:tree"})
    worlds.set_body(0, 0, (8.5, 8.5, GROUND), yaw=0.0)
    dug = [bool(hold(worlds, DIG).digs("group:tree")[0, 0]) for _ in range(ticks)]
    assert dug == [False] * (ticks - 1) + [True]


def test_what_no_tool_digs_is_not_dug_at_any_speed() -> None:
    worlds = worlds_of(dig_speed=100.0)
    put_blocks(worlds, {(8, 9, GROUND + 1): "corrigible:bedrock"})
    worlds.set_body(0, 0, (8.5, 8.5, GROUND), yaw=0.0)
    assert not any(hold(worlds, DIG).dug.any() for _ in range(40))


def test_a_snapshot_and_a_fork_keep_the_body_they_were_made_with() -> None:
    from corrigible.sandbox.voxel.forking import fork

    worlds = worlds_of("grove", eye=0.8, pitch=(-10.0, 30.0), start_pitch=(-5.0, 25.0), dig_speed=3.0, worlds=2)
    view = ViewParams(height=16, width=16)
    alone = fork(worlds, [1])
    assert (alone.params.eye, alone.params.pitch, alone.params.dig_speed) == (0.8, (-10.0, 30.0), 3.0)
    np.testing.assert_array_equal(drawn(alone, view).rgb[0], drawn(worlds, view).rgb[1])
    before = worlds.snapshot()
    for _ in range(5):
        hold(worlds, DIG | 1, (4.0, 9.0))
    after = drawn(worlds, view).rgb.copy()
    worlds.restore(before)
    for _ in range(5):
        hold(worlds, DIG | 1, (4.0, 9.0))
    np.testing.assert_array_equal(drawn(worlds, view).rgb, after)
