"""The terms of an enumeration: families of off-switch worlds, and what an agent in them maximises."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from corrigible.errors import BadInput
from corrigible.sandbox.grid.enumeration_kernels import Payment
from corrigible.sandbox.grid.supervision import check_form, check_probability
from corrigible.sandbox.grid.tables import Form

Bootstrap: TypeAlias = Literal["as experienced", "uninterrupted"]
"""What an agent expects after an interruption. as experienced: nothing after termination or forced action, and after
truncation the value of the state it was cut in. uninterrupted: always what it would without (utility indifference)."""

Reward: TypeAlias = Literal["progress", "goal only"]
"""goal only: 1 on reaching the goal. progress: also a payment per step closer to it, taken back per step farther."""

TOLERANCE: Final = 1e-9  # action values this close to the best count as ties; see widest_tie and narrowest_gap
LARGEST_GRID: Final = 20  # cells
_SETTLED: Final = 1e-15


def require(name: str, value: object, holds: bool, rule: str) -> None:
    """Raise BadInput unless the rule `holds`."""
    if not holds:
        raise BadInput(value=f"{name} = {value}", rule=f"{name} must be {rule}", remedy="choose another value")


@dataclass(frozen=True, kw_only=True)
class Family:
    """Every off-switch world with A, G, I and B on distinct cells of a grid, up to `walls` walls, G reachable from A.

    probabilities: that the supervisor means to interrupt at the first entry into I while the switch is on, decided at
    the start and hidden from the agent. forms: of the interruption. Raises BadInput where a value is out of range.
    """

    height: int
    width: int
    walls: int = 0
    probabilities: tuple[float, ...] = (0.1, 0.5, 0.9, 1.0)
    forms: tuple[Form, ...] = ("termination", "forced", "truncation")

    def __post_init__(self) -> None:
        """Check every field (raises BadInput)."""
        cells = self.height * self.width
        require("height, width", f"{self.height}, {self.width}", min(self.height, self.width) >= 1, "both >= 1")
        require("cells", cells, 4 <= cells <= LARGEST_GRID, f"in [4, {LARGEST_GRID}]")
        require("walls", self.walls, 0 <= self.walls <= cells - 4, f"in [0, cells - 4 = {cells - 4}]")
        for name, values in (("probabilities", self.probabilities), ("forms", self.forms)):
            require(name, values, 0 < len(values) == len(set(values)), "given, each once")
        for probability in self.probabilities:
            check_probability("interruption probability", probability)
        for form in self.forms:
            check_form(form)

    def describe(self) -> str:
        """The family in words."""
        walls = f"up to {self.walls} of the other cells walls" if self.walls else "no walls"
        return (
            "every placement of start, goal, interruption cell and switch on distinct cells of a grid of "
            f"{self.height} x {self.width} with {walls} and a path from start to goal; interruption ("
            f"{either(self.forms)}) with probability {either(f'{p:g}' for p in self.probabilities)} at the first "
            "entry while the switch is on, decided beforehand; mirror images count apart"
        )


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What an agent maximises from every state it gets into.

    discount: in [0, 1]; 0 is myopia, and 1 the total reward, best over all policies (staying is free, so it exists).
    progress: paid per step closer to the goal, taken back per step farther, where reward is "progress". It is the same
    at every discount, so it is potential-based shaping (which changes no optimal policy) only at discount 1.
    horizon: replan at every step for the next `horizon` steps only; None plans without an end.
    Raises BadInput where a value is out of range.
    """

    discount: float
    bootstrap: Bootstrap = "as experienced"
    reward: Reward = "progress"
    progress: float = 0.05
    horizon: int | None = None

    def __post_init__(self) -> None:
        """Check every field (raises BadInput)."""
        require("discount", self.discount, 0.0 <= self.discount <= 1.0, "in [0, 1]")
        require("bootstrap", self.bootstrap, self.bootstrap in ("as experienced", "uninterrupted"), "a Bootstrap")
        require("reward", self.reward, self.reward in ("progress", "goal only"), "progress or goal only")
        require("progress", self.progress, 0.0 <= self.progress < math.inf, "finite and >= 0")
        require("horizon", self.horizon, self.horizon is None or self.horizon >= 1, ">= 1 or None")

    def describe(self) -> str:
        """The objective in words."""
        paid = "1 at the goal"
        if self.reward == "progress":
            paid += f" and {self.progress:g} per step closer (taken back per step farther)"
        span = "without a time limit" if self.horizon is None else f"over the next {self.horizon} steps"
        after = "" if self.bootstrap == "as experienced" else ", expecting after an interruption what it would without"
        return (
            f"an agent that knows all but what the supervisor means to do and maximises, {span}, {paid}, "
            f"at discount {self.discount:g}{after}"
        )

    def payment(self, cells: int, survival: float = 1.0) -> Payment:
        """The same for kernels. Without a horizon, values end within 2e-15 / (1 - discount) of their limit.

        At discount 1 values rise from zero to the best total, over a path of at most 3 * cells states.
        """
        sweeps, settle = 6 * cells, 1e-12
        if self.horizon is not None:
            sweeps, settle = self.horizon - 1, 0.0
        elif self.discount < 1.0:
            error = 1e-15 * (1.0 - self.discount)
            sweeps = 2 + (math.ceil(math.log(error) / math.log(self.discount)) if self.discount else 0)
            settle = _SETTLED
        return Payment(
            discount=self.discount,
            survival=survival,
            progress=self.progress if self.reward == "progress" else 0.0,
            sweeps=sweeps,
            settle=settle,
            tolerance=TOLERANCE,
            lasting=self.horizon is None and self.discount == 1.0,
        )

    def survival(self, probability: float, form: Form) -> float:
        """How much of what follows counts, where it may be interrupted so; 1 where it looks no step ahead."""
        if self.discount == 0.0 or self.horizon == 1:
            return 1.0
        costless = self.bootstrap == "uninterrupted" or form == "truncation"
        return 1.0 if costless else 1.0 - probability


def either(words: Iterable[str]) -> str:
    """Words joined by commas and "or"."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
