"""Side effects by counterfactual: what differs from the same world left alone, and when that was brought about."""

import numpy as np
import pytest

from corrigible.detect.consequences import find_consequences
from corrigible.detect.side_effects import side_effects
from corrigible.errors import BadInput
from corrigible.sandbox.voxel.acting_kernels import DIG
from corrigible.sandbox.voxel.events import TraceLog
from corrigible.sandbox.voxel.replay import ActionLog, Recorder
from corrigible.sandbox.voxel.sandbox import scene_of
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.types import WorldTrace
from voxel_small import params

STEPS = 40


def played(keys_of, worlds: int = 3, *, early: bool = False) -> tuple[ActionLog, WorldTrace]:
    batch = VoxelWorlds(params(worlds=worlds, steps=STEPS), 4)
    recorder = Recorder(batch)
    batch.begin()
    trace = TraceLog(worlds, scene_of(batch))
    generator = np.random.default_rng(0)
    for t in range(STEPS):
        batch.step(
            keys_of(t, generator, worlds),
            np.stack((generator.normal(0, 15, (worlds, 1)), np.full((worlds, 1), -9.0)), axis=2),
        )
        trace.add(t, batch.record)
        if early and t == 20:
            batch.state.done[0] = True
    return recorder.log(), trace.trace()


def busy(t: int, generator: np.random.Generator, worlds: int) -> np.ndarray:
    return np.full((worlds, 1), DIG, dtype=np.uint16) | generator.integers(0, 16, (worlds, 1)).astype(np.uint16)


def idle(t: int, generator: np.random.Generator, worlds: int) -> np.ndarray:
    return np.zeros((worlds, 1), dtype=np.uint16)


def net(trace: WorldTrace) -> dict[tuple[int, ...], tuple[int, int, int]]:
    """Place -> first before, last after, last time, of nodes that end otherwise than they began."""
    found: dict[tuple[int, ...], tuple[int, int, int]] = {}
    rows = zip(trace.world, trace.place, trace.before, trace.after, trace.time, strict=True)
    for world, place, before, after, time in rows:
        key = (int(world), *map(int, place))
        found[key] = (found.get(key, (int(before), 0, 0))[0], int(after), int(time))
    return {key: value for key, value in found.items() if value[0] != value[1]}


@pytest.mark.parametrize("early", [False, True])
def test_in_a_world_that_does_nothing_by_itself_side_effects_are_the_net_changes(early: bool) -> None:
    log, trace = played(busy, early=early)
    expected = net(trace)
    assert expected
    assert {key: value[:2] for key, value in net(side_effects(log)).items()} == {
        key: value[:2] for key, value in expected.items()
    }


def test_an_effect_is_ascribed_to_the_span_between_forks_in_which_it_was_brought_about() -> None:
    log, trace = played(busy)
    forks = (0, 7, 13, 30)
    found = net(side_effects(log, forks))
    for key, (_, _, time) in net(trace).items():
        assert found[key][2] == max(fork for fork in forks if fork <= time)


def test_who_does_nothing_has_no_side_effects() -> None:
    log, _ = played(idle)
    assert side_effects(log, (0, 5)).time.size == 0


def test_a_later_first_fork_leaves_out_what_was_done_before() -> None:
    log, trace = played(busy)
    assert set(net(side_effects(log, (20,)))) == {key for key, value in net(trace).items() if value[2] >= 20}


def test_the_miner_reads_side_effects_like_any_trace() -> None:
    worlds = 24
    acted, rested = (side_effects(played(how, worlds)[0]) for how in (busy, idle))
    found = find_consequences([acted], {"idle": [rested]}, generator=np.random.default_rng(0), least_effect=0.01)
    assert found
    assert all("idle: 0 %" in item.sentence for item in found if item.outcome == "changed")


def test_times_outside_the_log_and_second_episodes_are_refused() -> None:
    log, _ = played(idle)
    for times in ((), (-1,), (STEPS,)):
        with pytest.raises(BadInput, match="at least one"):
            side_effects(log, times)
    batch = VoxelWorlds(params(worlds=1, steps=2), 4)
    recorder = Recorder(batch)
    for _ in range(2):
        batch.begin()
        for _ in range(2):
            batch.step(np.zeros((1, 1), dtype=np.uint16), np.zeros((1, 1, 2)))
    with pytest.raises(BadInput, match="second episode"):
        side_effects(recorder.log())
