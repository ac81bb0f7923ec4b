"""Views of some of the worlds, and views of several runs side by side: columns of (T, B) arrays taken and joined."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from corrigible.types.trajectory import Array, Observations, Scene, Trajectory, Views, WorldTrace


def take_columns(views: Views, columns: slice) -> Views:
    """The same views of some of the worlds, renumbered from zero; a model is kept as it is."""
    trajectory, trace = views.trajectory_view, views.world_trace_view
    return replace(
        views,
        trajectory_view=None if trajectory is None else _take_trajectory(trajectory, columns),
        world_trace_view=None if trace is None else _take_trace(trace, columns),
    )


def _take_trajectory(trajectory: Trajectory, columns: slice) -> Trajectory:
    arrays = {name: None if value is None else value[:, columns] for name, value in _arrays(trajectory).items()}
    observations, final = trajectory.observations, trajectory.final_observation
    if observations is not None:
        width = len(range(*columns.indices(observations.shape[1])))
        observations = Observations(
            shape=(observations.shape[0], width, *observations.shape[2:]),
            dtype=observations.dtype,
            materialise=lambda source=observations: source.array()[:, columns],
        )
    return replace(
        trajectory,
        **arrays,
        observations=observations,
        final_observation=None if final is None else final[columns],
    )


def _take_trace(trace: WorldTrace, columns: slice) -> WorldTrace:
    kept = np.arange(trace.worlds)[columns]
    number = np.full(trace.worlds, -1, dtype=np.int32)
    number[kept] = np.arange(len(kept), dtype=np.int32)
    rows = number[trace.world] >= 0
    return replace(
        trace,
        time=trace.time[rows],
        world=number[trace.world[rows]],
        place=trace.place[rows],
        before=trace.before[rows],
        after=trace.after[rows],
        worlds=len(kept),
        scene=None if trace.scene is None else _take_scene(trace.scene, columns),
    )


def _take_scene(scene: Scene, columns: slice) -> Scene:
    origin = scene.origin[columns]
    return Scene(
        shape=(len(origin), *scene.shape[1:]),
        materialise=lambda: scene.kind[columns],
        origin=origin,
        up=scene.up,
    )


def join_columns(several: Sequence[Views]) -> Views:
    """Worlds side by side; the model view is dropped where there are several models to choose from."""
    trajectories = [views.trajectory_view for views in several if views.trajectory_view is not None]
    traces = [views.world_trace_view for views in several if views.world_trace_view is not None]
    return Views(
        trajectory_view=_join_trajectories(trajectories) if trajectories else None,
        world_trace_view=_join_traces(traces) if traces else None,
        model_view=several[0].model_view,
    )


def _join_trajectories(items: Sequence[Trajectory]) -> Trajectory:
    steps = max(item.action.shape[0] for item in items)
    joined: dict[str, Array | None] = {}
    for name in _arrays(items[0]):
        columns = [getattr(item, name) for item in items]
        known = [column for column in columns if column is not None]
        joined[name] = np.concatenate([_pad(c, steps) for c in known], axis=1) if len(known) == len(columns) else None
    observations = [item.observations for item in items if item.observations is not None]
    lazy = None
    if len(observations) == len(items):
        width = sum(item.shape[1] for item in observations)
        lazy = Observations(
            shape=(steps, width, *observations[0].shape[2:]),
            dtype=observations[0].dtype,
            materialise=lambda: np.concatenate([_pad(item.array(), steps) for item in observations], axis=1),
        )
    finals = [item.final_observation for item in items if item.final_observation is not None]
    final = np.concatenate(finals, axis=0) if len(finals) == len(items) else None
    return replace(items[0], **joined, observations=lazy, final_observation=final)


def _join_traces(items: Sequence[WorldTrace]) -> WorldTrace:
    offsets = np.cumsum([0, *(item.worlds for item in items)]).astype(np.int32)
    return replace(
        items[0],
        time=np.concatenate([item.time for item in items]),
        world=np.concatenate([item.world + offset for item, offset in zip(items, offsets, strict=False)]),
        place=np.concatenate([item.place for item in items]),
        before=np.concatenate([item.before for item in items]),
        after=np.concatenate([item.after for item in items]),
        worlds=int(offsets[-1]),
        scene=_join_scenes([item.scene for item in items if item.scene is not None], len(items)),
    )


def _join_scenes(scenes: Sequence[Scene], traces: int) -> Scene | None:
    """One scene of all columns; None unless all traces have one, of the same extent."""
    alike = len({(scene.shape[1:], scene.up) for scene in scenes}) == 1
    if len(scenes) < traces or not alike:
        return None
    return Scene(
        shape=(sum(scene.shape[0] for scene in scenes), *scenes[0].shape[1:]),
        materialise=lambda: np.concatenate([scene.kind for scene in scenes]),
        origin=np.concatenate([scene.origin for scene in scenes]),
        up=scenes[0].up,
    )


def _pad(array: Array, steps: int) -> Array:
    missing = steps - array.shape[0]
    return np.concatenate([array, np.zeros((missing, *array.shape[1:]), dtype=array.dtype)]) if missing else array


def _arrays(trajectory: Trajectory) -> dict[str, Any]:
    return {
        item.name: getattr(trajectory, item.name)
        for item in fields(trajectory)
        if item.name not in ("observations", "final_observation")
    }
