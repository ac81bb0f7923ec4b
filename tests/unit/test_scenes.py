"""Scenes: what stood where at the beginning, made when asked for, the same however a trace came about."""

from dataclasses import replace

import numpy as np
import pytest

from consequence_forest import dug, scenes
from corrigible.errors import CorrigibleError
from corrigible.sandbox.grid.off_switch import OffSwitchParams
from corrigible.sandbox.voxel.events import TraceLog
from corrigible.sandbox.voxel.layouts import unpadded
from corrigible.sandbox.voxel.sandbox import scene_of
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.types import Scene, Views, WorldTrace, join_columns, take_columns
from voxel_small import actions_for, params


def counted(calls: list[int], worlds: int = 3, **changed: object) -> Scene:
    def materialise() -> np.ndarray:
        calls.append(1)
        return np.arange(worlds * 8).reshape(worlds, 2, 4)

    given = {"shape": (worlds, 2, 4), "materialise": materialise, "origin": np.zeros((worlds, 2)), **changed}
    return Scene(**given)  # type: ignore[arg-type]


def trace(scene: Scene) -> WorldTrace:
    none = np.zeros(0, dtype=np.int16)
    return WorldTrace(
        time=none, world=none, place=np.zeros((0, 2)), before=none, after=none, kinds=("a",), worlds=3, scene=scene
    )


def test_a_scene_is_made_once_and_only_when_asked_for_also_when_columns_are_taken_and_joined() -> None:
    calls: list[int] = []
    views = Views(world_trace_view=trace(counted(calls)))
    both = join_columns([take_columns(views, slice(0, 2)), take_columns(views, slice(2, None))]).world_trace
    assert calls == []
    assert both.scene is not None
    assert both.scene.kind.dtype == np.int16
    assert np.array_equal(both.scene.kind.reshape(-1), np.arange(24))
    assert both.scene.kind is both.scene.kind
    assert calls == [1]


def test_traces_without_a_scene_or_of_other_extents_join_without_one() -> None:
    forest = Views(world_trace_view=dug(scenes(3, 0), 0))
    bare = Views(world_trace_view=replace(forest.world_trace, scene=None))
    assert join_columns([forest, bare]).world_trace.scene is None
    assert take_columns(bare, slice(1)).world_trace.scene is None
    flat = Views(world_trace_view=replace(bare.world_trace, scene=counted([])))
    assert join_columns([forest, flat]).world_trace.scene is None


@pytest.mark.parametrize(
    ("changed", "match"),
    [({"origin": np.zeros((3, 3))}, r"Scene\.origin"), ({"up": 2}, "2 coordinates"), ({"up": -1}, "2 coordinates")],
)
def test_a_scene_that_does_not_fit_is_refused(changed: dict[str, object], match: str) -> None:
    with pytest.raises(CorrigibleError, match=match):
        counted([], **changed)


def test_a_scene_of_another_shape_than_it_says_and_one_of_other_worlds_are_refused() -> None:
    with pytest.raises(CorrigibleError, match=r"Scene\.kind"):
        _ = counted([], materialise=lambda: np.zeros((3, 2, 5))).kind
    with pytest.raises(CorrigibleError, match="2 columns"):
        trace(counted([], worlds=2))


def test_the_changes_of_a_voxel_trace_lead_from_its_scene_to_the_world_as_it_is_left() -> None:
    worlds = VoxelWorlds(params(worlds=4, steps=60, agents=2), 5)
    worlds.begin()
    scene = scene_of(worlds)
    log = TraceLog(4, scene)
    generator = np.random.default_rng(0)
    for t, action in enumerate(actions_for(60, 8, 1 << 10)):
        keys = action.reshape(4, 2).astype(np.uint16)
        worlds.step(keys, generator.normal(0, 20, (4, 2, 2)))
        log.add(t, worlds.record)
    found = log.trace()
    assert found.scene is scene
    kind = scene.kind.copy()
    assert found.time.size > 0
    for world, place, before, after in zip(found.world, found.place, found.before, found.after, strict=True):
        assert kind[(world, *place)] == before
        kind[(world, *place)] = after
    assert np.array_equal(kind, unpadded(worlds.state.nodes.node, worlds.state.nodes.size))
    assert (scene.origin[:, 2] == 3.0).all(), "feet on a ground of height 3"
    assert scene.up == 2


def test_the_scene_of_a_grid_world_shows_the_nodes_that_may_change_and_nothing_of_what_is_hidden() -> None:
    from corrigible.sandbox.grid.sandbox import _scene

    world = OffSwitchParams().build()
    start = np.flatnonzero(world.start > 0)
    scene = _scene(world, start)
    assert len(start) > 1, "the supervisor's intention is hidden in the state"
    assert (scene.kind == scene.kind[0]).all()
    shown = np.argwhere(scene.kind[0] >= 0)
    assert sorted(map(tuple, shown.tolist())) == sorted(map(tuple, world.place.tolist()))
    assert scene.up is None
