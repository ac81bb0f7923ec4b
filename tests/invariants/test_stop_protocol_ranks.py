"""Every rank of a distributed training stops at the same step, is refused with the others, and ends with rank 0."""

import subprocess
import sys
from pathlib import Path

import pytest

from corrigible.tripwires.agreement import distributed, largest, rank
from process_group import environment

SCRIPT = Path(__file__).with_name("ranks_of_a_training.py")


@pytest.mark.slow
def test_all_ranks_stop_at_one_step_are_refused_together_and_stop_without_rank_0(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(SCRIPT.parents[1]),
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    said = {
        path.relative_to(tmp_path).as_posix(): path.read_text(encoding="utf-8").splitlines()
        for path in tmp_path.glob("*/[01]")
    }
    first, second = said["tripped/0"], said["tripped/1"]
    assert (first[0], second[0]) == ("step 300 tripped True", "step 300 tripped False")
    assert first[1].startswith("it goes on once Ada (tester), in charge until")
    assert second[1] == "rank 0 was refused"
    assert said["killed/1"] == ["step 200 fault False"], "it is told, and nothing is raised"
    assert "killed/0" not in said


def test_without_torch_distributed_a_process_agrees_with_itself() -> None:
    assert (distributed(), rank(), largest(3)) == (None, 0, 3)
