"""Evidence files keep what later versions added, and never mix it with what older ones meant by the same word."""

import json
from pathlib import Path
from typing import Any

import pytest

import corrigible
from corrigible.errors import BadInput
from corrigible.stages import cells, provenance
from corrigible.stages.evidence_rows import add_run, collect, read_lines
from corrigible.stages.provenance import CodeState
from corrigible.stages.results import RESULTS_FILE, from_json
from corrigible.store import open_to_read
from corrigible.types import Detection

pytestmark = pytest.mark.slow  # for the run that they read


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> corrigible.Run:
    """Four seeds, the fewest that are calibrated by seed."""
    clean = CodeState(commit="0" * 40, dirty=False)
    with pytest.MonkeyPatch.context() as patch:  # the checkout that runs the tests may have changes
        for module in (cells, provenance):
            patch.setattr(module, "code_state", lambda: clean)
        out = tmp_path_factory.mktemp("runs")
        return corrigible.run("goal-change", preset="smoke", seeds=4, conditions=["myopia"], workers=1, out=out)


def detections(root: Path) -> dict[tuple[str, str, int], Detection]:
    found = collect(root, "goal-change", corrigible_version(), "smoke")
    assert found is not None
    return {(item.detector, item.condition, item.seed): item for item in found.detections}


def corrigible_version() -> int:
    from corrigible.registry import load_experiment

    return load_experiment("goal-change").version


def test_detections_come_back_as_they_were_with_their_calibration_seeds(
    finished: corrigible.Run, tmp_path: Path
) -> None:
    add_run(tmp_path, finished.path)
    expected = {(i.detector, i.condition, i.seed): i for i in finished.results.detections if i.answered}
    assert detections(tmp_path) == expected
    assert {len(item.calibration_seeds) for item in expected.values()} == {2}
    assert all(item.seed not in item.calibration_seeds for item in expected.values())


def test_detections_that_were_calibrated_by_episode_are_neither_folded_nor_kept(
    finished: corrigible.Run, tmp_path: Path
) -> None:
    file = add_run(tmp_path, finished.path).file
    old: list[dict[str, Any]] = [dict(row) for row in read_lines(file)]
    for row in old:
        row["schema"] = 1
        if row["kind"] == "detection":
            row["detection"] = {**row["detection"], "false_alarm_rate": 0.58}
            del row["detection"]["calibration_seeds"]
    file.write_text("".join(json.dumps(row) + "\n" for row in old), encoding="utf-8")
    assert detections(tmp_path) == {}
    again = add_run(tmp_path, finished.path)
    cells = sum(row["kind"] != "detection" for row in old)
    assert (again.added, again.kept) == (len(old) - cells, cells)
    assert all(item.false_alarm_rate != 0.58 for item in detections(tmp_path).values())


def test_results_come_back_as_they_were(finished: corrigible.Run) -> None:
    text = open_to_read(finished.path).read_artefact(RESULTS_FILE).decode()
    results = from_json(text, "results")
    assert results.remedies == finished.results.remedies
    assert results.remedies[0].gain.limit == "at least"
    assert results.remedies[0].competence.met
    assert [item.calibration_seeds for item in results.detections] == [
        item.calibration_seeds for item in finished.results.detections
    ]


def test_results_that_were_judged_otherwise_are_refused_with_the_way_to_judge_them_again(
    finished: corrigible.Run,
) -> None:
    document = json.loads(open_to_read(finished.path).read_artefact(RESULTS_FILE))
    document["results"]["schema"] = 1
    with pytest.raises(corrigible.errors.BadInput, match="--resume"):
        from_json(json.dumps(document), "results")
    document["results"]["schema"] = 99
    with pytest.raises(corrigible.errors.NewerSchema):
        from_json(json.dumps(document), "results")


def test_a_cell_that_came_out_otherwise_is_refused_unless_another_machine_made_it(
    finished: corrigible.Run, tmp_path: Path
) -> None:
    file = add_run(tmp_path, finished.path).file
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    cells = [line for line in lines if line["kind"] == "cell"]
    cells[0]["fingerprint"] = "0" * 64
    stored = "".join(json.dumps(line) + "\n" for line in lines[:-1])
    file.write_text(stored)
    with pytest.raises(BadInput, match="--another-machine"):
        add_run(tmp_path, finished.path)
    assert file.read_text() == stored, "nothing is written"
    again = add_run(tmp_path, finished.path, another_machine=True)
    assert (again.added, again.otherwise) == (1, 1)
    kept = next(line for line in read_lines(file) if line["kind"] == "cell" and line["fingerprint"] == "0" * 64)
    assert (kept["condition"], kept["seed"]) == (cells[0]["condition"], cells[0]["seed"])
    assert all("processor" in line for line in read_lines(file) if line["kind"] == "cell")
