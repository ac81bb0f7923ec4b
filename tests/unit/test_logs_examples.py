"""The examples that docs/own-logs.md names: they run, are as short as promised, and write what can be read."""

import subprocess
import sys
from pathlib import Path

import pytest

from corrigible.logs import read_jsonl

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name: str, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_exporter_has_at_most_twenty_lines_and_writes_a_log_that_is_read(tmp_path: Path) -> None:
    assert len((EXAMPLES / "export_gymnasium_log.py").read_text().splitlines()) <= 20
    run("export_gymnasium_log.py", tmp_path, "log.jsonl")
    log = read_jsonl(tmp_path / "log.jsonl")
    assert len(log.episodes) == 60
    assert log.observation is not None
    assert log.observation.shape[1:] == (4,)
    assert (log.terminated | log.truncated).sum() == 60


@pytest.mark.slow
def test_the_example_tells_a_strange_policy_from_an_ordinary_one(tmp_path: Path) -> None:
    assert len((EXAMPLES / "detect_own_logs.py").read_text().splitlines()) <= 40
    ordinary, strange = run("detect_own_logs.py", tmp_path).strip().split("\n\n")

    def alarms(report: str) -> int:
        row = next(line for line in report.splitlines() if line.startswith("transition-surprise"))
        return int(row.split()[1])

    assert alarms(ordinary) <= 8
    assert alarms(strange) >= 20
