"""What will be run: conditions (with every remedy that applies), seeds and cells, checked before a write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

from corrigible.errors import BadInput, NotApplicable
from corrigible.plugin import Declaration
from corrigible.registry import load_experiment, load_remedy, registry
from corrigible.stages.device import check_device
from corrigible.types import PRESETS, Budget, Condition, Device, Experiment, PresetName, Trajectory, Views

MAXIMUM_SEEDS: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The unit of work that crosses processes: names and numbers from which a worker rebuilds everything."""

    experiment: str
    version: int
    preset: PresetName
    condition: str
    seed: int
    device: Device = "cpu"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An experiment with its conditions, seeds, budget, and where its networks run."""

    experiment: Experiment
    preset: PresetName
    conditions: tuple[Condition, ...]
    seeds: tuple[int, ...]
    device: Device = "cpu"

    @property
    def budget(self) -> Budget:
        """What the preset spends."""
        return self.experiment.budgets[self.preset]

    def waves(self) -> tuple[tuple[Cell, ...], ...]:
        """Cells in order of dependence: remedies of stage checkpoint choose among the failure's own checkpoints."""
        late = {item.name for item in self.conditions if needs_history(item)}
        cells = [self._cell(condition, seed) for seed in self.seeds for condition in self.conditions]
        first = tuple(cell for cell in cells if cell.condition not in late)
        second = tuple(cell for cell in cells if cell.condition in late)
        return (first, second) if second else (first,)

    def _cell(self, condition: Condition, seed: int) -> Cell:
        return Cell(
            experiment=self.experiment.name,
            version=self.experiment.version,
            preset=self.preset,
            condition=condition.name,
            seed=seed,
            device=self.device,
        )


def make_plan(
    name: str,
    *,
    preset: str = "quick",
    seeds: int | Sequence[int] | None = None,
    conditions: Sequence[str] | None = None,
    device: str = "cpu",
) -> Plan:
    """Check every argument; BadInput names the value, the rule and the remedy. Nothing is written."""
    experiment = load_experiment(name)
    chosen_preset = _preset(preset)
    _require_models(experiment)
    every = all_conditions(experiment)
    wanted = experiment.budgets[chosen_preset].conditions if conditions is None else conditions
    chosen = every if wanted is None else _choose(every, wanted, experiment)
    numbers = _seeds(experiment.budgets[chosen_preset].seeds if seeds is None else seeds)
    return Plan(
        experiment=experiment, preset=chosen_preset, conditions=chosen, seeds=numbers, device=check_device(device)
    )


def _require_models(experiment: Experiment) -> None:
    """BadInput that names the command where a packaged model is not here yet; nothing is downloaded."""
    if experiment.needs:
        from corrigible.language.packaged import ready_folder

        for name in experiment.needs:
            ready_folder(name)


def all_conditions(experiment: Experiment) -> tuple[Condition, ...]:
    """The experiment's own conditions, then one for every registered remedy that applies and is not yet there.

    A remedy that declines the failure's setup is left out, also of the experiment's own conditions (`left_out`).
    """
    failure, declined = experiment.failure.name, left_out(experiment)
    own = {item.remedy for item in experiment.conditions if item.of in ("", failure) and item.name == item.remedy}
    added = [
        Condition(
            name=declaration.name,
            role="remedy",
            summary=declaration.summary,
            overrides=experiment.failure.overrides,
            remedy=declaration.name,
        )
        for declaration in (entry.declaration for entry in registry().of_kind("remedy"))
        if declaration.name not in own and _applies(declaration, experiment)
    ]
    return tuple(item for item in (*experiment.conditions, *added) if item.remedy not in declined)


def left_out(experiment: Experiment) -> Mapping[str, str]:
    """Remedy -> why it declined, for those that raise NotApplicable on the failure's setup; nothing is trained.

    Remedies of stage checkpoint are not asked: they see no setup.
    """
    setup = experiment.build(experiment.failure.overrides, next(iter(experiment.budgets.values())))
    found: dict[str, str] = {}
    for declaration in (entry.declaration for entry in registry().of_kind("remedy")):
        if declaration.stage == "checkpoint" or not _applies(declaration, experiment):
            continue
        try:
            load_remedy(declaration.name)(setup if declaration.uses_oracle else replace(setup, truth=None))
        except NotApplicable as reason:
            found[declaration.name] = str(reason)
    return found


def condition_of(experiment: Experiment, name: str) -> Condition:
    """The condition of that name, remedies included; BadInput where there is none."""
    return _choose(all_conditions(experiment), [name], experiment, keep_pair=False)[0]


def detectors_of(experiment: Experiment, views: Views) -> tuple[str, ...]:
    """Registered detectors that find in such views all that they read, or those of them that the experiment names."""
    available = views.available()
    lacking = {item.name for item in fields(Trajectory) if getattr(views.trajectory, item.name) is None}
    return tuple(
        entry.name
        for entry in registry().of_kind("detector")
        if (experiment.detectors is None or entry.name in experiment.detectors)
        and set(entry.declaration.reads) <= set(available)
        and not lacking & set(entry.declaration.needs)
    )


def lenses_of(experiment: Experiment) -> tuple[str, ...]:
    """Registered lenses for this kind of sandbox, or those that the experiment names."""
    return tuple(
        entry.name
        for entry in registry().of_kind("lens")
        if (experiment.lenses is None or entry.name in experiment.lenses)
        and experiment.sandbox.kind in entry.declaration.applies_to
    )


def needs_history(condition: Condition) -> bool:
    """True for remedies of stage checkpoint, which run after the failure and the reference."""
    declaration = remedy_declaration(condition)
    return declaration is not None and declaration.stage == "checkpoint"


def remedy_declaration(condition: Condition) -> Declaration | None:
    """What the condition's remedy declared, or None."""
    return registry().find("remedy", condition.remedy).declaration if condition.remedy else None


def with_conditions(plan: Plan, names: Sequence[str]) -> Plan:
    """The same plan restricted to conditions of those names, in the plan's order."""
    return replace(plan, conditions=tuple(item for item in plan.conditions if item.name in names))


def _applies(declaration: Declaration, experiment: Experiment) -> bool:
    wanted = experiment.mitigations
    return experiment.sandbox.kind in declaration.applies_to and (wanted is None or declaration.name in wanted)


def _preset(name: str) -> PresetName:
    for preset in PRESETS:
        if preset == name:
            return preset
    raise BadInput(value=f"preset {name!r}", rule="it must be known", remedy=f"choose one of {', '.join(PRESETS)}")


def _choose(
    every: Sequence[Condition], names: Sequence[str], experiment: Experiment, *, keep_pair: bool = True
) -> tuple[Condition, ...]:
    known = {condition.name for condition in every}
    for name in names:
        if name not in known:
            raise BadInput(
                value=f"condition {name!r}",
                rule=left_out(experiment).get(name, f"{experiment.name} must have it"),
                remedy=f"choose from {', '.join(sorted(known))}",
            )
    if not names:
        raise BadInput(
            value="no conditions", rule="at least one must be chosen", remedy="leave --conditions out for all"
        )
    wanted = set(names)
    if keep_pair:  # nothing can be judged without the failure and its reference
        wanted |= {experiment.failure.name, experiment.reference.name}
    return tuple(condition for condition in every if condition.name in wanted)


def _seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    if isinstance(seeds, int):
        if not 1 <= seeds <= MAXIMUM_SEEDS:
            raise BadInput(
                value=f"seeds = {seeds}", rule=f"there must be 1 to {MAXIMUM_SEEDS}", remedy="give a number such as 5"
            )
        return tuple(range(seeds))
    numbers = tuple(seeds)
    if not numbers or min(numbers) < 0 or len(set(numbers)) != len(numbers):
        raise BadInput(
            value=f"seeds = {list(numbers)}", rule="seeds are distinct numbers from 0 up", remedy="give such as 0 1 2"
        )
    return numbers
