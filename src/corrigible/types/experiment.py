"""An experiment: what is paid, what was meant, a learner, named conditions, a prediction, rules of its verdict."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np

from corrigible.errors import CorrigibleError
from corrigible.types.evidence import Finding, Metric, PresetName, Proof, Rule
from corrigible.types.trajectory import Array, ModelView, Rollout, Trajectory, Views

World = TypeVar("World")
Settings = TypeVar("Settings")

Role: TypeAlias = Literal["reference", "failure", "remedy", "variant"]
"""reference: equal competence without the failure; failure: the subject; variant: other circumstances."""

Stage: TypeAlias = Literal["reward", "train", "checkpoint", "inference", "world"]
"""Where a remedy acts; a contract test holds that it changes nothing else."""

Device: TypeAlias = Literal["cpu", "cuda"]
"""Where networks run. A tabular learner has none and ignores it."""

STAGES: tuple[Stage, ...] = ("reward", "train", "checkpoint", "inference", "world")

Override: TypeAlias = str | int | float | bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Events:
    """What happened, batch-first: named bool arrays (N,), and a float amount (N,) for those that carry one."""

    happened: Mapping[str, Array]
    amount: Array

    def __getitem__(self, name: str) -> Array:
        """Bool array (N,) of the event; a name that the world does not know raises KeyError."""
        return self.happened[name]


RewardFunction: TypeAlias = Callable[[Any], Array]
"""What happened -> float array. Plain Python; used alike for what is paid and for what was meant.

Of tabular worlds and games: Events (N,) -> (N,); of voxel worlds: VoxelEvents (N, A) -> (N, A).
"""


Overseer: TypeAlias = Callable[[int, Mapping[str, float]], bool]
"""Is told, at a step of training, what was measured there by name; True: save yourself, and stop."""


@dataclass(frozen=True, kw_only=True)
class Setup(Generic[World, Settings]):
    """All that a cell is made of. `truth` is None in the copy that learners and non-oracle remedies get.

    device: where learner and sandbox run their networks. workspace: a folder of the cell's own for what a learner keeps
    between kills, and for its curves. seed: the cell's, for learners that look up what was stored by seed; randomness
    comes from generators alone. overseer: of a training under a tripwire. The main path sets them, after `build`.
    """

    world: World
    paid: RewardFunction
    settings: Settings
    truth: RewardFunction | None = None
    device: Device = "cpu"
    workspace: Path | None = None
    seed: int | None = None
    overseer: Overseer | None = None

    def meant(self) -> RewardFunction:
        """The truth, for who evaluates. Raises CorrigibleError where it is None."""
        if self.truth is None:
            raise CorrigibleError(
                value="setup.truth is None",
                rule="evaluation needs what was meant",
                remedy="pass the evaluator's setup, not the learner's",
            )
        return self.truth


@dataclass(frozen=True, kw_only=True, eq=False)
class Checkpoint:
    """Learned arrays after `step` environment steps."""

    step: int
    parameters: Mapping[str, Array]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One way of running the experiment.

    overrides: arguments of the experiment's `build`. remedy: name of a registered remedy that is applied on top.
    of: the condition that this one is compared with ("" = the experiment's failure).
    """

    name: str
    role: Role
    summary: str
    overrides: Mapping[str, Override] = field(default_factory=dict[str, Override])
    remedy: str | None = None
    of: str = ""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a preset spends: seeds, and named whole numbers that `build` reads (steps, episodes, ...).

    conditions: those that the preset runs where nobody names any, besides failure and reference; None: all.
    """

    seeds: int
    episodes: int
    numbers: Mapping[str, int] = field(default_factory=dict[str, int])
    conditions: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Competence:
    """The task that every condition must still do: `metric` of the reference must reach `least`."""

    metric: str
    least: float


class Sandbox(Protocol[World, Settings]):
    """A kind of world: it rolls out a model, replays what was stored and draws it."""

    @property
    def kind(self) -> str:
        """Name that remedies and lenses declare in `applies_to`."""
        ...

    def rollout(
        self, setup: Setup[World, Settings], checkpoint: Checkpoint, *, episodes: int, generator: np.random.Generator
    ) -> Rollout:
        """Evaluation episodes of the policy in `checkpoint`; `setup.truth` must be given."""
        ...

    def model(self, setup: Setup[World, Settings], checkpoint: Checkpoint) -> ModelView:
        """The checkpoint as something that answers observations."""
        ...

    def restore(self, setup: Setup[World, Settings], arrays: Mapping[str, Array]) -> Views:
        """Views out of what `dump` stored; observations are replayed when asked for."""
        ...

    def dump(self, rollout: Rollout) -> Mapping[str, Array]:
        """The arrays of the views that are worth storing (no truth, no observations)."""
        ...

    def picture(self, setup: Setup[World, Settings], trajectory: Trajectory, world: int) -> "Replay":
        """A short replay of one episode for the report."""
        ...


@runtime_checkable
class GoesOn(Protocol[World, Settings]):
    """A sandbox that can also put a model into the midst of stored episodes; it is asked without a truth."""

    def go_on(
        self,
        setup: Setup[World, Settings],
        checkpoint: Checkpoint,
        arrays: Mapping[str, Array],
        *,
        columns: Array,
        steps: Array,
        generator: np.random.Generator,
    ) -> Views:
        """B episodes: the first `steps` (B,) int64 of the stored `columns` (B,), as `dump` gave them, then the model's.

        log_prob is what the model gives to every action, those of the prefix included; rewards mean nothing.
        Raises CorrigibleError where the prefix or the checkpoint does not fit the setup.
        """
        ...


Fails: TypeAlias = Callable[[Views, Array], Array]
"""Views, first (B,) -> (B,) int64: after how many steps a column has failed, by its steps from `first` on alone; -1
where they do not. A sign that shows in the views: what was meant is not asked.
"""


class Learner(Protocol[World, Settings]):
    """Trains on what is paid; the setup it gets carries no truth."""

    def __call__(self, setup: Setup[World, Settings], *, generator: np.random.Generator) -> Iterable[Checkpoint]:
        """Yield checkpoints in order of step; the last is the trained model."""
        ...


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Frames for the report: each an SVG fragment inside one view box, without scripts. seconds: time per frame."""

    width: int
    height: int
    frames: tuple[str, ...]
    captions: tuple[str, ...]
    seconds: float = 0.4


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A picture made from an exact solution or from rows: SVG text without scripts, and what it shows."""

    title: str
    caption: str
    svg: str


CheckpointValues: TypeAlias = Mapping[str, Mapping[str, Sequence[Sequence[float]]]]
"""metric -> condition -> a row a seed -> its value at each checkpoint, in order of step."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Experiment:
    """A failure that can be run: everything the main path needs, and nothing that is scripted to happen.

    figures: pictures made of each metric's value a seed, by condition; curve_figures: of its values along training.
    searched: variants whose unasked consequences are looked for, besides the failure and remedies. beside: conditions
    whose rates are shown beside the reference's there. needs: packaged models that must be here before it is run.
    fails: how the failure shows in views, for prefix sensitivity; None leaves that out. prefixes: steps of prefixes, 0
    among them; () takes the usual ones. A budget's `prefix_known` and `prefix_copies` say of how many, how often.
    """

    name: str
    version: int
    title: str
    failure_mode: str
    claims: tuple[int, ...]
    paid: str
    meant: str
    prediction: str
    sandbox: Sandbox[Any, Any]
    learner: Learner[Any, Any]
    build: Callable[[Mapping[str, Override], Budget], Setup[Any, Any]]
    measure: Callable[[Rollout], Mapping[str, float]]
    metrics: tuple[Metric, ...]
    headline: str
    conditions: tuple[Condition, ...]
    competence: Competence
    rules: tuple[Rule, ...]
    budgets: Mapping[PresetName, Budget]
    detectors: tuple[str, ...] | None = None
    lenses: tuple[str, ...] | None = None
    mitigations: tuple[str, ...] | None = None
    proofs: tuple[Proof, ...] = ()
    figures: Callable[[Mapping[str, Mapping[str, Sequence[float]]]], Iterable[Figure]] | None = None
    curve_figures: Callable[[CheckpointValues], Iterable[Figure]] | None = None
    searched: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    fails: Fails | None = None
    prefixes: tuple[int, ...] = ()

    @property
    def failure(self) -> Condition:
        """The condition that shows the failure."""
        return next(item for item in self.conditions if item.role == "failure")

    @property
    def reference(self) -> Condition:
        """The condition of equal competence without the failure."""
        return next(item for item in self.conditions if item.role == "reference")

    def metric(self, name: str) -> Metric:
        """The metric of that name; raises StopIteration where there is none."""
        return next(item for item in self.metrics if item.name == name)


Score: TypeAlias = Callable[[Views], Array]
"""Views -> (episodes,) float64, larger is more suspicious, in the order of `Trajectory.episodes()`."""

Detector: TypeAlias = Callable[[Views], Score]
"""Fit on views of the reference; the result scores any views of the same kind."""

Remedy: TypeAlias = Callable[[Any], Any]
"""Stages reward, train, world: Setup -> Setup. checkpoint: CheckpointHistory -> index. inference: Setup -> wrapper."""

Lens: TypeAlias = Callable[["Specimen"], Iterable[Finding]]
"""Looks into one trained cell; every finding carries the intervention that backs it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CheckpointHistory:
    """What a checkpoint remedy chooses from: the failure's own checkpoints, how each behaved, and the reference.

    other_references: how references of the run's other seeds behave, in order of seed.
    """

    checkpoints: tuple[Checkpoint, ...]
    views: tuple[Views, ...]
    reference: Views
    other_references: tuple[Views, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Specimen:
    """What a lens examines: one trained cell, the reference of the same seed, and ways to run it again after a change.

    rollout_again(setup, checkpoint) forks the evaluation (same seed, same world randomness) and returns its metrics;
    train_again(setup) repeats the training (same seed) and returns the last checkpoint. Both leave the run untouched.
    """

    condition: str
    seed: int
    headline: Metric
    setup: Setup[Any, Any]
    checkpoint: Checkpoint
    reference_checkpoint: Checkpoint | None
    rollout_again: Callable[[Setup[Any, Any], Checkpoint], Mapping[str, float]]
    train_again: Callable[[Setup[Any, Any]], Checkpoint]

    def finding(
        self, lens: str, sentence: str, intervention: str, change: tuple[float, float], *, unit: str | None = None
    ) -> Finding:
        """A finding about this cell. change: from which number to which. unit: the headline's, unless one is given."""
        return Finding(
            lens=lens,
            sentence=sentence,
            intervention=intervention,
            condition=self.condition,
            seed=self.seed,
            before=change[0],
            after=change[1],
            unit=self.headline.unit if unit is None else unit,
        )
