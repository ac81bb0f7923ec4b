"""Where is the failure decided? Patch the model with the reference's row, one observation at a time, and act again."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from corrigible.plugin import lens
from corrigible.types import Array, Checkpoint, Finding, Specimen


@lens(
    "decision-state",
    applies_to=("tabular",),
    summary="Finds the one observation at which giving the failure the reference's values changes its behaviour most.",
)
def decision_state(specimen: Specimen) -> Iterable[Finding]:
    """One finding: the observation whose row, patched from the reference, changes the headline metric most."""
    reference = specimen.reference_checkpoint
    if reference is None or not _same_shape(specimen.checkpoint, reference):
        return
    name = specimen.headline.name
    before = specimen.rollout_again(specimen.setup, specimen.checkpoint)[name]
    after = {
        row: specimen.rollout_again(specimen.setup, patched(specimen.checkpoint, reference, row))[name]
        for row in differing_rows(specimen.checkpoint, reference)
    }
    if not after:
        return
    row = max(after, key=lambda item: (abs(after[item] - before), -item))
    changed = abs(after[row] - before) > 0
    yield specimen.finding(
        "decision-state",
        (
            f"The failure is decided at observation {row}: with the reference's values there, and nowhere else, "
            "behaviour changes most."
            if changed
            else "No single observation decides the failure: no one-row patch from the reference changes it."
        ),
        f"row {row} of the learned table replaced by the reference's ({len(after)} rows were tried)",
        (before, after[row]),
    )


def differing_rows(first: Checkpoint, second: Checkpoint) -> list[int]:
    """Observations at which the two prefer different actions."""
    preferred = [_preferences(checkpoint) for checkpoint in (first, second)]
    return [int(row) for row in np.flatnonzero((preferred[0] != preferred[1]).any(axis=1))]


def patched(checkpoint: Checkpoint, source: Checkpoint, row: int) -> Checkpoint:
    """A copy of `checkpoint` whose arrays have the row of `source`."""
    parameters = {name: array.copy() for name, array in checkpoint.parameters.items()}
    for name, array in parameters.items():
        array[row] = source.parameters[name][row]
    return replace(checkpoint, parameters=parameters)


def _preferences(checkpoint: Checkpoint) -> Array:
    table = next(array for _, array in sorted(checkpoint.parameters.items()) if array.ndim == 2)
    return table == table.max(axis=1, keepdims=True)


def _same_shape(first: Checkpoint, second: Checkpoint) -> bool:
    shapes = [{name: array.shape for name, array in item.parameters.items()} for item in (first, second)]
    return shapes[0] == shapes[1]
