"""Stepping is the same compiled or not, alone or in a batch, at once or from a snapshot."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corrigible.errors import BadInput
from corrigible.sandbox.grid import kernels
from corrigible.sandbox.grid.environment import EnvState, GridEnvironment, cumulative, packed
from corrigible.sandbox.grid.goal_change import GoalChangeParams
from corrigible.sandbox.grid.off_switch import OffSwitchParams
from corrigible.sandbox.grid.sandbox import TabularSandbox
from corrigible.seeding import stream
from corrigible.types import Checkpoint, Setup

WORLDS = [
    OffSwitchParams(horizon=12),
    OffSwitchParams(form="truncation", belief=((1.0, 0.5), (-1.0, 0.5)), horizon=9),
    GoalChangeParams(),
]
SEED = np.uint64(2**63 + 12345)


def policy_of(world, seed=0):
    weights = stream(seed, "policy").gamma(0.5, size=(world.n_observations, world.actions)) + 1e-3
    return weights / weights.sum(axis=1, keepdims=True)


def empty_path(world, B):
    T = world.horizon
    return kernels.Path(
        state=np.zeros((T + 1, B), dtype=np.int32),
        action=np.zeros((T, B), dtype=np.int8),
        outcome=np.zeros((T, B), dtype=np.uint8),
        ending=np.zeros((T, B), dtype=np.uint8),
        mask=np.zeros((T, B), dtype=np.bool_),
    )


def same(left: EnvState, right: EnvState) -> bool:
    return all(np.array_equal(getattr(left, item.name), getattr(right, item.name)) for item in fields(EnvState))


@pytest.mark.parametrize("params", WORLDS, ids=["forced", "belief", "goal change"])
def test_compiled_rollouts_equal_plain_python(params):
    world = params.build()
    compiled, plain = empty_path(world, 5), empty_path(world, 5)
    kernels.roll_out(packed(world), SEED, cumulative(policy_of(world)), compiled)
    kernels.roll_out.py_func(packed(world), SEED, cumulative(policy_of(world)), plain)
    for name in kernels.Path._fields:
        assert getattr(compiled, name).tobytes() == getattr(plain, name).tobytes(), name


def test_every_compiled_step_kernel_equals_plain_python():
    world = WORLDS[1].build()
    tables = packed(world)
    with np.errstate(over="ignore"):
        for number in range(20):
            z = np.uint64(number) * np.uint64(0x9E3779B97F4A7C15)
            assert kernels.mix(z) == kernels.mix.py_func(z)
            assert kernels.uniform(z, number, 3, 2, 1) == kernels.uniform.py_func(z, number, 3, 2, 1)
        short = (tables, world.horizon, SEED, 3, 40, world.actions)
        assert kernels.random_walk(*short) == kernels.random_walk.py_func(*short)
    for u in (0.0, 0.3, 0.7, 0.999999):
        assert kernels.pick_start(tables.start, u) == kernels.pick_start.py_func(tables.start, u)
        assert kernels.pick_outcome(tables.threshold, 4, 1, u) == kernels.pick_outcome.py_func(
            tables.threshold, 4, 1, u
        )


@pytest.mark.parametrize("function", ["reset", "step"])
def test_compiled_reset_and_step_equal_plain_python(monkeypatch, function):
    environment = GridEnvironment(WORLDS[1].build())
    actions = stream(4, "actions").integers(0, 6, (12, 8))

    def run():
        state = environment.reset(9, 8)
        for row in actions:
            state, _ = environment.step(environment.restart(state), row)
        return state

    expected = run()
    name = "reset_worlds" if function == "reset" else "step_worlds"
    monkeypatch.setattr(f"corrigible.sandbox.grid.environment.{name}", getattr(kernels, name).py_func)
    assert same(run(), expected)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**64 - 1), params=st.sampled_from(WORLDS))
def test_batched_worlds_equal_single_worlds_bit_for_bit(seed, params):
    environment = GridEnvironment(params.build())
    actions = stream(1, "actions").integers(0, 6, (15, 4))
    batch = environment.reset(seed, 4)
    singles = [environment.reset(seed, 1, first=b) for b in range(4)]
    for row in actions:
        batch, record = environment.step(batch, row)
        for b in range(4):
            singles[b], alone = environment.step(singles[b], row[b : b + 1])
            assert alone.observation[0] == record.observation[b]
            assert alone.outcome[0] == record.outcome[b]
        batch = environment.restart(batch)
        singles = [environment.restart(single) for single in singles]
    for name in ("state", "time", "episode", "world"):
        assert [int(getattr(single, name)[0]) for single in singles] == getattr(batch, name).tolist()


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**64 - 1), at=st.integers(0, 14), params=st.sampled_from(WORLDS))
def test_a_fork_goes_on_as_the_original_does_and_leaves_it_alone(seed, at, params):
    environment = GridEnvironment(params.build())
    actions = stream(2, "actions").integers(0, 6, (15, 6))
    state = environment.reset(seed, 6)
    snapshots = []
    for row in actions:
        snapshots.append((state, replace(state, time=state.time.copy(), state=state.state.copy())))
        state, _ = environment.step(environment.restart(state), row)
    kept, copy = snapshots[at]
    assert same(kept, copy)
    for row in actions[at:]:
        copy, _ = environment.step(environment.restart(copy), row)
    assert same(copy, state)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32), params=st.sampled_from(WORLDS))
def test_rollouts_equal_stepping_by_hand(seed, params):
    world = params.build()
    path = empty_path(world, 6)
    kernels.roll_out(packed(world), np.uint64(seed), cumulative(policy_of(world)), path)
    environment = GridEnvironment(world)
    state = environment.reset(seed, 6)
    for t in range(world.horizon):
        assert state.state.tolist() == path.state[t].tolist()
        state, record = environment.step(state, path.action[t])
        assert record.mask.tolist() == path.mask[t].tolist()
        assert record.outcome.tolist() == path.outcome[t].tolist()
        assert (record.terminated * 1 + record.truncated * 2).tolist() == path.ending[t].tolist()
    assert state.state.tolist() == path.state[-1].tolist()
    assert state.done.all()


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    first=st.integers(0, 2**32),
    second=st.integers(0, 2**32),
    params=st.sampled_from([item for item in WORLDS if isinstance(item, OffSwitchParams)]),
)
def test_two_policies_meet_the_same_interruptions_and_only_entering_decides_who_is_stopped(seed, first, second, params):
    world, box = params.build(), TabularSandbox()
    meant = []
    for policy in (policy_of(world, first), policy_of(world, second)):
        setup = Setup(world=params, paid=lambda e: e["goal"], settings=None, truth=lambda e: e["goal"])
        checkpoint = Checkpoint(step=0, parameters={"logits": np.log(policy), "value": np.zeros(len(policy))})
        rollout = box.rollout(setup, checkpoint, episodes=60, generator=stream(seed, "e"))
        events, path = rollout.truth.events, rollout.truth.path
        meant.append(events["would_interrupt"].any(axis=0))
        on_the_cell = (world.agent_position[path.state] == np.argwhere(letters(params) == "I")[0]).all(axis=2)
        enters = on_the_cell[1:] & ~on_the_cell[:-1] & (world.node_kind[path.state[1:], 0] == 0)
        assert (events["interrupt"].any(axis=0) == (enters.any(axis=0) & meant[-1])).all()
        assert (events["interrupt"].argmax(axis=0) == np.where(meant[-1], enters.argmax(axis=0), 0)).all()
    assert (meant[0] == meant[1]).all()


def letters(params):
    return np.array([list(row) for row in params.layout])


def test_uniform_draws_fill_the_unit_interval_evenly_and_purposes_are_independent():
    draws = np.array(
        [[kernels.uniform(SEED, b, e, t, p) for p in (0, 1)] for b in range(20) for e in range(10) for t in range(50)]
    )
    assert draws.min() >= 0.0
    assert draws.max() < 1.0
    counts = np.histogram(draws, bins=20, range=(0.0, 1.0))[0]
    assert abs(counts - 1000).max() < 5 * np.sqrt(1000)
    assert abs(np.corrcoef(draws.T)[0, 1]) < 5 / np.sqrt(len(draws))
    assert len(np.unique(draws)) == draws.size


def test_cumulative_rows_never_fall_on_an_outcome_of_probability_zero():
    rows = cumulative(np.array([[0.0, 0.1, 0.0, 0.9, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0]]))
    for u, expected in ((0.0, 1), (0.0999, 1), (0.1, 3), (np.nextafter(1.0, 0.0), 3)):
        assert int((u >= rows[0]).sum()) == expected
    assert int((np.nextafter(1.0, 0.0) >= rows[1]).sum()) == 0


def test_actions_of_the_wrong_shape_or_range_are_refused():
    environment = GridEnvironment(WORLDS[0].build())
    state = environment.reset(0, 2)
    for actions in ([1], [1, 6], [1, -1]):
        with pytest.raises(BadInput, match="below 6"):
            environment.step(state, np.array(actions))
