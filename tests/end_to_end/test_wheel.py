"""A wheel built from the checkout installs and runs outside of it, templates and all."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"


def ran(folder: Path, *command: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel; skipped where the build back end can neither be found nor fetched."""
    out = tmp_path_factory.mktemp("wheel")
    built = ran(out, sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", out, ROOT)
    if built.returncode and "hatchling" in built.stderr:
        pytest.skip("hatchling can be neither found nor fetched")
    assert built.returncode == 0, built.stderr
    (found,) = out.glob("corrigible-*.whl")
    return found


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = (path.relative_to(SOURCE) for path in (SOURCE / "corrigible").rglob("*") if path.is_file())
    assert held == {path.as_posix() for path in files if "__pycache__" not in path.parts}


@pytest.mark.slow
def test_the_installed_wheel_runs_an_experiment_to_its_report_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False, symlinks=os.name != "nt")
    python = tmp_path / "venv" / "bin" / "python"
    installed = ran(
        tmp_path,
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        wheel,
    )
    assert installed.returncode == 0, installed.stderr
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = tmp_path / "venv" / "bin" / "corrigible"
    where = ran(tmp_path, python, "-c", "import corrigible; print(corrigible.__file__)", env=env).stdout
    assert Path(where.strip()).is_relative_to(packages)
    listed = json.loads(ran(tmp_path, command, "list", "--json", env=env).stdout)
    assert listed["problems"] == []
    assert {"goal-change", "myopia"} <= {entry["name"] for entry in listed["entries"]}
    options = ("--preset", "smoke", "--seeds", "1", "--conditions", "myopia", "--json")
    done = ran(tmp_path, command, "run", "goal-change", *options, env=env)
    assert done.returncode == 0, done.stderr
    page = Path(json.loads(done.stdout)["report"]).read_text(encoding="utf-8")
    assert "<style>" in page
    assert "--ink" in page or "color-scheme" in page, "the style sheet is in it"
    refused = ran(tmp_path, command, "evidence", "--add", json.loads(done.stdout)["path"], env=env)
    assert refused.returncode == 2
    assert "uncommitted or unknown code" in refused.stderr, "an installed package names no commit"
