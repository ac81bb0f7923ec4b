"""Records of disclosure and bundles survive a kill at any instant: whole or not there, and nothing is lost."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("killed_records.py")


@pytest.mark.parametrize("what", ["disclosures", "bundles"])
def test_killed_at_every_touch_of_the_file_system(what: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), what, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 5, "it was killed in the middle of writing, and not only before or after"
