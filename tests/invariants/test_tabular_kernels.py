"""Compiled learners equal plain Python, and the mathematics in them equals its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corrigible.agents import policy_gradient_kernels, tabular_kernels
from corrigible.agents.policy_gradient_kernels import ActorCritic, Batch
from corrigible.agents.returns_kernels import generalised_advantage
from corrigible.agents.tabular_kernels import Places, Rules
from corrigible.sandbox.grid.environment import packed
from corrigible.sandbox.grid.goal_change import GoalChangeParams
from corrigible.sandbox.grid.off_switch import OffSwitchParams
from corrigible.sandbox.grid.tables import FORMS, reward_table
from corrigible.seeding import stream

SEED = np.uint64(77)
FLAGS = [(False, False, False), (True, False, False), (False, True, False), (False, False, True), (True, True, True)]


def tables_of(form):
    params = OffSwitchParams(form=form, horizon=7, layout=("A.I.G", "B####"))
    world = params.build()
    return world, packed(world), reward_table(world, lambda e: e["goal"] + 0.1 * e["closer"] - 0.1 * e["disable"])


def learned_values(kernel, form, flags):
    world, tables, reward = tables_of(form)
    q = stream(0, "q").normal(size=(world.n_observations, world.actions))
    places = Places(*(np.zeros(3, dtype=np.int64) for _ in range(3)), np.full((3, 2), -1), np.zeros(3))
    rules = Rules(0.9, 0.8, -0.01, 0.5, -0.004, *flags)
    kernel(tables, reward, world.horizon, SEED, rules, 0, 60, places, q)
    return np.concatenate([q.ravel(), *(array.ravel() for array in places)])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("name", ["q_learning", "sarsa"])
def test_compiled_value_learners_equal_plain_python(name, form, flags):
    kernel = getattr(tabular_kernels, name)
    compiled = learned_values(kernel, form, flags)
    assert compiled.tobytes() == learned_values(kernel.py_func, form, flags).tobytes()


def empty_batch(T, B):
    integers = (np.zeros((T, B), dtype=np.int32) for _ in range(2))
    floats = (np.zeros((T, B)) for _ in range(4))
    return Batch(*integers, *floats, *(np.zeros((T, B), dtype=np.bool_) for _ in range(3)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("use_intended", [False, True])
@pytest.mark.parametrize("cut", [False, True])
def test_compiled_policy_gradient_equals_plain_python(form, use_intended, cut):
    world, tables, reward = tables_of(form)
    shape = (world.n_observations, world.actions)
    logits, critic = stream(1, "logits").normal(size=shape), stream(2, "critic").normal(size=shape[0])
    batches, results, steps = [], [], []
    for plain in (False, True):
        kernels = {name: getattr(policy_gradient_kernels, name) for name in ("softmax_rows", "collect_episodes")}
        update, advantage = policy_gradient_kernels.update_actor_critic, generalised_advantage
        if plain:
            kernels = {name: kernel.py_func for name, kernel in kernels.items()}
            update, advantage = update.py_func, advantage.py_func
        learned = ActorCritic(
            logits.copy(), critic.copy(), *(np.zeros(shape) for _ in range(2)), *(np.zeros(shape[0]) for _ in range(2))
        )
        batch = empty_batch(world.horizon, 4)
        kernels["softmax_rows"](learned.logits, learned.policy)
        steps.append(
            kernels["collect_episodes"](
                tables, reward, SEED, 5, use_intended, cut, learned.policy, learned.critic, batch
            )
        )
        advantage(batch.reward, batch.value, batch.bootstrap, batch.carry, batch.mask, 0.9, 0.8, batch.advantage)
        update(batch, 0.3, 0.2, 0.01, learned)
        batches.append(batch)
        results.append(learned)
    assert steps[0] == steps[1]
    for name in ("observation", "action", "carry", "mask", "actor_mask"):
        assert (getattr(batches[0], name) == getattr(batches[1], name)).all()
    for name in ("reward", "value", "bootstrap", "advantage"):  # exp and log differ in the last bit
        assert getattr(batches[0], name) == pytest.approx(getattr(batches[1], name), rel=1e-12, abs=1e-15)
    assert results[0].logits == pytest.approx(results[1].logits, rel=1e-12, abs=1e-14)
    assert results[0].critic == pytest.approx(results[1].critic, rel=1e-12, abs=1e-14)
    assert not np.array_equal(results[0].logits, logits)


def test_small_value_kernels_equal_plain_python_and_numpy():
    q = stream(3, "q").integers(0, 3, (50, 6)).astype(float)
    for o in range(50):
        assert tabular_kernels.best_value(q, o) == tabular_kernels.best_value.py_func(q, o) == q[o].max()
        expected = 0.3 * q[o].mean() + 0.7 * q[o].max()
        assert tabular_kernels.behaviour_value(q, o, 0.3) == pytest.approx(expected, abs=1e-15)
        for u in (0.0, 0.29, 0.3, 0.5, 0.9999999):
            chosen = tabular_kernels.epsilon_greedy(q, o, 0.3, u)
            assert chosen == tabular_kernels.epsilon_greedy.py_func(q, o, 0.3, u)
            assert u < 0.3 or q[o, chosen] == q[o].max()


def test_epsilon_greedy_explores_evenly_and_splits_ties_evenly():
    q = np.array([[1.0, 0.0, 1.0, 0.0, 1.0, 0.0]])
    draws = (np.arange(60_000) + 0.5) / 60_000
    counts = np.bincount([tabular_kernels.epsilon_greedy(q, 0, 0.3, u) for u in draws], minlength=6) / 60_000
    best, other = 0.7 / 3 + 0.05, 0.05
    assert counts == pytest.approx([best, other, best, other, best, other], abs=1e-4)


@settings(deadline=None, max_examples=50)
@given(
    seed=st.integers(0, 2**32),
    discount=st.floats(0.0, 1.0),
    trace_decay=st.floats(0.0, 1.0),
    T=st.integers(1, 6),
)
def test_generalised_advantage_is_the_weighted_sum_of_later_errors(seed, discount, trace_decay, T):
    generator = np.random.default_rng(seed)
    reward, value, bootstrap = generator.normal(size=(3, T, 2))
    carry, mask = generator.random((T, 2)) < 0.8, generator.random((T, 2)) < 0.9
    advantage = np.empty((T, 2))
    generalised_advantage(reward, value, bootstrap, carry, mask, discount, trace_decay, advantage)
    delta = reward + discount * bootstrap - value
    for b in range(2):
        for t in range(T):
            expected, weight = 0.0, 1.0
            for later in range(t, T):
                if not mask[later, b]:
                    break
                expected += weight * delta[later, b]
                if not carry[later, b]:
                    break
                weight *= discount * trace_decay
            assert advantage[t, b] == pytest.approx(expected if mask[t, b] else 0.0, abs=1e-12)


def test_the_policy_moves_by_the_gradient_of_log_probability_and_entropy():
    logits = stream(4, "logits").normal(size=(1, 4))
    shape, action, advantage, entropy, rate = logits.shape, 2, 1.7, 0.3, 1e-2

    def objective(x):
        p = np.exp(x - x.max())
        p /= p.sum()
        return advantage * np.log(p[0, action]) - entropy * (p * np.log(p)).sum()

    learned = ActorCritic(logits.copy(), np.zeros(1), np.zeros(shape), np.zeros(shape), np.zeros(1), np.zeros(1))
    policy_gradient_kernels.softmax_rows(learned.logits, learned.policy)
    batch = empty_batch(1, 1)
    batch.action[:], batch.advantage[:], batch.mask[:], batch.actor_mask[:] = action, advantage, True, True
    policy_gradient_kernels.update_actor_critic(batch, rate, 0.25, entropy, learned)
    for a in range(4):
        step = np.zeros(shape)
        step[0, a] = 1e-6
        slope = (objective(logits + step) - objective(logits - step)) / 2e-6
        assert (learned.logits - logits)[0, a] == pytest.approx(rate * slope, abs=1e-9)
    assert learned.critic[0] == pytest.approx(0.25 * advantage)


def test_forced_steps_move_the_policy_only_when_the_learner_is_told_they_were_its_own():
    params = GoalChangeParams(announce=None, pull=0, change_probability=1.0, horizon=6)
    world = params.build()
    policy = np.full((world.n_observations, world.actions), 1.0 / world.actions)
    reward = reward_table(world, lambda e: e["at_x"])
    for use_intended, cut in ((False, False), (True, False), (False, True)):
        batch = empty_batch(world.horizon, 3)
        policy_gradient_kernels.collect_episodes(
            packed(world), reward, SEED, 0, use_intended, cut, policy, np.zeros(world.n_observations), batch
        )
        assert batch.mask.all(axis=1).tolist() == [True, *([not cut] * 5)]
        assert batch.actor_mask.all(axis=1).tolist() == [True, *([use_intended] * 5)]
        assert batch.carry.all(axis=1).tolist()[0] == (not cut)
