"""A file dropped into a folder, or an entry point of another package, is listed, contract-tested and reported."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import corrigible

PACKAGE = Path(corrigible.__file__).parent
TESTS = Path(__file__).parents[1]

EXPERIMENT = '''"""A world in which pressing pays: a stranger's experiment."""

from dataclasses import replace

from corrigible.failures.goal_change import goal_change
from corrigible.plugin import experiment
from corrigible.types import Experiment


@experiment("stranger", version=3, claims=(4,), summary="An experiment that somebody else wrote.")
def stranger() -> Experiment:
    """The goal change under another name."""
    return replace(goal_change(), name="stranger", version=3, title="A <b>stranger</b>'s experiment")
'''

DETECTOR = '''"""Episodes in which much was paid: a stranger's detector."""

import numpy as np

from corrigible.plugin import detector
from corrigible.types import Score, Views


@detector("stranger-detector", reads=("trajectory",), summary="more reward than others got")
def stranger_detector(reference: Views) -> Score:
    """Suspicion is the reward of the episode, less the reference's mean."""
    mean = _sums(reference).mean()
    return lambda views: _sums(views) - mean


def _sums(views: Views):
    trajectory = views.trajectory
    return np.array([trajectory.reward[e.start : e.stop, e.world].sum() for e in trajectory.episodes()], dtype=float)
'''

REMEDY = '''"""Half the discount: a stranger's remedy."""

from dataclasses import replace

from corrigible.plugin import remedy
from corrigible.types import Setup


@remedy("stranger-remedy", stage="train", applies_to=("tabular",), summary="Half the discount.")
def stranger_remedy(setup: Setup) -> Setup:
    """A shorter view."""
    return replace(setup, settings=replace(setup.settings, discount=setup.settings.discount / 2))
'''

LENS = '''"""Runs the same again: a stranger's lens."""

from corrigible.plugin import lens
from corrigible.types import Finding


@lens("stranger-lens", applies_to=("tabular",), summary="Runs the same again and expects the same.")
def stranger_lens(specimen):
    """One finding."""
    value = specimen.rollout_again(specimen.setup, specimen.checkpoint)[specimen.headline.name]
    yield Finding(
        lens="stranger-lens", sentence="Running it again changes nothing, says the stranger.", intervention="none",
        condition=specimen.condition, seed=specimen.seed, before=value, after=value, unit=specimen.headline.unit,
    )
'''
FILES = {"failures": EXPERIMENT, "detect": DETECTOR, "mitigate": REMEDY, "explain": LENS}
NAMES = {"stranger", "stranger-detector", "stranger-remedy", "stranger-lens"}


def dropped_in(place: Path) -> Path:
    """A copy of the package with a new file in each plugin folder, and no other edit."""
    shutil.copytree(PACKAGE, place / "corrigible", ignore=shutil.ignore_patterns("__pycache__"))
    for folder, text in FILES.items():
        (place / "corrigible" / folder / f"stranger_{folder}.py").write_text(text, encoding="utf-8")
    return place


def installed(place: Path) -> Path:
    """Another distribution with an entry point, as an installer would lay it out."""
    package, information = place / "strange_package", place / "strange_package-1.0.dist-info"
    package.mkdir(parents=True)
    information.mkdir()
    (package / "__init__.py").write_text('raise RuntimeError("listing must not import me")\n', encoding="utf-8")
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: strange-package\nVersion: 1.0\n", encoding="utf-8"
    )
    (information / "entry_points.txt").write_text("[corrigible]\nstrange = strange_package\n", encoding="utf-8")
    for folder, text in FILES.items():
        (package / f"stranger_{folder}.py").write_text(text, encoding="utf-8")
    return place


def python(place: Path, *arguments: str) -> str:
    """Run Python with `place` first on its path; returns standard output."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(place)},
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def listed(place: Path) -> dict[str, str]:
    found = json.loads(python(place, "-m", "corrigible", "list", "--json"))
    assert found["problems"] == []
    return {entry["name"]: entry["origin"] for entry in found["entries"]}


@pytest.mark.slow
@pytest.mark.parametrize("way", ["dropped in", "entry point"])
def test_a_stranger_is_listed_contract_tested_and_reported(tmp_path: Path, way: str) -> None:
    place = dropped_in(tmp_path) if way == "dropped in" else installed(tmp_path)
    origins = listed(place)
    assert set(origins) >= NAMES
    assert origins["stranger"] == ("corrigible" if way == "dropped in" else "strange-package")
    if way == "entry point":
        (place / "strange_package" / "__init__.py").write_text('"""Now it may be imported."""\n', encoding="utf-8")
    contracts = [str(TESTS / "contracts" / "test_registered.py"), "-k", "stranger", "-p", "no:cacheprovider", "-q"]
    summary = python(
        place, "-m", "pytest", *contracts, "--rootdir", str(TESTS.parent), "-c", str(TESTS.parent / "pyproject.toml")
    )
    assert "passed" in summary or "." in summary
    run = [
        "-m",
        "corrigible",
        "run",
        "stranger",
        "--preset",
        "smoke",
        "--seeds",
        "2",
        "--conditions",
        "stranger-remedy",
    ]
    found = json.loads(python(place, *run, "--out", str(tmp_path / "runs"), "--json"))
    report = Path(found["report"]).read_text(encoding="utf-8")
    for text in ("stranger-detector", "stranger-remedy", "says the stranger"):
        assert text in report
    assert "A &lt;b&gt;stranger&lt;/b&gt;" in report, "what a plugin supplies is escaped"


def test_a_broken_file_is_named_and_hides_nothing_else(tmp_path: Path) -> None:
    place = dropped_in(tmp_path)
    (place / "corrigible" / "detect" / "broken.py").write_text("def broken(:\n", encoding="utf-8")
    (place / "corrigible" / "detect" / "twice.py").write_text(DETECTOR, encoding="utf-8")
    found = json.loads(python(place, "-m", "corrigible", "list", "--json"))
    assert len(found["problems"]) == 2
    assert any("detect.broken" in problem and "SyntaxError" in problem for problem in found["problems"])
    assert any("is taken by" in problem for problem in found["problems"])
    assert {entry["name"] for entry in found["entries"]} >= NAMES
