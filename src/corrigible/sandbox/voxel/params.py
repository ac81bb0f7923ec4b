"""What a batch of voxel worlds is made of: one frozen record, checked before anything is allocated."""

import os
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.scenario import Scenario, load_scenario
from corrigible.sandbox.voxel.worldgen import SIDES

MOST_WORLDS: Final = 1 << 20
MOST_AGENTS: Final = 16
LONGEST_TICK: Final = 0.25

STEEPEST: Final = 89.5
"""Degrees from level that a body can look up or down at most."""

EYES: Final = (0.01, 1.76)
"""Lowest and highest eye, nodes above the feet: off the ground, and below the top of the head, 1.77, which may touch a
ceiling, and within which nothing is to be seen."""

HeldItem: TypeAlias = Literal["shown", "hidden", "mirrored"]
"""The tool in the picture: at the lower right as in the game, left out, or at the lower left."""

Size: TypeAlias = tuple[int, int, int]

Degrees: TypeAlias = tuple[float, float]
"""Lowest and highest pitch; up is positive."""


@dataclass(frozen=True, kw_only=True)
class EnvParams:
    """N worlds of one scenario.

    scenario: name of a shipped one (`grove`), path of a YAML file (docs/scenarios.md), or a Scenario itself.
    worlds: N. size: (X, Y, Z) nodes; None is the scenario's own. agents: bodies in each world, A.
    layouts: how many different worlds there are; episodes draw from them. steps: to truncation; None: the scenario's.
    ticks, dt: a step is `ticks` ticks of dt seconds. reach: nodes from the eye at which one can dig, place and use.
    hour: time of day at the start, None: the scenario's. day: seconds that a day takes, 0: the sun stands still.
    eye: nodes from the feet to the eye, 0.01 to 1.76. pitch: degrees, lowest and highest, that a body can look at,
    within -89.5 to 89.5. start_pitch: that of the start of an episode, drawn evenly from this range, which lies within
    pitch. dig_speed: digging takes the table's time divided by this, 0.01 to 100; the pause after a dig stays.
    tool: what is held, None: the scenario's. threads: for stepping and rendering; results do not depend on it.
    Raises BadInput where a value is out of range.
    """

    scenario: str | Path | Scenario = "grove"
    worlds: int = 64
    size: Size | None = None
    agents: int = 1
    layouts: int = 256
    steps: int | None = None
    ticks: int = 5
    dt: float = 0.05
    reach: float = 4.0
    hour: float | None = None
    day: float = 0.0
    tool: str | None = None
    threads: int = 1
    eye: float = 1.625
    pitch: Degrees = (-STEEPEST, STEEPEST)
    start_pitch: Degrees = (0.0, 0.0)
    dig_speed: float = 1.0

    def __post_init__(self) -> None:
        """Check every field (raises BadInput)."""
        for name, least, most in (
            ("worlds", 1, MOST_WORLDS),
            ("agents", 1, MOST_AGENTS),
            ("layouts", 1, 1 << 31),
            ("ticks", 1, 100),
            ("threads", 1, 1024),
        ):
            require_whole(name, getattr(self, name), least, most)
        require("dt", self.dt, 1e-4, LONGEST_TICK)
        require("reach", self.reach, 0.0, 64.0)
        require("day", self.day, 0.0, 1e9)
        require("eye", self.eye, *EYES)
        require("dig_speed", self.dig_speed, 0.01, 100.0)
        require_pair("pitch", self.pitch, -STEEPEST, STEEPEST)
        require_pair("start_pitch", self.start_pitch, *self.pitch)
        if self.steps is not None:
            require_whole("steps", self.steps, 1, 1 << 31)
        if self.hour is not None:
            require("hour", self.hour, 0.0, 24.0)
        if self.size is not None and len(self.size) != 3:
            raise BadInput(value=f"size = {self.size}", rule="it is (X, Y, Z)", remedy="give three sides")
        for side in self.size or ():
            require_whole("a side of size", side, *SIDES)

    @cached_property
    def loaded(self) -> Scenario:
        """The scenario; BadInput where it cannot be had."""
        return self.scenario if isinstance(self.scenario, Scenario) else load_scenario(self.scenario)

    @property
    def shape(self) -> Size:
        """(X, Y, Z)."""
        return self.size or self.loaded.size

    @property
    def horizon(self) -> int:
        """Steps until truncation."""
        return self.steps or self.loaded.steps

    @property
    def seconds(self) -> float:
        """Seconds that a step takes."""
        return self.ticks * self.dt

    def memory(self) -> int:
        """Bytes that the worlds take, and the layouts that they are reset from."""
        x, y, z = self.shape
        cells, columns = (x + 2) * (y + 2) * (z + 2), (x + 2) * (y + 2)
        each = cells + 8 * columns
        bodies = self.agents * (256 * 4 + 200)
        return self.worlds * (each + bodies) + min(self.layouts, self.worlds * 64) * (each + 3 * x * y * z)

    def check_memory(self) -> None:
        """BadInput where the machine has less memory free than the worlds take."""
        free = available_memory()
        if free is not None and self.memory() > 0.9 * free:
            raise BadInput(
                value=f"{self.worlds} worlds of {' x '.join(map(str, self.shape))} and {self.layouts} layouts",
                rule=f"they take {self.memory() / 1e9:.1f} GB and {free / 1e9:.1f} GB are free",
                remedy="ask for fewer worlds or layouts, or smaller ones",
            )


def available_memory() -> int | None:
    """Bytes free for us, or None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def require(name: str, value: object, least: float, most: float) -> None:
    """Raise BadInput, which calls the value `name`, unless it is a number in [least, most]."""
    number: Any = value  # compared as it is: a float would overflow
    if isinstance(value, bool) or not isinstance(value, Real) or not least <= number <= most:
        raise BadInput(
            value=f"{name} = {value!r}", rule=f"it must be in [{least:g}, {most:g}]", remedy="choose another"
        )


def require_pair(name: str, value: object, least: float, most: float) -> None:
    """Raise BadInput unless the value is two numbers (lowest, highest) in [least, most]."""
    pair: Any = value
    if not isinstance(value, tuple) or len(pair) != 2:
        raise BadInput(
            value=f"{name} = {value!r}", rule="it is (lowest, highest)", remedy="give a tuple of two numbers"
        )
    for number in pair:
        require(f"a bound of {name}", number, least, most)
    if pair[0] > pair[1]:
        raise BadInput(value=f"{name} = {value!r}", rule="the lowest comes first", remedy="turn them round")


def require_whole(name: str, value: object, least: int, most: int) -> None:
    """As `require`, for whole numbers."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise BadInput(value=f"{name} = {value!r}", rule="it must be a whole number", remedy="round it")
    require(name, value, least, most)
