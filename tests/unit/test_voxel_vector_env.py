"""The native batch is N single environments, in every autoreset mode, to the byte."""

from collections import deque
from dataclasses import replace

import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import given, settings
from hypothesis import strategies as st

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.actions import action_set
from corrigible.sandbox.voxel.events import TraceLog
from corrigible.sandbox.voxel.observing import Observer
from corrigible.sandbox.voxel.screens import enlargement
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.single_env import VoxelEnv
from corrigible.sandbox.voxel.stacking_kernels import FILL, LEAVE, PUSH, push_views
from corrigible.sandbox.voxel.vector_env import VoxelVectorEnv
from corrigible.sandbox.voxel.viewing import Viewer, ViewParams
from voxel_small import VIEW, actions_for, jumps, logs_and_place, params

MODES = list(AutoresetMode)
EVERYTHING = replace(VIEW, grey=True, stack=3, distance=True, kind=True)


def circles(worlds, views):
    """Agents beyond the first turn left, and run where the picture's first pixel is bright."""
    return np.where(views[:, :, 0, 0, 0] > 100, action_set("ten").index("forward"), action_set("ten").index("left"))


def made(mode=AutoresetMode.NEXT_STEP, view=VIEW, *, worlds=3, agents=1, **other):
    return VoxelVectorEnv(
        params(worlds=worlds, agents=agents), view, logs_and_place, ends=jumps, autoreset_mode=mode, **other
    )


def singles(mode, view, *, worlds=3, agents=1, **other):
    def one():
        return VoxelEnv(params(agents=agents), view, logs_and_place, ends=jumps, **other)

    return SyncVectorEnv([one] * worlds, autoreset_mode=mode)


def same(one, other):
    """Nested arrays and dictionaries are equal, types and masks included."""
    return data_equivalence(one, other, exact=True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("view", [VIEW, EVERYTHING], ids=["colour", "grey-stack-depth-kind"])
@settings(max_examples=4)
@given(seed=st.integers(0, 2**40), chance=st.integers(0, 2**20))
def test_a_batch_is_gymnasium_s_own_vector_of_single_environments(mode, view, seed, chance):
    native, reference = made(mode, view), singles(mode, view)
    assert native.observation_space == reference.observation_space
    assert native.action_space == reference.action_space
    assert same(native.reset(seed=seed), reference.reset(seed=seed))
    ends = 0
    for actions in actions_for(25, 3, 10, chance):
        own, theirs = native.step(actions), reference.step(actions)
        assert same(own[:4], theirs[:4])
        assert same(own[4], theirs[4])
        over = own[2] | own[3]
        ends += int(over.sum())
        if mode is AutoresetMode.DISABLED and over.any():
            assert same(
                native.reset(options={"reset_mask": over}), reference.reset(options={"reset_mask": over.copy()})
            )
    assert ends >= 3


@pytest.mark.parametrize("mode", MODES)
def test_other_agents_act_by_the_given_policy_alike_in_a_batch_and_alone(mode):
    native = made(mode, agents=2, others=circles)
    reference = singles(mode, VIEW, agents=2, others=circles)
    assert same(native.reset(seed=5), reference.reset(seed=5))
    before = native.worlds.state.bodies.yaw[:, 1].copy()
    for actions in actions_for(12, 3, 10, 1):
        own, theirs = native.step(actions), reference.step(actions)
        assert same(own, theirs)
        if mode is AutoresetMode.DISABLED and (own[2] | own[3]).any():
            native.reset(options={"reset_mask": own[2] | own[3]})
            reference.reset(options={"reset_mask": own[2] | own[3]})
    assert (native.worlds.state.bodies.yaw[:, 1] != before).any()


def test_other_agents_stand_still_unless_they_are_given_a_policy():
    still = made(agents=3)
    still.reset(seed=1)
    before = still.worlds.state.bodies.place[:, 1:].copy()
    still.step(np.full(3, still.actions.index("forward")))
    np.testing.assert_array_equal(still.worlds.state.bodies.place[:, 1:], before)
    assert (still.worlds.state.bodies.velocity[:, 0] != 0.0).any()


@pytest.mark.parametrize("mode", MODES)
def test_observations_are_what_a_viewer_draws_of_worlds_stepped_by_hand(mode):
    env = made(mode, worlds=1)
    worlds, viewer = VoxelWorlds(params(worlds=1), 0), Viewer(VIEW)
    worlds.state.world[:] = 77
    buffers = viewer.buffers(1, 1)

    def drawn():
        viewer.draw(worlds.state, worlds.record, buffers)
        return buffers.rgb[:, 0].copy()

    observation, _ = env.reset(seed=77)
    worlds.begin()
    np.testing.assert_array_equal(observation, drawn())
    forward, finals = env.actions.index("forward"), 0
    for _ in range(params().horizon):
        observation, _, _, truncated, infos = env.step(np.array([forward]))
        worlds.step(np.full((1, 1), env.actions.keys[forward]), np.zeros((1, 1, 2)))
        last = infos["final_obs"][0][None] if "final_obs" in infos else observation
        np.testing.assert_array_equal(last, drawn())
        if truncated[0] and mode is AutoresetMode.SAME_STEP:
            finals += 1
            worlds.begin()
            np.testing.assert_array_equal(observation, drawn())
    assert truncated[0]
    assert finals == (mode is AutoresetMode.SAME_STEP)


def test_a_final_observation_is_a_copy_that_the_next_step_leaves_alone():
    env = made(AutoresetMode.SAME_STEP, replace(VIEW, distance=True))
    env.reset(seed=3)
    actions = np.full(3, env.actions.index("forward+jump"))
    _, _, terminated, _, infos = env.step(actions)
    assert terminated.all()
    observations, depths = [one.copy() for one in infos["final_obs"]], infos["final_info"]["distance"].copy()
    for _ in range(5):
        env.step(np.zeros(3, dtype=np.int64))
    for kept, one in zip(observations, infos["final_obs"], strict=True):
        np.testing.assert_array_equal(kept, one)
    np.testing.assert_array_equal(depths, infos["final_info"]["distance"])


def test_a_reset_mask_begins_those_worlds_alone_and_leaves_the_rest_to_the_byte():
    env = made(AutoresetMode.DISABLED, EVERYTHING, copy=True)
    env.reset(seed=8)
    before = [env.step(actions)[0] for actions in np.full((3, 3), env.actions.index("forward"))][-1]
    state = env.worlds.snapshot([0, 2])
    mask = np.array([False, True, False])
    after, infos = env.reset(options={"reset_mask": mask})
    np.testing.assert_array_equal(after[[0, 2]], before[[0, 2]])
    assert (after[1] != before[1]).any()
    for name, rows in env.worlds.snapshot([0, 2]).rows.items():
        np.testing.assert_array_equal(rows, state.rows[name])
    assert env.worlds.state.time.tolist() == [3, 0, 3]
    assert infos["_distance"].tolist() == infos["_kind"].tolist() == [False, True, False]
    assert mask.tolist() == [False, True, False]


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("grey", [False, True])
def test_a_stack_holds_the_last_views_newest_last_and_begins_with_the_first_view(mode, grey):
    stack, one = (
        made(mode, replace(VIEW, grey=grey, stack=4), copy=True),
        made(mode, replace(VIEW, grey=grey), copy=True),
    )
    (stacked, _), (view, _) = stack.reset(seed=2), one.reset(seed=2)
    memory = [deque([view[n]] * 4, maxlen=4) for n in range(3)]
    before = np.zeros(3, dtype=np.bool_)
    for actions in actions_for(30, 3, 10, 3):
        stacked, _, terminated, truncated, infos = stack.step(actions)
        view, *_, plain = one.step(actions)
        over = terminated | truncated
        fresh = over if mode is AutoresetMode.SAME_STEP else before
        for n in range(3):
            if mode is AutoresetMode.SAME_STEP and over[n]:
                last = [*memory[n], plain["final_obs"][n]][1:]
                np.testing.assert_array_equal(infos["final_obs"][n], np.concatenate(last, axis=-1))
            memory[n].extend([view[n]] * (4 if fresh[n] else 1))
            np.testing.assert_array_equal(stacked[n], np.concatenate(list(memory[n]), axis=-1))
        before = over


def test_grey_is_the_luma_of_the_colours():
    colour, grey = made(), made(view=replace(VIEW, grey=True))
    rgb, level = colour.reset(seed=4)[0].astype(np.float64), grey.reset(seed=4)[0][..., 0]
    np.testing.assert_allclose(level, rgb @ [0.299, 0.587, 0.114], atol=0.5000001)


@pytest.mark.parametrize("grey", [False, True])
def test_the_stacking_kernel_does_what_its_python_does(grey):
    generator = np.random.default_rng(0)
    rgb = generator.integers(0, 256, size=(3, 2, 4, 5, 3), dtype=np.uint8)
    into = generator.integers(0, 256, size=(3, 4, 5, (1 if grey else 3) * 3), dtype=np.uint8)
    how = np.array([LEAVE, PUSH, FILL], dtype=np.uint8)
    compiled, plain = into.copy(), into.copy()
    push_views(rgb, how, grey, compiled, 0, 3)
    push_views.py_func(rgb, how, grey, plain, 0, 3)
    np.testing.assert_array_equal(compiled, plain)
    np.testing.assert_array_equal(compiled[0], into[0])
    assert (compiled[1:] != into[1:]).any()


def test_the_same_seed_gives_the_same_bytes_in_any_batch_on_any_threads_and_another_seed_others():
    def run(worlds, threads, seed):
        env = VoxelVectorEnv(params(worlds=worlds, threads=threads), EVERYTHING, logs_and_place, ends=jumps)
        found = [env.reset(seed=seed)[0].copy()]
        for actions in actions_for(20, 5, 10, 9):
            observation, reward, *_ = env.step(actions[:worlds])
            found.append(observation.copy() + reward.astype(np.uint8)[:, None, None, None])
        return np.array(found)

    five = run(5, 1, 40)
    np.testing.assert_array_equal(five, run(5, 3, 40))
    np.testing.assert_array_equal(five[:, :2], run(2, 1, 40))
    assert (five != run(5, 1, 41)).any()


def test_a_seed_again_gives_the_same_episodes_and_none_goes_on_to_others():
    env = made(copy=True)
    first, second = env.reset(seed=6)[0], env.reset()[0]
    assert (first != second).any()
    np.testing.assert_array_equal(env.reset(seed=6)[0], first)
    np.testing.assert_array_equal(env.reset()[0], second)
    np.testing.assert_array_equal(env.reset(seed=[8, 7, 6])[0][2], first[0])
    kept = env.worlds.state.episode.copy()
    env.reset(seed=[1, None, None])
    assert env.worlds.state.world.tolist() == [1, 7, 6]
    assert env.worlds.state.episode.tolist() == [0, *(kept[1:] + 1)]


def test_without_a_seed_environments_begin_apart_and_with_one_at_construction_alike():
    unlike = [made(copy=True, worlds=8).reset()[0] for _ in range(2)]
    assert (unlike[0] != unlike[1]).any()
    alike = [made(copy=True, worlds=8, seed=3).reset()[0] for _ in range(2)]
    np.testing.assert_array_equal(*alike)


def test_the_array_is_the_caller_s_and_is_written_again_unless_copies_are_asked_for():
    buffer = np.zeros((3, 16, 20, 3), dtype=np.uint8)
    env = made(observation_buffer=buffer)
    observation, _ = env.reset(seed=1)
    assert observation is buffer
    assert buffer.any()
    turned, *_ = env.step(np.full(3, env.actions.index("left")))
    assert turned is buffer
    copied = made(copy=True, view=replace(VIEW, distance=True))
    observation, infos = copied.reset(seed=1)
    kept, depth = observation.copy(), infos["distance"].copy()
    turned, *_, after = copied.step(np.full(3, env.actions.index("left")))
    np.testing.assert_array_equal(turned, buffer)
    np.testing.assert_array_equal(observation, kept)
    np.testing.assert_array_equal(infos["distance"], depth)
    assert (after["distance"] != depth).any()


@pytest.mark.parametrize("view", [replace(VIEW, grey=True), replace(VIEW, stack=2)], ids=["grey", "stack"])
def test_a_buffer_of_the_caller_also_holds_what_is_made_from_views(view):
    depth = (1 if view.grey else 3) * view.stack
    buffer = np.zeros((3, 16, 20, depth), dtype=np.uint8)
    env = made(view=view, observation_buffer=buffer)
    observation, _ = env.reset(seed=1)
    assert observation is buffer
    np.testing.assert_array_equal(buffer, made(view=view).reset(seed=1)[0])


def test_the_events_of_the_last_step_are_there_for_evaluators_though_the_world_began_again():
    env = made(AutoresetMode.SAME_STEP)
    env.reset(seed=1)
    assert env.events is None
    env.step(np.full(3, env.actions.index("forward+jump")))
    assert env.events is not None
    assert env.events.jumped.all()
    assert (env.worlds.state.time == 0).all()


def test_changes_of_the_last_step_can_be_traced_though_the_world_began_again():
    env = VoxelVectorEnv(
        params(worlds=1, steps=50), VIEW, ends=lambda events: events.dug > 0, autoreset_mode="SameStep"
    )
    env.reset(seed=1)
    env.worlds.state.bodies.pitch[:] = -80.0  # the meadow at one's feet
    log, steps = TraceLog(1), 0
    while env.worlds.state.time[0] == steps:
        env.step(np.array([env.actions.index("dig")]))
        log.add(steps, env.record)
        steps += 1
    trace = log.trace()
    assert trace.time.tolist() == [steps - 1]
    assert (trace.kinds[trace.before[0]], trace.kinds[trace.after[0]]) == ("default:dirt_with_grass", "air")


def test_depth_and_ids_are_in_infos_and_nothing_else_is():
    bare, whole = made(AutoresetMode.SAME_STEP), made(AutoresetMode.SAME_STEP, EVERYTHING)
    assert bare.reset(seed=1)[1] == {}
    assert set(whole.reset(seed=1)[1]) == {"distance", "_distance", "kind", "_kind"}
    jump = np.full(3, bare.actions.index("forward+jump"))
    assert set(bare.step(jump)[4]) == {"final_obs", "_final_obs", "final_info", "_final_info"}
    last = whole.step(jump)[4]
    assert set(last["final_info"]) == {"distance", "_distance", "kind", "_kind"}
    assert last["distance"].shape == last["kind"].shape == (3, 16, 20)
    assert (last["distance"].dtype, last["kind"].dtype) == (np.float32, np.uint8)


@pytest.mark.parametrize("mode", MODES)
def test_a_world_that_ended_is_paid_nothing_by_the_step_that_begins_it_again(mode):
    env = made(mode)
    env.reset(seed=1)
    jump = np.full(3, env.actions.index("forward+jump"))
    _, reward, terminated, truncated, _ = env.step(jump)
    assert terminated.all()
    assert not truncated.any()
    assert (reward > 0).all()
    assert env.worlds.state.done.all() == (mode is not AutoresetMode.SAME_STEP)  # the simulator leaves it alone
    if mode is AutoresetMode.NEXT_STEP:
        _, reward, terminated, truncated, _ = env.step(jump)
        assert not np.concatenate((reward, terminated, truncated)).any()
        assert (env.worlds.state.time == 0).all()
    elif mode is AutoresetMode.DISABLED:
        with pytest.raises(BadInput, match=r"worlds \[0, 1, 2\], whose episodes are over"):
            env.step(jump)


def refusals():
    good = np.zeros((3, 16, 20, 3), dtype=np.uint8)
    locked = good.copy()
    locked.flags.writeable = False
    yield "unknown mode", "autoreset_mode 'Soon'", lambda: made("Soon")
    yield "render mode", "render_mode 'human'", lambda: made(render_mode="human")
    yield "action set", "action set 'eleven'", lambda: made(actions="eleven")
    yield "seed", r"seed -1: it must be in \[0, 2\^62\)", lambda: made().reset(seed=-1)
    yield "seeds", "2 seeds", lambda: made().reset(seed=[1, 2])
    yield "options", "options", lambda: made().reset(options={"mask": good})
    yield "early step", "a step before the first reset", lambda: made().step(np.zeros(3, dtype=int))
    yield (
        "early mask",
        "a reset_mask in the first reset",
        lambda: made().reset(options={"reset_mask": np.array([True, False, False])}),
    )
    for name, buffer in (("small", good[:2]), ("wide", good.astype(int)), ("strided", good[..., ::-1]), ("ro", locked)):
        yield f"buffer {name}", "an observation buffer", lambda buffer=buffer: made(observation_buffer=buffer)


@pytest.mark.parametrize(("said", "does"), [case[1:] for case in refusals()], ids=[case[0] for case in refusals()])
def test_bad_input_is_refused_in_one_line(said, does):
    with pytest.raises(BadInput, match=said) as caught:
        does()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mask", [[True, False, True], np.ones(2, bool), np.zeros(3, bool), np.ones(3)])
def test_a_reset_mask_that_does_not_fit_is_refused(mask):
    env = made()
    env.reset(seed=1)
    with pytest.raises(BadInput, match="the reset_mask"):
        env.reset(options={"reset_mask": mask})


@pytest.mark.parametrize(
    "actions", [np.array([0, 1, 10]), np.array([-1, 0, 0]), np.zeros(2, int), np.zeros((3, 1), int), np.zeros(3)]
)
def test_actions_that_do_not_fit_are_refused_and_nothing_moves(actions):
    env = made()
    env.reset(seed=1)
    with pytest.raises(BadInput, match="actions"):
        env.step(actions)
    assert (env.worlds.state.time == 0).all()


def test_a_function_of_endings_must_give_bool_for_every_agent():
    env = VoxelVectorEnv(params(), VIEW, ends=lambda events: events.jumped.any(axis=1))
    env.reset(seed=1)
    with pytest.raises(BadInput, match="the function of endings gave bool of shape"):
        env.step(np.zeros(3, dtype=int))


@pytest.mark.parametrize(
    ("height", "width", "times"),
    [
        (64, 64, 4),
        (84, 84, 4),
        (60, 80, 5),
        (16, 64, 8),
        (33, 33, 8),
        (51, 51, 6),
        (85, 85, 4),
        (512, 512, 1),
        (255, 257, 1),
    ],
)
def test_pictures_for_people_are_enlarged_to_even_heights_and_not_beyond_what_can_be_drawn(height, width, times):
    assert enlargement(ViewParams(height=height, width=width)) == times


def test_a_picture_for_people_is_the_view_enlarged_and_what_the_network_was_given_beside_it():
    env = made(view=replace(VIEW, stack=2, grey=True), render_mode="rgb_array")
    env.reset(seed=1)
    env.step(np.full(3, env.actions.index("left")))
    pictures = env.render()
    assert pictures is not None
    height, width = 16 * 16, 20 * 16
    assert [picture.shape for picture in pictures] == [(height, 2 * width, 3)] * 3
    newest = env.step(np.zeros(3, dtype=int))[0][..., -1:]
    right = env.render()[1][:, width:]
    np.testing.assert_array_equal(right, np.broadcast_to(newest[1].repeat(16, 0).repeat(16, 1), right.shape))
    large = Observer(replace(VIEW, height=height, width=width), 3, 1)
    large.look(env.worlds, np.ones(3, dtype=np.bool_))
    np.testing.assert_array_equal(env.render()[1][:, :width], large.observation[1])
    assert made().render() is None
