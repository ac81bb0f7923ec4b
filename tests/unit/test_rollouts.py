"""Rollouts, held against worlds that are played and valued by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from corrigible.agents.pixel_network import NetworkParams, PixelNetwork, in_blocks  # noqa: E402
from corrigible.agents.ppo_settings import PPOSettings  # noqa: E402
from corrigible.agents.ppo_update import Threads  # noqa: E402
from corrigible.agents.rollouts import Answerer, Collector, sampled  # noqa: E402
from corrigible.sandbox.voxel.observing import channels  # noqa: E402
from corrigible.sandbox.voxel.vector_env import VoxelVectorEnv  # noqa: E402
from corrigible.sandbox.voxel.viewing import ViewParams  # noqa: E402
from voxel_small import jumps, logs_and_place, params  # noqa: E402

WORLDS, T = 5, 20
VIEWS = {"colour": ViewParams(height=36, width=36), "stacked": ViewParams(height=37, width=36, grey=True, stack=2)}


def environment(view):
    return VoxelVectorEnv(
        params(worlds=WORLDS), view, logs_and_place, ends=jumps, autoreset_mode="SameStep", seed=3, copy=True
    )


def network(view, memory):
    shape = NetworkParams(
        height=view.height, width=view.width, channels=channels(view), filters=(3, 4, 5), dense=12, memory=memory
    )
    made = PixelNetwork(shape, np.random.default_rng(1))
    with torch.no_grad():
        made.critic.weight.mul_(20.0)  # so that a wrong bootstrap shows
    return made


def answer(model, observation, hidden):
    """Probabilities, value and memory of one picture."""
    with torch.no_grad():
        blocks = torch.from_numpy(in_blocks(observation[None], model.params))
        logits, value, hidden = model(blocks, hidden)
    return torch.softmax(logits.double(), 1).numpy()[0], float(value[0]), hidden


def by_hand(view, memory, settings, actions):
    """Every number of a rollout, one world at a time, from the definitions."""
    env, model = environment(view), network(view, memory)
    observation, _ = env.reset(seed=7)
    hidden = [None] * WORLDS
    value, following, reward = (np.zeros((T, WORLDS)) for _ in range(3))
    ended, log_prob, counts = np.zeros((T, WORLDS), bool), np.zeros((T, WORLDS)), {"both": 0, "time": 0, "end": 0}
    for t in range(T):
        before = list(hidden)
        for n in range(WORLDS):
            probabilities, value[t, n], hidden[n] = answer(model, observation[n], before[n])
            log_prob[t, n] = np.log(probabilities[actions[t, n]])
        observation, paid, terminated, truncated, infos = env.step(actions[t])
        reward[t] = paid * settings.reward_scale
        for n in range(WORLDS):
            counts["both"] += terminated[n] and truncated[n]
            counts["time"] += truncated[n] and not terminated[n]
            counts["end"] += terminated[n] and not truncated[n]
            if terminated[n]:
                following[t, n] = 0.0
            elif truncated[n]:
                following[t, n] = answer(model, infos["final_obs"][n], hidden[n])[1]
            else:
                following[t, n] = answer(model, observation[n], hidden[n])[1]
            ended[t, n] = terminated[n] or truncated[n]
            hidden[n] = None if ended[t, n] else hidden[n]
    advantage = np.zeros((T, WORLDS))
    for n in range(WORLDS):
        for start in range(T):
            weight = 1.0
            for t in range(start, T):
                error = reward[t, n] + settings.discount * following[t, n] - value[t, n]
                advantage[start, n] += weight * error
                weight *= settings.discount * settings.trace_decay
                if ended[t, n]:
                    break
    return value, log_prob, advantage, ended, counts


@pytest.mark.parametrize("memory", [0, 6])
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_rollout_is_what_each_world_does_by_itself(view, memory) -> None:
    settings = PPOSettings(rollout=T, stagger=False, discount=0.9, trace_decay=0.8, reward_scale=0.1, memory=memory)
    collector = Collector(environment(view), network(view, memory), settings, Threads(2), np.random.default_rng(4))
    collector.begin(7)
    batch, finished = collector.collect()
    value, log_prob, advantage, ended, counts = by_hand(view, memory, settings, batch.action.numpy())
    assert all(counts.values()), f"ends, limits and both at once must occur: {counts}"
    np.testing.assert_allclose(batch.value.numpy(), value, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(batch.log_prob.numpy(), log_prob, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(batch.advantage.numpy(), advantage, rtol=1e-3, atol=1e-3)
    assert np.array_equal(batch.began.numpy()[1:], ended[:-1])
    assert batch.began.numpy()[0].all()
    assert len(finished.returns) == len(finished.lengths) == ended.sum()


@pytest.mark.parametrize("memory", [0, 6])
def test_a_second_rollout_goes_on_where_the_first_ended(memory) -> None:
    view, found = VIEWS["colour"], []
    for lengths in ((20,), (8, 12)):
        env, generator, model = environment(view), np.random.default_rng(4), network(view, memory)
        parts = []
        for number, length in enumerate(lengths):
            settings = PPOSettings(rollout=length, stagger=False, memory=memory)
            collector = Collector(env, model, settings, Threads(1), generator)
            if number == 0:
                collector.begin(7)
            else:
                for name in ("observation", "began", "cut", "returns", "lengths", "hidden"):
                    setattr(collector, name, getattr(last, name))  # noqa: F821 # set in the round before
            batch, finished = collector.collect()
            parts.append((batch.action.numpy(), batch.value.numpy(), batch.began.numpy(), finished.returns))
            last = collector  # noqa: F841
        found.append([np.concatenate(some) for some in zip(*parts, strict=True)])
    assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True))


def test_returns_and_lengths_are_those_of_whole_episodes_as_paid() -> None:
    env = environment(VIEWS["colour"])
    settings = PPOSettings(rollout=T, stagger=False, reward_scale=0.01)
    collector = Collector(env, network(VIEWS["colour"], 0), settings, Threads(1), np.random.default_rng(4))
    paid, over = [], []
    step = env.step

    def watched(actions):
        found = step(actions)
        paid.append(found[1])
        over.append(found[2] | found[3])
        return found

    env.step = watched
    collector.begin(7)
    _, finished = collector.collect()
    expected = []
    for n in range(WORLDS):
        total, length = 0.0, 0
        for t in range(T):
            total, length = total + paid[t][n], length + 1
            if over[t][n]:
                expected.append((total, length))
                total, length = 0.0, 0
    assert sorted(zip(finished.returns, finished.lengths, strict=True)) == sorted(expected)


def test_episodes_that_began_in_the_middle_of_their_time_are_learned_from_but_not_counted() -> None:
    env = VoxelVectorEnv(params(worlds=40, steps=50), VIEWS["colour"], autoreset_mode="SameStep", seed=3)
    settings = PPOSettings(rollout=70, stagger=True)
    collector = Collector(env, network(VIEWS["colour"], 0), settings, Threads(1), np.random.default_rng(4))
    collector.begin(7)
    times = env.worlds.state.time.copy()
    assert len(set(times)) > 10
    batch, finished = collector.collect()
    assert batch.began.numpy()[1:].any(axis=0).all()
    assert set(finished.lengths) == {50}
    assert len(finished.lengths) == (times == 0).sum() + ((50 - times + 50 <= 70) & (times > 0)).sum()


@pytest.mark.usefixtures("one_thread_inside_operations")
@pytest.mark.parametrize("memory", [0, 6])
def test_answers_are_the_same_on_any_number_of_threads(memory) -> None:
    model = network(VIEWS["colour"], memory)
    draw = np.random.default_rng(0)
    blocks = torch.from_numpy(draw.integers(0, 256, (75, *model.params.blocks), dtype=np.uint8))
    hidden = torch.from_numpy(draw.normal(size=(75, memory)).astype(np.float32)) if memory else None
    found = [Answerer(model, Threads(threads))(blocks, hidden) for threads in (1, 2, 3)]
    for other in found[1:]:
        assert all(np.array_equal(one, two) for one, two in zip(found[0], other, strict=True) if one is not None)


def test_actions_are_drawn_by_their_probabilities_one_number_each() -> None:
    probabilities = np.array([[0.2, 0.3, 0.5], [0.0, 1.0, 0.0], [0.5, 0.0, 0.5]])
    drawn = [0.0, 0.19, 0.21, 0.49, 0.51, 0.999999]
    found = [
        sampled(probabilities, SimpleNamespace(random=lambda count, number=number: np.full(count, number)))[0]
        for number in drawn
    ]
    assert np.array(found).T.tolist() == [[0, 0, 1, 1, 2, 2], [1] * 6, [0, 0, 0, 0, 2, 2]]
    many = np.repeat(probabilities[:1], 20_000, axis=0)
    actions, log_prob = sampled(many, np.random.default_rng(0))
    assert np.bincount(actions) / 20_000 == pytest.approx([0.2, 0.3, 0.5], abs=0.015)
    assert np.exp(log_prob) == pytest.approx(probabilities[0, actions])
