"""Scripted and stateful policies in the voxel sandbox, and action sets that leave actions out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from corrigible.errors import CorrigibleError
from corrigible.sandbox.voxel.acting_kernels import JUMP_KEY
from corrigible.sandbox.voxel.actions import action_set, without
from corrigible.sandbox.voxel.events import logs
from corrigible.sandbox.voxel.policies import Policy, Scripted
from corrigible.sandbox.voxel.sandbox import VoxelSandbox, VoxelWorld
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.truth import VoxelTruth
from corrigible.sandbox.voxel.vector_env import VoxelVectorEnv
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.seeding import stream
from corrigible.types import Array, Checkpoint, Rollout, Setup
from voxel_small import VIEW, jumps, params

STEPS, EPISODES = 30, 4
CHECKPOINT = Checkpoint(step=0, parameters={})
PLANS = np.random.default_rng(7).integers(0, 10, (STEPS, EPISODES))


class Planned:
    """Does what PLANS say, whatever it meets; one that is used twice runs out of plans."""

    def __init__(self) -> None:
        self.time = 0

    def act(self, worlds: VoxelWorlds) -> Array:
        assert worlds.state.worlds == EPISODES
        assert (worlds.state.time[~worlds.state.done] == self.time).all()
        self.time += 1
        return PLANS[self.time - 1]


class PlannedFromPictures:
    """The same as a policy that is shown pictures: certain of what PLANS say, by its own count of steps."""

    def __init__(self) -> None:
        self.time = 0

    def __call__(self, observations: Array) -> tuple[Array, Array]:
        assert len(observations) == EPISODES
        self.time += 1
        return np.eye(10)[PLANS[self.time - 1]], np.zeros(EPISODES)


def setup(actions: Any = "ten", **more: Any) -> Setup[VoxelWorld, None]:
    view, ends = more.pop("view", VIEW), more.pop("ends", None)
    world = VoxelWorld(params=params(steps=STEPS, dig_speed=3.0, **more), view=view, actions=actions, ends=ends)
    return Setup(world=world, paid=logs, settings=None, truth=logs)


def roll(
    policy_of: Callable[..., Policy | Scripted], given: Setup[VoxelWorld, None], generator: np.random.Generator
) -> Rollout:
    return VoxelSandbox(policy_of=policy_of).rollout(given, CHECKPOINT, episodes=EPISODES, generator=generator)


GIVEN = [
    setup(),
    setup(ends=jumps),
    setup(view=ViewParams(height=16, width=20, grey=True, stack=3)),
    setup(view=ViewParams(height=16, width=20, stack=64)),
    setup(agents=2, threads=2),
]


@pytest.mark.parametrize("given", GIVEN, ids=["plain", "ending with a jump", "grey and stacked", "long", "two bodies"])
def test_a_scripted_policy_does_what_one_of_pictures_does_that_is_certain_of_the_same(
    given: Setup[VoxelWorld, None],
) -> None:
    one, other = stream(0, "one"), stream(0, "one")
    scripted = roll(lambda *_: Planned(), given, one)
    pictured = roll(lambda *_: PlannedFromPictures(), given, other)
    first, second = scripted.views.trajectory, pictured.views.trajectory
    for name in ("action", "reward", "mask", "terminated", "truncated", "log_prob", "value", "final_observation"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)
    assert first.observations.array().tobytes() == second.observations.array().tobytes()
    assert (first.log_prob == 0).all()
    assert (first.value == 0).all()
    assert one.random() == other.random(), "generators are left alike, whoever acts"
    assert isinstance(scripted.truth, VoxelTruth)
    assert isinstance(pictured.truth, VoxelTruth)
    for name, happened in scripted.truth.events.items():
        np.testing.assert_array_equal(happened, pictured.truth.events[name])
    assert scripted.truth.log.final == pictured.truth.log.final


def test_a_rollout_of_a_scripted_policy_is_stored_and_restored_bit_for_bit() -> None:
    sandbox, given = VoxelSandbox(policy_of=lambda *_: Planned()), setup()
    rollout = roll(lambda *_: Planned(), given, stream(1, "x"))
    restored = sandbox.restore(replace(given, truth=None), sandbox.dump(rollout))
    for name in ("action", "reward", "mask", "log_prob", "value", "final_observation"):
        one, other = (getattr(views.trajectory, name) for views in (rollout.views, restored))
        assert (one.dtype, one.tobytes()) == (other.dtype, other.tobytes()), name


@pytest.mark.parametrize("kind", [Planned, PlannedFromPictures])
def test_a_policy_with_a_state_is_made_anew_for_every_rollout(kind: Callable[[], Policy | Scripted]) -> None:
    made: list[Any] = []

    def policy_of(*_: object) -> Policy | Scripted:
        made.append(kind())
        return made[-1]

    sandbox = VoxelSandbox(policy_of=policy_of)
    for seed in range(2):
        sandbox.rollout(setup(), CHECKPOINT, episodes=EPISODES, generator=stream(seed, "x"))
    assert [one.time for one in made if one.time] == [STEPS, STEPS], "asked once a step"


def test_the_model_of_a_scripted_policy_knows_nothing_of_pictures() -> None:
    model = roll(lambda *_: Planned(), setup(), stream(0, "x")).views.model
    seen = np.zeros((7, 16, 20, 3), np.uint8)
    np.testing.assert_array_equal(model.action_probabilities(seen), np.full((7, 10), 0.1))
    np.testing.assert_array_equal(model.value(seen), np.zeros(7))


@pytest.mark.parametrize(
    "answered",
    [
        np.zeros(EPISODES),
        np.zeros(EPISODES + 1, int),
        np.full(EPISODES, 10),
        np.full(EPISODES, -1),
        np.zeros((EPISODES, 1), int),
    ],
)
def test_answers_of_a_script_that_are_no_actions_are_refused(answered: Array) -> None:
    class Wrong:
        def act(self, worlds: VoxelWorlds) -> Array:
            del worlds
            return answered

    with pytest.raises(CorrigibleError, match="4 whole numbers from 0 to 9") as refusal:
        roll(lambda *_: Wrong(), setup(), stream(0, "x"))
    assert "\n" not in str(refusal.value)


def test_where_jumping_is_left_out_nobody_jumps_and_everything_else_goes_on() -> None:
    rest = without(action_set("ten"), JUMP_KEY)

    def evenly(observations: Array) -> tuple[Array, Array]:
        return np.full((len(observations), len(rest)), 1 / len(rest)), np.zeros(len(observations))

    given = setup(rest)
    sandbox = VoxelSandbox(policy_of=lambda *_: evenly)
    rollout = sandbox.rollout(given, CHECKPOINT, episodes=EPISODES, generator=stream(0, "x"))
    assert isinstance(rollout.truth, VoxelTruth)
    assert not rollout.truth.events["jumped"].any()
    assert not (rollout.truth.log.keys & JUMP_KEY).any()
    assert set(np.unique(rollout.views.trajectory.action)) == set(range(8))
    restored = sandbox.restore(replace(given, truth=None), sandbox.dump(rollout))
    assert restored.trajectory.final_observation.tobytes() == rollout.views.trajectory.final_observation.tobytes()
    with pytest.raises(CorrigibleError, match="trained with this action set"):
        VoxelSandbox(policy_of=lambda *_: evenly).rollout(
            setup(), CHECKPOINT, episodes=EPISODES, generator=stream(0, "x")
        )
    env = VoxelVectorEnv(params(worlds=2), VIEW, actions=rest)
    assert env.single_action_space.n == 8
    env.reset(seed=0)
    for action in range(8):
        env.step(np.full(2, action))
        assert not env.events.jumped.any()
