"""What agents change in the world or leave, and what language models say, that nobody asked about.

Mined from WorldTraces and from responses alone, against the reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from corrigible.detect.consequences import Consequence, find_consequences
from corrigible.detect.text_consequences import TextConsequence, find_text_consequences
from corrigible.errors import BadInput
from corrigible.seeding import stream
from corrigible.stages.detection import read_condition
from corrigible.stages.plan import Plan
from corrigible.store import RunFolder
from corrigible.types import WorldTrace

LANGUAGE: Final = "language"
SHOWN: Final = 12
"""Consequences of one condition that are kept, most telling first."""


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What was found of one condition; `found` is how many there were before the least telling were left out."""

    condition: str
    against: str
    consequences: tuple[Consequence | TextConsequence, ...]
    found: int
    note: str = ""


def search(plan: Plan, run: RunFolder) -> tuple[Searched, ...]:
    """Consequences of the failure, of every remedy and of the variants that the experiment names, over all seeds."""
    experiment = plan.experiment
    run_names = [item.name for item in plan.conditions]
    wanted = [
        item.name for item in plan.conditions if item.role in ("failure", "remedy") or item.name in experiment.searched
    ]
    if experiment.reference.name not in run_names:
        return ()
    beside = [name for name in experiment.beside if name in run_names]
    if experiment.sandbox.kind == LANGUAGE:
        said = {name: _responses(plan, run, name) for name in (experiment.reference.name, *beside)}
        return tuple(_search_texts(plan, run, name, said) for name in wanted)
    if read_condition(plan, run, experiment.reference.name, plan.seeds[0])[1].world_trace_view is None:
        return ()  # there is no world that could be changed
    references = {name: _traces(plan, run, name) for name in (experiment.reference.name, *beside)}
    if any(trace.scene is None for traces in references.values() for trace in traces):
        return ()
    return tuple(_search(plan, run, name, references) for name in wanted)


def _search(plan: Plan, run: RunFolder, name: str, references: dict[str, list[WorldTrace]]) -> Searched:
    against = plan.experiment.reference.name
    try:
        found = find_consequences(
            _traces(plan, run, name),
            {key: traces for key, traces in references.items() if key != name},
            generator=stream(0, plan.experiment.name, "consequences", name),
            against=against,
        )
    except BadInput as refused:
        return Searched(condition=name, against=against, consequences=(), found=0, note=str(refused))
    return Searched(condition=name, against=against, consequences=found[:SHOWN], found=len(found))


def _search_texts(plan: Plan, run: RunFolder, name: str, said: dict[str, list[tuple[str, ...]]]) -> Searched:
    """The same for what a language model says; clusters are of the untuned model's own states."""
    from corrigible.language.embedding_distance import embed
    from corrigible.language.rewards import shared_model

    against = plan.experiment.reference.name
    world = read_condition(plan, run, name, plan.seeds[0])[0].world
    try:
        found = find_text_consequences(
            _responses(plan, run, name),
            said,
            generator=stream(0, plan.experiment.name, "consequences", name),
            prompts=len(world.as_asked().prompts),
            embed=lambda texts: embed(shared_model(world.model), tuple(texts)),
        )
    except BadInput as refused:
        return Searched(condition=name, against=against, consequences=(), found=0, note=str(refused))
    return Searched(condition=name, against=against, consequences=found[:SHOWN], found=len(found))


def _responses(plan: Plan, run: RunFolder, name: str) -> list[tuple[str, ...]]:
    """What was said at the last checkpoint, seed by seed."""
    from corrigible.language.sandbox import SpokenObservations

    found: list[tuple[str, ...]] = []
    for seed in plan.seeds:
        observations = read_condition(plan, run, name, seed)[1].trajectory.observations
        if not isinstance(observations, SpokenObservations):
            raise TypeError("responses of a language world say what was said")
        found.append(observations.texts.responses)
    return found


def _traces(plan: Plan, run: RunFolder, name: str) -> list[WorldTrace]:
    return [read_condition(plan, run, name, seed)[1].world_trace for seed in plan.seeds]


def sentences_of(searched: Sequence[Searched], condition: str) -> tuple[str, ...]:
    """What was found of a condition, in words."""
    return tuple(item.sentence for one in searched if one.condition == condition for item in one.consequences)
