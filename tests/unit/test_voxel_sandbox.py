"""The voxel sandbox: rollouts, bit-exact restoring, and a truth that no view holds."""

import gc
import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from corrigible.errors import BadInput, CorrigibleError
from corrigible.report.sanitise import clean_film
from corrigible.sandbox.voxel.actions import action_set
from corrigible.sandbox.voxel.events import VoxelEvents, logs
from corrigible.sandbox.voxel.replay import Recorder
from corrigible.sandbox.voxel.sandbox import VoxelSandbox, VoxelWorld
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.truth import EVENTS, TruthKeeper, VoxelTruth
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.sandbox.voxel.walking import next_step
from corrigible.seeding import stream
from corrigible.types import Array, Checkpoint, Rollout, Setup, Views, take_columns
from voxel_small import jumps, params

STEPS, EPISODES = 40, 4
ACTIONS = action_set("ten")


def evenly(observations: Array) -> tuple[Array, Array]:
    """Any action is as likely; the value is the picture's brightness."""
    N, n = len(observations), len(ACTIONS)
    return np.full((N, n), 1.0 / n), observations.reshape(N, -1).mean(axis=1) / 255


def to_the_bark(observations: Array) -> tuple[Array, Array]:
    """Digs where the middle of the picture is as brown as bark, else turns, now and then walks: from pixels alone."""
    N = len(observations)
    newest = observations[..., -3:].astype(np.int64)
    middle = newest[:, 6:10, 8:12].mean(axis=(1, 2))
    brown = (middle[:, 0] > middle[:, 1] + 5) & (middle[:, 1] > middle[:, 2])
    found = np.zeros((N, len(ACTIONS)))
    found[:, ACTIONS.index("left")], found[:, ACTIONS.index("forward+jump")] = 0.6, 0.4
    found[brown] = 0.0
    found[brown, ACTIONS.index("forward+dig")] = 1.0
    return found, brown.astype(np.float64)


POLICIES = {"random": evenly, "scripted": to_the_bark}
SANDBOX = VoxelSandbox(policy_of=lambda setup, checkpoint: POLICIES[checkpoint_policy(checkpoint)])


def checkpoint_policy(checkpoint: Checkpoint) -> str:
    return sorted(POLICIES)[int(checkpoint.parameters["which"][0])]


def checkpoint(name: str) -> Checkpoint:
    return Checkpoint(step=0, parameters={"which": np.array([sorted(POLICIES).index(name)], dtype=np.float32)})


def meant(events: VoxelEvents) -> Array:
    return events.digs("group:tree") - 0.25 * events.digs("group:leaves")


def nonsense(events: VoxelEvents) -> Array:
    return np.full(events.dug.shape, 13.0, dtype=np.float32)


def setup(**changed: Any) -> Setup[VoxelWorld, None]:
    view = changed.pop("view", ViewParams(height=16, width=20))
    world = VoxelWorld(
        params=params(steps=STEPS, **changed.pop("params", {})), view=view, ends=changed.pop("ends", None)
    )
    return Setup(world=world, paid=logs, settings=None, truth=changed.pop("truth", meant))


def roll(name: str, given: Setup[VoxelWorld, None] | None = None, seed: int = 0) -> Rollout:
    return SANDBOX.rollout(given or setup(), checkpoint(name), episodes=EPISODES, generator=stream(seed, "evaluation"))


def same(one: Views, other: Views) -> None:
    for record in ("trajectory", "world_trace"):
        first, second = getattr(one, record), getattr(other, record)
        for item in fields(first):
            a, b = getattr(first, item.name), getattr(second, item.name)
            if item.name == "observations":
                assert (a.shape, a.dtype) == (b.shape, b.dtype)
                assert a.array().tobytes() == b.array().tobytes()
            elif item.name == "scene":
                assert (a.shape, a.up, a.origin.tobytes()) == (b.shape, b.up, b.origin.tobytes())
                assert a.kind.tobytes() == b.kind.tobytes()
            elif isinstance(a, np.ndarray):
                assert (a.dtype, a.shape) == (b.dtype, b.shape), item.name
                assert a.tobytes() == b.tobytes(), item.name
            else:
                assert a == b, item.name


def reachable(thing: object) -> Iterator[object]:
    """Everything that can be come by from a view: attributes, items, closures, whatever the collector knows of."""
    seen: dict[int, object] = {}
    waiting = [thing]
    while waiting:
        found = waiting.pop()
        if id(found) in seen or isinstance(found, types.ModuleType | type | np.ndarray):
            continue
        seen[id(found)] = found
        yield found
        if isinstance(found, types.FunctionType):
            waiting += [cell.cell_contents for cell in found.__closure__ or ()]
        elif is_dataclass(found):
            waiting += [getattr(found, item.name) for item in fields(found)]
        elif isinstance(found, Mapping):
            waiting += list(found.values())
        else:
            waiting += gc.get_referents(found)


@pytest.mark.parametrize("name", POLICIES)
def test_nothing_of_the_truth_is_in_any_view_and_nothing_done_depends_on_it(name: str) -> None:
    true = roll(name)
    same(true.views, roll(name, setup(truth=nonsense)).views)
    assert (roll(name, setup(truth=nonsense)).truth.intended_reward == 13.0).all()
    views = replace(true.views, model_view=None)  # the test's own policies can reach this very module
    found = list(reachable(views))
    assert any(item is true.views.trajectory.observations for item in found), "the search goes deep enough"
    assert not any(item is meant or isinstance(item, VoxelTruth) for item in found)
    arrays = [true.truth.intended_reward, *true.truth.events.values()]
    assert not any(item is array for item in found for array in arrays)
    assert set(true.views.available()) == {"trajectory", "world_trace", "model"}


def test_the_scripted_policy_digs_logs_and_the_truth_says_which() -> None:
    rollout = roll("scripted")
    truth, trace = rollout.truth, rollout.views.world_trace
    assert isinstance(truth, VoxelTruth)
    dug = truth.events["log_dug"]
    assert dug.any()
    assert (truth.performance["logs_dug"] == dug.sum(axis=0)).all()
    assert (truth.structure[..., 0][dug] > 0).all()
    assert (truth.intended_reward == dug - 0.25 * truth.events["leaves_dug"]).all()
    assert (rollout.views.trajectory.reward == dug).all()
    assert set(truth.events) == {*EVENTS, "tree_felled"}
    gone = [kind for kind, after in zip(trace.before, trace.after, strict=True) if after == 0]
    assert len(gone) == (truth.dug > 0).sum(), "the trace knows what changed, and not who did it"
    assert {item.name for item in fields(trace)}.isdisjoint({"agent", "reward"})


def test_a_tree_is_felled_when_its_last_log_goes() -> None:
    worlds = VoxelWorlds(params(worlds=1, steps=200), 3)
    recorder = Recorder(worlds)
    worlds.begin()
    keeper = TruthKeeper(worlds, meant)
    stuck, before = False, worlds.state.bodies.place.copy()
    while not worlds.state.done.all():
        keys, turn = next_step(worlds, stuck=stuck)
        keeper.add(worlds.step(np.array([[keys]]), turn[None, None]), np.ones(1, dtype=np.bool_))
        stuck = bool(np.abs(worlds.state.bodies.place - before).max() < 0.05)
        before = worlds.state.bodies.place.copy()
    truth = keeper.truth(recorder.log())
    assert {name: int(number[0]) for name, number in truth.performance.items()} == {
        "logs_dug": 8,
        "trees_felled": 2,
        "trees": 2,
    }
    assert truth.events["tree_felled"].sum() == 2
    assert truth.events["log_dug"][truth.events["tree_felled"]].all()


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize(
    "given",
    [
        setup(),
        setup(ends=jumps),
        setup(view=ViewParams(height=16, width=20, grey=True, stack=3)),
        setup(params={"agents": 2, "threads": 2}),
    ],
    ids=["plain", "ending with a jump", "grey and stacked", "two bodies"],
)
def test_what_is_dumped_is_restored_bit_for_bit(name: str, given: Setup[VoxelWorld, None]) -> None:
    if given.world.view.grey and name == "scripted":
        name = "random"
    rollout = roll(name, given)
    stored = dict(SANDBOX.dump(rollout))
    assert sum(array.nbytes for array in stored.values()) < 20 * STEPS * EPISODES + 1000, "no observations"
    learners = replace(given, truth=None)
    restored = SANDBOX.restore(learners, {key: array.copy() for key, array in stored.items()})
    same(rollout.views, restored)
    assert restored.model_view is None


def test_episodes_that_end_are_masked_and_say_how_they_ended() -> None:
    trajectory = roll("random", setup(ends=jumps)).views.trajectory
    assert trajectory.terminated.any()
    assert not (trajectory.terminated & trajectory.truncated).any()
    for episode in trajectory.episodes():
        assert episode.start == 0
        last = (episode.stop - 1, episode.world)
        assert trajectory.terminated[last] or (trajectory.truncated[last] and episode.stop == STEPS)
    assert trajectory.mask.sum() == sum(episode.stop for episode in trajectory.episodes())
    assert not trajectory.reward[~trajectory.mask].any()


def test_equal_generators_meet_equal_worlds_and_others_other_ones() -> None:
    first, second, third = roll("random"), roll("scripted"), roll("random", seed=1)
    shown = [rollout.views.trajectory.observations.array()[0] for rollout in (first, second, third)]
    assert shown[0].tobytes() == shown[1].tobytes()
    assert shown[0].tobytes() != shown[2].tobytes()
    assert len({picture.tobytes() for picture in shown[0]}) == EPISODES


def test_log_prob_and_value_are_what_the_policy_answered() -> None:
    rollout = roll("scripted")
    trajectory, model = rollout.views.trajectory, rollout.views.model
    seen = trajectory.observations.array()
    flat = seen.reshape(-1, *seen.shape[2:])
    probabilities = model.action_probabilities(flat).reshape(STEPS, EPISODES, -1)
    picked = np.take_along_axis(probabilities, trajectory.action[..., None].astype(int), axis=2)[..., 0]
    assert (trajectory.log_prob == np.log(picked).astype(np.float32)).all()
    assert (trajectory.value == model.value(flat).reshape(STEPS, EPISODES).astype(np.float32)).all()
    assert model.value(trajectory.final_observation).shape == (EPISODES,)


def test_arrays_of_other_worlds_and_changed_ones_are_refused() -> None:
    stored = dict(SANDBOX.dump(roll("random")))
    learners = replace(setup(), truth=None)
    for name, change in (("action", 99), ("final", 1), ("seed", 1)):
        spoilt = {**stored, name: stored[name] + np.array(change, dtype=stored[name].dtype)}
        with pytest.raises(CorrigibleError, match=r"restore with the setup|very state that was recorded"):
            SANDBOX.restore(learners, spoilt)
    longer = replace(learners, world=replace(learners.world, params=params(steps=STEPS + 1)))
    with pytest.raises(CorrigibleError, match=f"have {STEPS + 1} steps"):
        SANDBOX.restore(longer, stored)


def test_evaluation_without_a_truth_and_policies_that_do_not_fit_are_refused() -> None:
    with pytest.raises(CorrigibleError, match="what was meant"):
        roll("random", setup(truth=None))
    for answer in (np.ones((EPISODES, 10)), np.full((EPISODES, 9), 1 / 9), np.full((EPISODES, 10), np.nan)):
        sandbox = VoxelSandbox(policy_of=lambda *_, answer=answer: lambda seen: (answer, np.zeros(len(seen))))
        with pytest.raises(CorrigibleError, match="probabilities that sum to 1"):
            sandbox.rollout(setup(), checkpoint("random"), episodes=EPISODES, generator=stream(0, "x"))


def test_the_picture_is_a_replay_that_the_report_accepts() -> None:
    rollout = roll("scripted")
    replay = SANDBOX.picture(setup(truth=None), rollout.views.trajectory, 1)
    assert len(replay.frames) == len(replay.captions) <= 60
    film = clean_film(replay.frames, scope="f")
    assert len(film.frames) == len(replay.frames)
    assert len({frame.markup for frame in film.frames}) > len(film.frames) // 2, "frames differ"
    assert sum(map(len, replay.frames)) < 4_000_000
    assert any("digs at" in caption for caption in replay.captions)
    with pytest.raises(BadInput, match="worlds 0 to 3"):
        SANDBOX.picture(setup(), rollout.views.trajectory, EPISODES)
    lost = take_columns(rollout.views, slice(0, 1)).trajectory
    with pytest.raises(CorrigibleError, match="without its action log"):
        SANDBOX.picture(setup(), lost, 0)
