"""How fast once it begins: the share of work that stays human, and whether research feeds on itself.

dA/dt = delta A^(1 + lam - beta): progress of software A by researchers who are the software itself (returns lam)
against ideas that get harder to find (beta). For lam > beta it reaches infinity in finite time, for lam = beta it is
exponential, for lam < beta polynomial (Jones 1995; Davidson 2023; Roodman 2020). A bottleneck of hardware or of human
work takes that away.
"""

from dataclasses import dataclass
from math import exp, inf
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from corrigible.errors import BadInput
from corrigible.sandbox.games.inputs import non_negative, positive, probability

Kind: TypeAlias = Literal["in finite time", "exponential", "polynomial"]


def speed_up(human: float, machine_speed: float) -> float:
    """1 / (h + (1 - h) / S): how much faster work goes of which a share h stays human (Amdahl 1967). At most 1 / h."""
    share, speed = probability("human", human), positive("machine_speed", machine_speed)
    return 1 / (share + (1 - share) / speed)


@dataclass(frozen=True, kw_only=True)
class SoftwareGrowth:
    """dA/dt = delta A^(1 + lam - beta), A(0) = start; times in the unit of 1 / delta."""

    lam: float
    beta: float
    delta: float = 1.0
    start: float = 1.0

    def __post_init__(self) -> None:
        """BadInput where a number is negative, or start or delta not positive."""
        non_negative("lam", self.lam)
        non_negative("beta", self.beta)
        positive("delta", self.delta)
        positive("start", self.start)

    @property
    def kind(self) -> Kind:
        """How it grows."""
        return "in finite time" if self.lam > self.beta else "exponential" if self.lam == self.beta else "polynomial"

    @property
    def blow_up(self) -> float:
        """Time at which A is infinite: start^(beta - lam) / (delta (lam - beta)); infinity where it never is."""
        gap = self.lam - self.beta
        if gap <= 0:
            return inf
        return float(self.start**-gap / (self.delta * gap))

    def at(self, time: float) -> float:
        """A(time) in closed form; infinity from the blow-up on."""
        gap = self.lam - self.beta
        if gap == 0:
            return float(self.start * exp(self.delta * time))
        inner = self.start**-gap - self.delta * gap * time
        return inf if inner <= 0 else float(inner ** (-1 / gap))


@dataclass(frozen=True, kw_only=True)
class Bottleneck:
    """What holds software back. human: share of research that stays human: it is sped up at most 1 / human times.

    hardware: the level of A that hardware can use, which itself grows at the rate `hardware_growth`; infinity: any.
    """

    human: float = 0.0
    hardware: float = inf
    hardware_growth: float = 0.0

    def __post_init__(self) -> None:
        """BadInput where a share or a level is out of range."""
        probability("human", self.human)
        non_negative("hardware_growth", self.hardware_growth)
        if self.hardware != inf:
            positive("hardware", self.hardware)


def integrate(
    growth: SoftwareGrowth, times: NDArray[np.float64], bottleneck: Bottleneck | None = None
) -> NDArray[np.float64]:
    """(N,) A at ascending `times` ((N,), the first may be 0) by an adaptive Runge-Kutta method (DOP853).

    Research goes at the speed A^lam of its researchers; with a share h of it human, at 1 / (h + (1 - h) / A^lam). With
    hardware the level of A is min(A, H), H growing exponentially from `hardware`.

    Raises:
        BadInput: a time at or beyond the blow-up, or an integration that does not end.
    """
    held = bottleneck or Bottleneck()
    if held.human == 0 and held.hardware == inf and times.size and float(times[-1]) >= growth.blow_up:
        raise BadInput(
            value=f"time {float(times[-1]):g}",
            rule=f"it must come before the blow-up at {growth.blow_up:g}",
            remedy="give an earlier time",
        )

    def slope(time: float, log_level: NDArray[np.float64]) -> NDArray[np.float64]:
        most = held.hardware * exp(held.hardware_growth * time) if held.hardware != inf else inf
        level = float(np.exp(log_level[0]))
        researchers = min(level, most) ** growth.lam
        pace = 1 / (held.human + (1 - held.human) / researchers)
        return np.array([growth.delta * pace * level**-growth.beta])

    found = solve_ivp(
        slope, (0.0, float(times[-1])), [np.log(growth.start)], method="DOP853", t_eval=times, rtol=1e-10, atol=1e-12
    )
    if not found.success:
        raise BadInput(value=f"times to {float(times[-1]):g}", rule=str(found.message), remedy="give an earlier time")
    return np.exp(found.y[0])
