"""Fingerprints change with every bit of value, name, dtype and shape, and with nothing else."""

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.store import fingerprint_arrays

NUMBERS = hnp.arrays(
    dtype=st.one_of(hnp.integer_dtypes(endianness="="), hnp.floating_dtypes(endianness="=", sizes=(16, 32, 64))),
    shape=hnp.array_shapes(min_dims=0, min_side=0, max_dims=3, max_side=4),
)


@given(array=NUMBERS.filter(lambda array: array.size > 0), data=st.data())
def test_flipping_any_bit_changes_the_fingerprint(array: NDArray[Any], data: st.DataObject) -> None:
    raw = bytearray(array.tobytes())
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[bit // 8] ^= 1 << (bit % 8)
    other = np.frombuffer(bytes(raw), dtype=array.dtype).reshape(array.shape)
    assert fingerprint_arrays({"a": array}) != fingerprint_arrays({"a": other})


@given(array=NUMBERS)
def test_byte_order_memory_layout_and_order_of_names_play_no_part(array: NDArray[Any]) -> None:
    swapped = array.astype(array.dtype.newbyteorder(">"))
    fortran = np.asfortranarray(array).reshape(array.shape)
    expected = fingerprint_arrays({"a": array, "b": array})
    assert fingerprint_arrays({"b": fortran, "a": swapped}) == expected


@given(array=NUMBERS)
def test_names_and_shapes_are_part_of_it(array: NDArray[Any]) -> None:
    variants = ({"a": array}, {"b": array}, {"a": array[np.newaxis]}, {"a": array, "b": array}, {})
    assert len({fingerprint_arrays(variant) for variant in variants}) == len(variants)


def test_the_dtype_is_part_of_it_even_where_the_bytes_agree() -> None:
    zeros = [np.zeros(2, dtype) for dtype in (np.int32, np.uint32, np.float32)]
    assert len({fingerprint_arrays({"a": array}) for array in zeros}) == 3


def test_bytes_do_not_flow_from_one_array_into_the_next() -> None:
    a, b = np.array([1, 2], np.uint8), np.array([3], np.uint8)
    assert fingerprint_arrays({"a": a, "b": b}) != fingerprint_arrays({"a": a[:1], "b": np.array([2, 3], np.uint8)})


def test_the_hash_of_a_known_array_is_the_documented_one() -> None:
    expected = hashlib.sha256(b'["q", "<i2", [2]]\n' + b"\x01\x00\x00\x01").hexdigest()
    assert fingerprint_arrays({"q": np.array([1, 256], np.int16)}) == expected


def test_signed_zeros_and_nan_payloads_differ() -> None:
    payload = np.array([0x7FF8000000000001], np.uint64).view(np.float64)
    values = [np.array([0.0]), np.array([-0.0]), np.array([np.nan]), payload]
    assert len({fingerprint_arrays({"a": value}) for value in values}) == 4


@pytest.mark.parametrize("array", [np.array([object()]), np.zeros(2, np.longdouble), np.zeros(1, "M8[s]")])
def test_arrays_without_portable_bytes_are_refused(array: NDArray[Any]) -> None:
    with pytest.raises(BadInput, match="dtype"):
        fingerprint_arrays({"a": array})
