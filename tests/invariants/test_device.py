"""`--device` reaches learner and sandbox, also in workers and when a run is resumed; tabular ones ignore it."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from corrigible.errors import BadInput
from corrigible.registry import load_experiment
from corrigible.stages import plan as planning
from corrigible.stages.cells import remedied_setup, setup_of, train_cell
from corrigible.stages.plan import condition_of, make_plan
from corrigible.types import Setup
from process_group import environment, stranger_installed

NEEDS_CUDA = """
    if setup.device != "cuda":
        raise RuntimeError(f"trained on {setup.device}")
"""
PRETENDED_TORCH = (
    '"""Pretends to find a CUDA device."""\n\n\nclass cuda:\n    is_available = staticmethod(lambda: True)\n'
)


def corrigible(*arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "corrigible", *arguments]
    return subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_strangers_learner_gets_the_device_in_parent_and_workers_and_on_resume(tmp_path: Path) -> None:
    packages = stranger_installed(tmp_path / "packages", NEEDS_CUDA)
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(PRETENDED_TORCH, encoding="utf-8")
    here, elsewhere = environment(packages, tmp_path), environment(packages)
    run = ["run", "stranger", "--preset", "smoke", "--seeds", "1", "--conditions", "myopia", "--workers", "2"]
    refused = corrigible(*run, "--out", str(tmp_path / "cpu"), env=here)
    assert refused.returncode == 1
    assert "trained on cpu" in refused.stderr
    done = corrigible(*run, "--out", str(tmp_path / "cuda"), "--device", "cuda", "--json", env=here)
    assert done.returncode == 0, done.stderr
    folder = Path(json.loads(done.stdout)["path"])
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert [item["device"] for item in manifest["sittings"]] == ["cuda"]
    for cell in folder.glob("cells/myopia/*"):
        cell.rename(tmp_path / f"taken-{cell.name}")
    assert corrigible("run", "--resume", str(folder), env=here).returncode == 0, "its own device is used again"
    assert corrigible("report", str(folder), env=elsewhere).returncode == 0, "its page needs no such device"
    without = corrigible("run", "--resume", str(folder), env=elsewhere)
    assert without.returncode == 2
    assert "PyTorch" in without.stderr


@pytest.fixture
def cuda_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "check_device", lambda device: device)


@pytest.mark.usefixtures("cuda_here")
def test_every_setup_of_a_plan_is_on_its_device(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan("goal-change", preset="smoke", device="cuda")
    seen: list[str] = []

    def learner(setup: Setup[Any, Any], **_named: Any) -> list[Any]:
        seen.append(setup.device)
        return []

    watched = replace(plan, experiment=replace(plan.experiment, learner=learner))
    for name in (plan.experiment.failure.name, plan.experiment.reference.name, "myopia", "goal-uncertainty"):
        condition = condition_of(plan.experiment, name)
        assert (setup_of(plan, condition).device, remedied_setup(plan, condition).device) == ("cuda", "cuda")
        train_cell(watched, condition, seed=0)
    assert seen == ["cuda"] * 4
    assert {cell.device for wave in plan.waves() for cell in wave} == {"cuda"}


def test_the_device_is_the_cpu_unless_asked_for_and_must_be_there() -> None:
    plan = make_plan("goal-change", preset="smoke")
    assert setup_of(plan, plan.experiment.failure).device == "cpu"
    with pytest.raises(BadInput, match="tpu"):
        make_plan("goal-change", preset="smoke", device="tpu")
    assert load_experiment("goal-change").build({}, plan.budget).device == "cpu"
