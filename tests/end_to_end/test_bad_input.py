"""Bad input through the real command: exit code 2, one line, the same as JSON, and nothing written."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import corrigible
from corrigible.store import open_for_resume, open_to_read

pytestmark = pytest.mark.slow

HUNT = ("game", "stag-hunt", "--n", "5", "--m", "3", "--r", "0.5")
SWITCH = ("game", "off-switch", "--mu", "0.1", "--sigma", "1")
RUN = ("run", "goal-change", "--preset", "smoke")


def told(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`corrigible ARGUMENTS` with `folder` as the working folder."""
    source = str(Path(corrigible.__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-m", "corrigible", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
    )


def everything(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.lstat().st_mtime_ns for path in folder.rglob("*")}


def assert_refused(folder: Path, *arguments: str, words: str) -> None:
    """Refused in one line, which JSON repeats on standard output, and nothing below `folder` was touched."""
    before = everything(folder)
    done = told(folder, *arguments, "--json")
    assert done.returncode == 2, done
    (line,) = done.stderr.splitlines()
    assert line.startswith("corrigible: ")
    assert words in line
    (printed,) = done.stdout.splitlines()
    said = json.loads(printed)
    assert (said["exit_code"], f"corrigible: {said['error']}") == (2, line)
    assert everything(folder) == before


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    return corrigible.run("goal-change", preset="smoke", seeds=1, conditions=["myopia"], workers=1, out=out).path


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("game", "off-switch", "--values", "-1", "1", "--probabilities", "-0.1", "1.1"), "-0.1"),
        (("game", "off-switch", "--values", "-1", "1", "--probabilities", "0.5", "1.5"), "1.5"),
        ((*SWITCH[:-1], "0"), "sigma"),
        ((*SWITCH[:-1], "-1"), "sigma"),
        ((*SWITCH[:-1], "nan"), "sigma"),
        ((*SWITCH, "--beta", "0"), "beta"),
        ((*HUNT[:5], "6", *HUNT[6:]), "m = 6"),
        ((*HUNT[:5], "0", *HUNT[6:]), "m = 0"),
        (("game", "groups", "--n", "4", "--m", "5", "--enhancement", "2"), "M = 5"),
        (("run", "off-swich-grid"), "off-switch-grid"),
        (("run", ""), "needs a name"),
        ((*RUN, "--seeds", "0"), "seeds = 0"),
        ((*RUN, "--seeds", "-1"), "seeds = -1"),
        ((*RUN, "--seeds", "1.5"), "--seeds"),
        ((*RUN, "--seeds", "2", "--seed-list", "1"), "--seed-list"),
        ((*RUN, "--out", "/proc/runs"), "--out"),
        ((*RUN, "--out", "file/runs"), "--out"),
        (("clean", "--out", "file"), "--out"),
        (("clean", "--remove", "nothing"), "nothing"),
        (("report", "nothing"), "nothing is no run folder"),
        (("compare", "nothing", "nothing"), "nothing is no run folder"),
        (("run", "--resume", "nothing"), "nothing is no run folder"),
        (("evidence", "--root", "nowhere", "--write"), "nowhere"),
        (("evidence", "--add", "nothing"), "nothing is no run folder"),
        (("detect", "nothing", "--reference", "nothing"), "nothing"),
        (("completion", "fish"), "fish"),
        (("no-such-command",), "no-such-command"),
    ],
)
def test_bad_arguments_are_refused(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert_refused(tmp_path, *arguments, words=words)


def test_an_unfinished_run_has_no_report_no_comparison_and_is_no_evidence(copied: Path) -> None:
    with open_for_resume(copied, sitting={}) as folder:
        folder.finish("interrupted")
    for command in (("report", "run"), ("compare", "run", "run"), ("evidence", "--add", "run")):
        assert_refused(copied.parent, *command, words=f"--resume {copied}")


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "figures/../../../secret"])
def test_a_run_from_elsewhere_with_a_path_traversal_is_refused(copied: Path, path: str) -> None:
    manifest = open_to_read(copied).manifest()
    forged = replace(manifest, artefacts={**manifest.artefacts, path: "0" * 64}).to_json()
    (copied / "manifest.json").write_bytes(forged)
    for command in (("report", "run"), ("run", "--resume", "run")):
        assert_refused(copied.parent, *command, words="inside its run folder")


@pytest.mark.parametrize("name", ["report.html", "results.json", "manifest.json", "cells/myopia/0/row.json"])
def test_a_run_from_elsewhere_with_a_symlink_is_refused(copied: Path, name: str) -> None:
    (copied / name).rename(copied.parent / "target")
    (copied / name).symlink_to(copied.parent / "target")
    for command in (("report", "run"), ("run", "--resume", "run")):
        assert_refused(copied.parent, *command, words="symlink")


def test_a_full_disk_is_a_fault_that_says_what_to_do(copied: Path) -> None:
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from corrigible.cli import main\n"
        "from corrigible.stages import evidence_rows\n"
        "evidence_rows._clean_commit = lambda origin, what: '0' * 40\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "sys.exit(main(['evidence', '--root', '.', '--add', 'run']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=copied.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done
    (line,) = done.stderr.splitlines()
    assert "disk full" in line
    assert "--resume" not in line, "there is no run to resume"
    assert "`corrigible evidence --root . --add run`" in line
    assert not list(copied.parent.glob("docs/**/*.jsonl"))
