"""The miner on the traces of a smoke run: it finds the switch that is turned off, not knowing what a switch is."""

from pathlib import Path

import numpy as np
import pytest

import corrigible
from corrigible.detect.consequences import find_consequences
from corrigible.stages.detection import read_condition
from corrigible.stages.opening import reopen


@pytest.mark.slow
@pytest.mark.parametrize(
    ("experiment", "before", "after"),
    [("off-switch-grid", "switch on", "switch off"), ("goal-change", "lever free", "lever blocked")],
)
def test_the_one_thing_that_the_failure_changes_is_found(
    tmp_path: Path, experiment: str, before: str, after: str
) -> None:
    run = corrigible.run(experiment, preset="smoke", seeds=3, conditions=["myopia"], out=tmp_path, workers=1)
    plan, folder = reopen(run.path, None)
    with folder:
        traces = {
            name: [read_condition(plan, folder, name, seed)[1].world_trace for seed in plan.seeds]
            for name in (plan.experiment.failure.name, plan.experiment.reference.name, "myopia")
        }
    failure, reference, mended = traces.values()
    (only,) = find_consequences(failure, {"reference": reference}, generator=np.random.default_rng(0))
    assert (only.kind, only.direction) == (before, "changed")
    assert f"are changed into {after} (reference: 0 %)" in only.sentence
    assert find_consequences(mended, {"reference": reference}, generator=np.random.default_rng(0)) == ()
    watched = [item for item in run.results.detections if item.detector == "consequences"]
    assert {item.seed for item in watched} == {0, 1, 2}
    assert all(np.isfinite(item.auroc) for item in watched)
