"""Start a run folder, or open one that was stopped: plan and hash of the rules are written before anything else."""

from dataclasses import asdict
from pathlib import Path

from corrigible.errors import BadInput
from corrigible.stages.plan import Plan, all_conditions, make_plan
from corrigible.stages.provenance import provenance
from corrigible.store import RunFolder, create, new_run_id, open_for_resume
from corrigible.types import rules_hash


def start(plan: Plan, out: Path, device: str) -> RunFolder:
    """A new run folder whose manifest holds the plan and the hash of the rules, written before anything is learned."""
    config = {
        "experiment": plan.experiment.name,
        "version": plan.experiment.version,
        "preset": plan.preset,
        "seeds": list(plan.seeds),
        "conditions": [condition.name for condition in plan.conditions],
        "all_conditions": [condition.name for condition in all_conditions(plan.experiment)],
        "device": device,
        "rules": [asdict(rule) for rule in plan.experiment.rules],
    }
    return create(
        out,
        run_id=new_run_id(plan.experiment.name),
        config=config,
        rules_sha256=rules_hash(plan.experiment.rules),
        provenance=provenance(),
    )


def reopen(path: Path, name: str | None) -> tuple[Plan, RunFolder]:
    """The plan and folder of a stopped run; cells whose checksum fails are set aside and computed again."""
    folder = open_for_resume(path)
    try:
        plan = plan_of(folder)
        if name not in (None, plan.experiment.name):
            raise BadInput(
                value=f"name {name!r}",
                rule=f"the run at {path} is of {plan.experiment.name!r}",
                remedy="leave the name out when resuming",
            )
        for condition, seed in folder.verify_cells():
            folder.quarantine(condition, seed)
    except BaseException:
        folder.close()
        raise
    return plan, folder


def plan_of(folder: RunFolder) -> Plan:
    """Rebuild the plan from a manifest; BadInput where the experiment has changed since."""
    manifest = folder.manifest()
    config = manifest.config
    plan = make_plan(
        str(config["experiment"]), preset=config["preset"], seeds=config["seeds"], conditions=config["conditions"]
    )
    experiment = plan.experiment
    if (experiment.version, rules_hash(experiment.rules)) != (config["version"], manifest.rules_sha256):
        raise BadInput(
            value=f"run {manifest.id} of {experiment.name} version {config['version']}",
            rule=f"version {experiment.version} is installed, with other rules or another behaviour",
            remedy="start a new run, or install the version that began this one",
        )
    return plan
