"""Start a run folder, or open one that was stopped: plan and hash of the rules are written before anything else."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from corrigible.errors import BadInput
from corrigible.stages.device import check_device
from corrigible.stages.overseen import TRIPWIRE
from corrigible.stages.plan import Plan, all_conditions, make_plan
from corrigible.stages.provenance import sitting
from corrigible.store import Manifest, RunFolder, create, new_run_id, open_for_resume, open_to_read
from corrigible.tripwires.arming import Documents
from corrigible.types import rules_hash


class _Asked(BaseModel):
    """What a manifest's config must say for its plan to be rebuilt; a folder from elsewhere may say anything."""

    model_config = ConfigDict(strict=True)
    experiment: str
    version: int
    preset: str
    seeds: list[int]
    conditions: list[str]
    device: str


def start(plan: Plan, out: Path, tripwire: Documents | None = None) -> RunFolder:
    """A new run folder whose manifest holds the plan and the hash of the rules, written before anything is learned.

    tripwire: under which every cell trains, also when it is resumed.
    """
    config: dict[str, Any] = {
        "experiment": plan.experiment.name,
        "version": plan.experiment.version,
        "preset": plan.preset,
        "seeds": list(plan.seeds),
        "conditions": [condition.name for condition in plan.conditions],
        "all_conditions": [condition.name for condition in all_conditions(plan.experiment)],
        "device": plan.device,
        "rules": [asdict(rule) for rule in plan.experiment.rules],
    }
    if tripwire is not None:
        config[TRIPWIRE] = {"document": tripwire.text, "owners": tripwire.register}
    return create(
        out,
        run_id=new_run_id(plan.experiment.name),
        config=config,
        rules_sha256=rules_hash(plan.experiment.rules),
        sitting=sitting(plan.device),
    )


def refuse_with_resume(settings: Mapping[str, object]) -> None:
    """BadInput where a setting is given beside `resume`: a run goes on as it was begun."""
    for name, value in settings.items():
        if value is not None:
            raise BadInput(
                value=f"{name} = {value}",
                rule="a run is resumed with the settings that it was begun with",
                remedy=f"leave --{name} out, or start a new run",
            )


def reopen(path: Path, name: str | None) -> tuple[Plan, RunFolder]:
    """The plan and folder of a stopped run; cells whose checksum fails are set aside and computed again.

    Raises:
        BadInput: the run is of another experiment, of other rules or another version, or its device is not here.
            Nothing was written then.
    """
    stored = open_to_read(path)
    plan = plan_of(stored)
    if name not in (None, plan.experiment.name):
        raise BadInput(
            value=f"name {name!r}",
            rule=f"the run at {path} is of {plan.experiment.name!r}",
            remedy="leave the name out when resuming",
        )
    plan = replace(plan, device=check_device(_asked(stored.manifest()).device))
    folder = open_for_resume(path, sitting=sitting(plan.device))
    try:
        for condition, seed in folder.verify_cells():
            folder.quarantine(condition, seed)
    except BaseException:
        folder.close()
        raise
    return plan, folder


def plan_of(folder: RunFolder) -> Plan:
    """Rebuild the plan from a manifest, for the CPU; BadInput where the experiment has changed since."""
    manifest = folder.manifest()
    asked = _asked(manifest)
    plan = make_plan(asked.experiment, preset=asked.preset, seeds=asked.seeds, conditions=asked.conditions)
    experiment = plan.experiment
    if (experiment.version, rules_hash(experiment.rules)) != (asked.version, manifest.rules_sha256):
        raise BadInput(
            value=f"run {manifest.id} of {experiment.name} version {asked.version}",
            rule=f"version {experiment.version} is installed, with other rules or another behaviour",
            remedy="start a new run, or install the version that began this one",
        )
    return plan


def _asked(manifest: Manifest) -> _Asked:
    try:
        return _Asked.model_validate(manifest.config)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(
            value=f"config of run {manifest.id}: {'.'.join(map(str, first['loc']))}",
            rule=first["msg"],
            remedy="do not use this run folder, or restore its manifest",
        ) from error
