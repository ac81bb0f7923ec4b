"""Rows are strict JSON on disk and come back as they were given; anything else than our JSON is refused."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrigible.errors import BadInput, CorruptFile
from corrigible.store.documents import (
    LARGEST_DOCUMENT,
    check_seal,
    decode_row,
    encode_row,
    parse,
    render,
    seal,
)

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
ROWS = st.dictionaries(st.text(max_size=6), VALUES, max_size=4)


def same(first: Any, second: Any) -> bool:
    """Equal in type and value, where NaN equals NaN and 0.0 does not equal -0.0."""
    return type(first) is type(second) and repr(first) == repr(second)


@given(row=ROWS)
def test_a_row_goes_through_strict_json_and_back_unchanged(row: dict[str, Any]) -> None:
    plain, not_finite = encode_row(row, name="row")
    text = json.dumps(plain, allow_nan=False)
    back = decode_row(json.loads(text), not_finite, name="row", remedy="")
    assert same(back, row)


def test_nan_and_infinities_are_null_in_the_file_and_numbers_when_read() -> None:
    row = {"a/b": [1.0, math.nan], "~": -math.inf, "none": None, "deep": {"x": math.inf}}
    plain, not_finite = encode_row(row, name="row")
    assert plain == {"a/b": [1.0, None], "~": None, "none": None, "deep": {"x": None}}
    assert not_finite == {"/a~1b/1": "nan", "/~0": "-inf", "/deep/x": "inf"}
    assert same(decode_row(plain, not_finite, name="row", remedy=""), row)


def test_numpy_scalars_become_plain_numbers() -> None:
    row = {"i": np.int64(3), "f": np.float32(0.5), "b": np.bool_(True), "n": np.float64(math.nan)}
    plain, not_finite = encode_row(row, name="row")
    assert json.dumps(plain) == '{"i": 3, "f": 0.5, "b": true, "n": null}'
    assert not_finite == {"/n": "nan"}


@pytest.mark.parametrize("row", [{"a": object()}, {"a": np.zeros(2)}, {"a": {1: 2}}, {"a": b"bytes"}, {"a": {1, 2}}])
def test_what_json_cannot_say_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="row"):
        encode_row(row, name="row")


def test_a_row_that_contains_itself_is_refused() -> None:
    row: dict[str, Any] = {}
    row["self"] = row
    with pytest.raises(BadInput, match="nests too deeply"):
        encode_row(row, name="row")


@pytest.mark.parametrize(
    ("row", "pointers"),
    [
        ({"a": None}, {"/b": "nan"}),
        ({"a": 1.0}, {"/a": "nan"}),
        ({"a": None}, {"/a": "word"}),
        ({"a": None}, {"": "nan"}),
        ({"a": [None]}, {"/a/1": "nan"}),
        ({"a": [None]}, {"/a/x": "nan"}),
        ({"a": "text"}, {"/a/0": "nan"}),
    ],
)
def test_a_pointer_that_leads_to_no_null_is_corrupt(row: dict[str, Any], pointers: dict[str, str]) -> None:
    with pytest.raises(CorruptFile):
        decode_row(row, pointers, name="row", remedy="resume")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"3",
        b'{"a": 1',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": ' + b"[" * 200_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1} {"b": 2}',
    ],
)
def test_what_is_not_one_strict_json_object_is_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptFile) as caught:
        parse(data, name="file.json", remedy="restore it")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("file.json")


@given(document=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4))
def test_a_sealed_document_shows_any_change_of_a_value(document: dict[str, Any]) -> None:
    document.pop("sha256", None)
    sealed = parse(render(seal(document), name="d"), name="d", remedy="")
    check_seal(sealed, name="d", remedy="")
    for changed in ({**sealed, "new": 1}, *({**sealed, key: [value]} for key, value in sealed.items())):
        with pytest.raises(CorruptFile, match="own sha256"):
            check_seal(changed, name="d", remedy="")


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), b"bytes", {1: object()}])
def test_only_json_is_rendered(value: Any) -> None:
    with pytest.raises(BadInput, match="config"):
        render({"a": value}, name="config")


def test_a_document_too_large_to_be_read_again_is_not_written() -> None:
    with pytest.raises(BadInput, match="bytes"):
        render({"a": "x" * LARGEST_DOCUMENT}, name="row")
