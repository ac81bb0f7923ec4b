"""The public face of the package: its names, its cost at import, and the shape of its errors."""

import dataclasses
import subprocess
import sys

import pytest

import corrigible.statistics as package
from corrigible.errors import BadInput
from corrigible.statistics import mean_interval


def test_every_public_name_exists_and_is_documented() -> None:
    for name in package.__all__:
        assert getattr(package, name).__doc__, name


def test_importing_the_package_leaves_the_slow_scipy_stats_alone() -> None:
    code = "import sys, corrigible.statistics; sys.exit('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_interval_cannot_be_changed_or_built_by_position() -> None:
    interval = mean_interval([1.0, 2.0, 3.0])
    with pytest.raises(dataclasses.FrozenInstanceError):
        interval.low = 0.0  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        package.Interval(0.0, 0.0, 0.0, 0.95, 2, "by hand")  # pyright: ignore[reportCallIssue]


def test_a_refusal_is_one_line_that_names_the_place_and_the_value() -> None:
    with pytest.raises(BadInput) as refusal:
        mean_interval([1.0, 2.0, float("inf")])
    assert "values[2] = inf" in str(refusal.value)
    assert "\n" not in str(refusal.value)
