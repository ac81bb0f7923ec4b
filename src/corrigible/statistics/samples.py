"""What this package accepts as a sample, a count or a probability; everything else is refused with one line."""

import operator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from corrigible.errors import BadInput


def finite_vector(values: ArrayLike, *, name: str, least: int = 1) -> NDArray[np.float64]:
    """Return `values` as a float64 vector of shape (n,).

    Raises:
        BadInput: `values` are not numbers, not one-dimensional, fewer than `least`, or not all finite.
    """
    try:
        vector = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInput(
            value=f"{name} = {values!r:.60}",
            rule="a sample is one list of real numbers",
            remedy="give one number for each unit",
        ) from error
    if vector.ndim != 1:
        raise BadInput(
            value=f"{name} has shape {vector.shape}",
            rule="a sample has one axis",
            remedy="reduce each unit to one number first",
        )
    if vector.size < least:
        raise BadInput(
            value=f"{name} holds n = {vector.size}",
            rule=f"at least {least} needed",
            remedy="collect more",
        )
    if not np.isfinite(vector).all():
        first = int(np.flatnonzero(~np.isfinite(vector))[0])
        raise BadInput(
            value=f"{name}[{first}] = {vector[first]}",
            rule="every value must be finite",
            remedy="report the units that failed apart, rather than as nan or inf",
        )
    return vector


def paired_vectors(
    first: ArrayLike, second: ArrayLike, *, names: tuple[str, str], least: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two float64 vectors of the same shape (n,), entry i of both belonging to unit i.

    Raises:
        BadInput: either is no sample (see `finite_vector`) or their lengths differ.
    """
    a = finite_vector(first, name=names[0], least=least)
    b = finite_vector(second, name=names[1], least=least)
    if a.size != b.size:
        raise BadInput(
            value=f"{names[0]} holds {a.size} and {names[1]} {b.size}",
            rule="a paired comparison needs the same seeds on both sides",
            remedy="keep the seeds that both have, in the same order",
        )
    return a, b


def probability_vector(values: ArrayLike, *, name: str) -> NDArray[np.float64]:
    """Return `values` as a float64 vector of shape (n,), each in [0, 1].

    Raises:
        BadInput: `values` are no sample (see `finite_vector`) or leave [0, 1].
    """
    vector = finite_vector(values, name=name)
    outside = (vector < 0) | (vector > 1)
    if outside.any():
        first = int(np.flatnonzero(outside)[0])
        raise BadInput(
            value=f"{name}[{first}] = {vector[first]}",
            rule="a probability lies in [0, 1]",
            remedy="give probabilities, not counts or percentages",
        )
    return vector


def open_unit(value: float, *, name: str) -> float:
    """Return `value` if it lies strictly between 0 and 1.

    Raises:
        BadInput: it does not (nan included).
    """
    if not 0 < value < 1:
        raise BadInput(
            value=f"{name} = {value}",
            rule=f"{name} must lie strictly between 0 and 1",
            remedy=f"give {name} as a fraction such as 0.05 or 0.95",
        )
    return float(value)


def whole(value: int, *, name: str, least: int) -> int:
    """Return `value` as an int of at least `least`; NumPy integers are integers too.

    Raises:
        BadInput: it is not whole, or smaller.
    """
    try:
        number = operator.index(value)
    except TypeError as error:
        raise BadInput(value=f"{name} = {value!r}", rule=f"{name} is a count", remedy="give a whole number") from error
    if number < least:
        raise BadInput(
            value=f"{name} = {number}",
            rule=f"{name} must be at least {least}",
            remedy=f"give {name} >= {least}",
        )
    return number


def count_vector(values: ArrayLike, *, name: str, size: int) -> NDArray[np.float64]:
    """Return `values` as a float64 vector of shape (size,) of whole numbers from 1 up; one number stands for all.

    Raises:
        BadInput: `values` are no sample (see `finite_vector`), another number of them, or not whole numbers >= 1.
    """
    vector = finite_vector(np.full(size, values) if np.ndim(values) == 0 else values, name=name)
    if vector.size != size:
        raise BadInput(
            value=f"{name} holds {vector.size}", rule=f"there are {size} units", remedy="give one count for each unit"
        )
    wrong = (vector < 1) | (vector != np.floor(vector))
    if wrong.any():
        raise BadInput(
            value=f"{name} = {vector[wrong][0]:g}",
            rule="a number of trials is whole and at least 1",
            remedy="leave out units without trials",
        )
    return vector


def successes_of(successes: int, n: int) -> tuple[int, int]:
    """Return (successes, n) as ints with 0 <= successes <= n and n >= 1.

    Raises:
        BadInput: either is not whole or out of range.
    """
    trials = whole(n, name="n", least=1)
    hits = whole(successes, name="successes", least=0)
    if hits > trials:
        raise BadInput(
            value=f"successes = {hits} of n = {trials}",
            rule="successes cannot exceed n",
            remedy="give the successes first, then the number of trials",
        )
    return hits, trials
