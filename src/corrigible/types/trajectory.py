"""What an agent did, what the world did, and what was meant: three records with three readerships.

A monitor of the model reads `Trajectory`; a monitor of the world reads `WorldTrace`; only the evaluator reads
`GroundTruth`. `Views` is what a detector is handed: the first two and the model, never the third.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import CorrigibleError

T = TypeVar("T")

Array: TypeAlias = NDArray[Any]
View: TypeAlias = Literal["trajectory", "world_trace", "model"]
"""trajectory: actions and what the model reported; world_trace: neutral changes of the world; model: its parameters."""

VIEWS: tuple[View, ...] = ("trajectory", "world_trace", "model")


class ForbiddenView(CorrigibleError):
    """A detector reached for a view that it had not declared."""


def _require_shape(owner: str, name: str, array: Array | None, shape: tuple[int, ...]) -> None:
    if array is not None and array.shape != shape:
        raise CorrigibleError(
            value=f"{owner}.{name} has shape {array.shape}",
            rule=f"every array of a {owner} has shape {shape}",
            remedy="pass time-major arrays (T, B)",
        )


def _any_agent(flags: Array) -> Array:
    """(T, B) or (T, B, N) bool -> (T, B) bool."""
    return np.asarray(flags.reshape(flags.shape[0], flags.shape[1], -1).any(axis=2))


@dataclass(frozen=True, kw_only=True, eq=False)
class Observations:
    """Observations that are computed when first asked for: actions and seed replay the world.

    `shape` and `dtype` are those of the array that `materialise` returns, (T, B, ...).
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    materialise: Callable[[], Array]
    _cache: list[Array] = field(default_factory=list[Array], repr=False)

    def array(self) -> Array:
        """The observations, shape `shape`; computed once, then kept."""
        if not self._cache:
            self._cache.append(self.materialise())
        return self._cache[0]


@dataclass(frozen=True, kw_only=True)
class Episode:
    """Steps `start` to `stop` (exclusive) of column `world`."""

    world: int
    start: int
    stop: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """What a monitor of the model sees. Arrays are (T, B), or (T, B, N) with N agents; None where unknown.

    action: what the policy chose (intended), integers. executed_action: what the world carried out.
    log_prob, reference_log_prob: natural log. value: the model's own estimate of discounted return.
    reward: what was paid. mask: bool, True where the step happened. terminated, truncated: bool, at the last step.
    """

    action: Array
    reward: Array
    mask: Array
    terminated: Array
    truncated: Array
    executed_action: Array | None = None
    log_prob: Array | None = None
    reference_log_prob: Array | None = None
    value: Array | None = None
    observations: Observations | None = None
    final_observation: Array | None = None

    def __post_init__(self) -> None:
        """Check that all arrays agree in shape (raises CorrigibleError)."""
        for item in fields(self):
            if item.name not in ("observations", "final_observation"):
                _require_shape("Trajectory", item.name, getattr(self, item.name), self.action.shape)

    @property
    def steps(self) -> int:
        """Number of steps that happened."""
        return int(self.mask.sum())

    def episodes(self) -> tuple[Episode, ...]:
        """Episodes in order of column, then time; an episode that is cut off by the end of the record counts."""
        mask, ended = _any_agent(self.mask).T, _any_agent(self.terminated | self.truncated).T
        parted = ended[:, :-1] | ~mask[:, :-1] | ~mask[:, 1:]
        edge = np.ones((len(mask), 1), dtype=np.bool_)
        worlds, starts = np.nonzero(mask & np.concatenate([edge, parted], axis=1))
        _, lasts = np.nonzero(mask & np.concatenate([parted, edge], axis=1))
        return tuple(
            Episode(world=world, start=start, stop=last + 1)
            for world, start, last in zip(worlds.tolist(), starts.tolist(), lasts.tolist(), strict=True)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """What stood where before the first change of each column; as neutral as the changes, and computed when asked for.

    shape: (B, *extent), one axis for each coordinate of a place. materialise: makes `kind`, of that shape.
    origin (B, D) float64: where the episode begins, in coordinates of places; the cell is its floor.
    up: which coordinate of a place is height, None in flat worlds.
    Raises CorrigibleError where origin or up do not fit the shape.
    """

    shape: tuple[int, ...]
    materialise: Callable[[], Array]
    origin: Array
    up: int | None = None
    _cache: list[Array] = field(default_factory=list[Array], repr=False)

    def __post_init__(self) -> None:
        """Check shapes (raises CorrigibleError)."""
        axes = len(self.shape) - 1
        _require_shape("Scene", "origin", self.origin, (self.shape[0], axes))
        if self.up is not None and not 0 <= self.up < axes:
            raise CorrigibleError(
                value=f"Scene.up = {self.up}",
                rule=f"places have {axes} coordinates",
                remedy="name one of them, or None",
            )

    @property
    def kind(self) -> Array:
        """int16 (B, *extent): indices into the trace's `kinds`; -1 where there is no such place. Computed once."""
        if not self._cache:
            found = self.materialise().astype(np.int16, copy=False)
            _require_shape("Scene", "kind", found, self.shape)
            self._cache.append(found)
        return self._cache[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class WorldTrace:
    """Neutral changes of the world, one row each: which node changed, when, from what to what.

    time, world: (N,) int32. place: (N, D) int16 coordinates. before, after: (N,) int16 indices into `kinds`.
    scene: what stood there at the beginning, None where nobody wrote it down.
    It holds no reward, no intent and nobody's name.
    """

    time: Array
    world: Array
    place: Array
    before: Array
    after: Array
    kinds: tuple[str, ...]
    worlds: int
    scene: Scene | None = None

    def __post_init__(self) -> None:
        """Check that all columns are equally long, and the scene has one column a world (raises CorrigibleError)."""
        for name in ("world", "before", "after"):
            _require_shape("WorldTrace", name, getattr(self, name), self.time.shape)
        if self.scene is not None and self.scene.shape[0] != self.worlds:
            raise CorrigibleError(
                value=f"a scene of {self.scene.shape[0]} columns",
                rule=f"it has one for each of the trace's {self.worlds} worlds",
                remedy="take or join scene and trace together",
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class GroundTruth:
    """What was meant: intended reward (T, B) float32 and named events (T, B) bool. The evaluator alone reads it."""

    intended_reward: Array
    events: Mapping[str, Array]


class ModelView(Protocol):
    """What may be asked of any model: its parameters, and its answers to observations."""

    @property
    def parameters(self) -> Mapping[str, Array]:
        """Learned arrays by name."""
        ...

    def action_probabilities(self, observations: Array) -> Array:
        """(N,) or (N, ...) observations -> (N, A) float64."""
        ...

    def value(self, observations: Array) -> Array:
        """(N,) or (N, ...) observations -> (N,) float64, the model's estimate of discounted return."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Views:
    """What a detector is handed: only what it declared is there, and GroundTruth has no place in it."""

    trajectory_view: Trajectory | None = None
    world_trace_view: WorldTrace | None = None
    model_view: ModelView | None = None

    @property
    def trajectory(self) -> Trajectory:
        """The trajectory; raises ForbiddenView where it was not declared or does not exist."""
        return self._given("trajectory", self.trajectory_view)

    @property
    def world_trace(self) -> WorldTrace:
        """The trace; raises ForbiddenView where it was not declared or does not exist."""
        return self._given("world_trace", self.world_trace_view)

    @property
    def model(self) -> ModelView:
        """The model; raises ForbiddenView where it was not declared or does not exist."""
        return self._given("model", self.model_view)

    def available(self) -> tuple[View, ...]:
        """Names of the views that are there."""
        return tuple(name for name in VIEWS if getattr(self, f"{name}_view") is not None)

    def only(self, reads: tuple[View, ...]) -> "Views":
        """A copy with nothing but the declared views."""
        hidden = {f"{name}_view": None for name in VIEWS if name not in reads}
        return replace(self, **hidden)

    @staticmethod
    def _given(name: str, view: T | None) -> T:
        if view is None:
            raise ForbiddenView(
                value=f"view {name!r}",
                rule="a detector reads only views that it declares and that the data holds",
                remedy=f"add {name!r} to reads=(...), or use data that holds it",
            )
        return view


@dataclass(frozen=True, kw_only=True, eq=False)
class Rollout:
    """One batch of evaluation episodes: the views, and the truth beside them."""

    views: Views
    truth: GroundTruth
