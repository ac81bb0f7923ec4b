"""Fingerprints: two runs are the same when they learned the same parameters and took the same actions, bit by bit."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from corrigible.errors import BadInput
from corrigible.types import Array

_PORTABLE: Final = frozenset(
    {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"}
)  # long double differs between machines; objects would need pickle


def is_portable(dtype: np.dtype[Any]) -> bool:
    """True where the bytes of an array mean the same on every machine, but for their order."""
    return dtype.str[1:] in _PORTABLE or dtype.kind in "SU"


def portable(array: Array, *, name: str) -> Array:
    """The array in C order and little endian, any shape (0-d and empty too); a copy only where needed.

    Raises:
        BadInput: its dtype has no portable bytes (object, record, long double, date).
    """
    given = np.asarray(array)
    if not is_portable(given.dtype):
        raise BadInput(
            value=f"array {name!r} has dtype {given.dtype}",
            rule="a stored array is bool, integer, float, complex or fixed-width text",
            remedy="convert it first, say to float64 or int64",
        )
    return np.asarray(given, dtype=given.dtype.newbyteorder("<"), order="C")


def fingerprint_arrays(arrays: Mapping[str, Array]) -> str:
    """sha256 (hex) over name, dtype, shape and bytes (C order, little endian) of every array, in order of name.

    The order of the mapping, the memory layout and the byte order play no part; every bit of the values does.

    Raises:
        BadInput: an array has no portable bytes, see `portable`.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = portable(arrays[name], name=name)
        digest.update(json.dumps([name, array.dtype.str, array.shape]).encode() + b"\n")
        digest.update(array.data)
    return digest.hexdigest()


def fingerprint_cells(cells: Iterable[tuple[str, int, str]]) -> str:
    """sha256 (hex) over (condition, seed, fingerprint of the cell), sorted: the order of computing plays no part."""
    return hashlib.sha256(json.dumps(sorted(cells)).encode()).hexdigest()
