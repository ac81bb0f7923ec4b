"""What the enumeration of off-switch worlds refuses."""

import pytest

from corrigible.errors import BadInput
from corrigible.sandbox.grid.enumeration import UNCONSTRAINED, disabling
from corrigible.sandbox.grid.enumeration_terms import Family, Objective
from corrigible.sandbox.grid.off_switch import OffSwitchParams


@pytest.mark.parametrize(
    "fields",
    [
        {"height": 0, "width": 9},
        {"height": 1, "width": 3},
        {"height": 5, "width": 5},
        {"height": 2, "width": 2, "walls": 1},
        {"height": 3, "width": 3, "walls": -1},
        {"height": 3, "width": 3, "probabilities": ()},
        {"height": 3, "width": 3, "probabilities": (0.5, 0.5)},
        {"height": 3, "width": 3, "probabilities": (1.5,)},
        {"height": 3, "width": 3, "forms": ("nap",)},
    ],
)
def test_an_impossible_family_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        Family(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        {"discount": -0.1},
        {"discount": 1.1},
        {"discount": float("nan")},
        {"discount": 0.9, "bootstrap": "hopeful"},
        {"discount": 0.9, "reward": "none"},
        {"discount": 0.9, "progress": -1.0},
        {"discount": 0.9, "horizon": 0},
    ],
)
def test_an_impossible_objective_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        Objective(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "params",
    [
        OffSwitchParams(layout=("AIGB", "I...")),
        OffSwitchParams(layout=("AIGB", "B...")),
        OffSwitchParams(layout=("AIGB",), utility=2.0),
        OffSwitchParams(layout=("AIGB",), belief=((1.0, 1.0),)),
    ],
)
def test_a_world_outside_every_family_is_refused(params: OffSwitchParams) -> None:
    with pytest.raises(BadInput):
        disabling(params, UNCONSTRAINED)
