"""Archives from elsewhere: whatever their bytes claim, they give arrays or one line, and take no memory beyond that."""

import io
import struct
import tracemalloc
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from corrigible.errors import BadInput, CorruptFile
from corrigible.store import archives
from corrigible.store.archives import pack_arrays, unpack_arrays
from corrigible.types import Array

GOOD = pack_arrays("v", {"actions": np.arange(60).reshape(12, 5), "mask": np.zeros((40, 40), dtype=bool)})
CENTRAL = b"PK\x01\x02"
"""Signature of a central directory entry; from there: compressed size at 20, size at 24, method at 10, flags at 8."""

DTYPES = st.sampled_from(["?", "i1", "u2", "<i4", ">i8", "<f2", "<f4", ">f8", "<c8", "<c16", "S3", "<U4"])
ARRAYS = arrays.arrays(DTYPES, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))


def unpacked(data: bytes) -> dict[str, Array]:
    return unpack_arrays(data, name="x.npz", remedy="compute it again")


def refusal(data: bytes) -> str:
    with pytest.raises(CorruptFile, match=r"x\.npz") as caught:
        unpacked(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def member(shape: tuple[int, ...], content: bytes, descr: object = "<f8") -> bytes:
    """A .npy that says it is of this shape and dtype."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue() + content


def archive(content: bytes, *, name: str = "x.npy", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as opened:
        opened.writestr(name, content)
    return file.getvalue()


def claiming(data: bytes, offset: int, value: int, form: str = "<I") -> bytes:
    """The archive with another number in its (only) entry of the central directory."""
    changed = bytearray(data)
    struct.pack_into(form, changed, data.rindex(CENTRAL) + offset, value)
    return bytes(changed)


@given(st.dictionaries(st.text("abc/ é", min_size=1, max_size=6), ARRAYS, max_size=4))
def test_what_is_packed_unpacks_to_the_same_bits_and_can_be_written_to(group: dict[str, Array]) -> None:
    back = unpacked(pack_arrays("v", group))
    assert back.keys() == group.keys()
    for key, array in group.items():
        assert back[key].dtype == array.dtype.newbyteorder("<")
        assert back[key].shape == array.shape
        assert back[key].astype(array.dtype).tobytes() == array.tobytes()
        assert back[key].flags.writeable


def test_what_numpy_itself_saved_in_fortran_order_is_read_alike() -> None:
    array = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    file = io.BytesIO()
    np.savez(file, x=array)
    np.testing.assert_array_equal(unpacked(file.getvalue())["x"], array)


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_any_changed_bytes_give_arrays_or_one_line(changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for position, value in changes:
        data[position] = value
    settle(bytes(data))


@given(st.integers(0, len(GOOD)), st.binary(max_size=40), st.integers(0, len(GOOD)))
def test_any_bytes_put_in_or_cut_out_give_arrays_or_one_line(start: int, more: bytes, end: int) -> None:
    settle(GOOD[:start] + more + GOOD[end:])


@given(st.binary(max_size=300))
def test_any_member_content_gives_an_array_or_one_line(content: bytes) -> None:
    settle(archive(content))
    settle(archive(b"\x93NUMPY\x01\x00" + content))


def settle(data: bytes) -> None:
    """Nothing but CorruptFile is raised, and nothing is larger than the bytes can hold."""
    found: dict[str, Array] = {}
    with suppress(CorruptFile):
        found = unpacked(data)
    assert sum(array.nbytes for array in found.values()) <= archives.DEFLATE_LIMIT * len(data)


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 64 * 2**20
    bomb = archive(member((size // 8,), bytes(size)))
    assert len(bomb) < size / 500
    monkeypatch.setattr(archives, "LARGEST_ARRAYS", 2**20)
    tracemalloc.start()
    try:
        assert "unpacks to more than" in refusal(bomb)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_what_could_not_be_read_back_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "LARGEST_ARRAYS", 1000)
    assert unpacked(pack_arrays("v", {"x": np.zeros(40)}))["x"].shape == (40,)
    with pytest.raises(BadInput, match="at most 1000"):
        pack_arrays("v", {"x": np.zeros(100), "y": np.zeros(100)})


PLAIN = archive(member((1,), bytes(8)))
SMALL = archive(member((1,), bytes(8)), method=zipfile.ZIP_STORED)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (claiming(PLAIN, 24, 2**31), "claims more bytes than it can unpack to"),
        (claiming(PLAIN, 20, 2**31), "claim more bytes than there are"),
        (claiming(PLAIN, 24, 100), "Bad CRC-32"),
        (claiming(PLAIN, 10, zipfile.ZIP_BZIP2, "<H"), "packed in another way"),
        (claiming(PLAIN, 8, 1, "<H"), "packed in another way"),
        (archive(member((1,), bytes(8)), method=zipfile.ZIP_LZMA), "packed in another way"),
        (archive(member((1,), bytes(8)), name="x.txt"), "is no array"),
        (archive(member((2**60,), bytes(8))), "8 bytes for"),
        (archive(member((2**70, 2**70), bytes(8))), "8 bytes for"),
        (archive(member((-1,), bytes(8))), "shape"),
        (archive(member((1,), bytes(9))), "9 bytes for 8"),
        (archive(member((10**15,), b"", descr="|S0")), "dtype"),
        (archive(member((1,), bytes(8), descr="|O")), "dtype object"),
        (archive(member((1,), bytes(16), descr=[("a", "<f8"), ("b", "<f8")])), "dtype"),
        (archive(b"\x93NUMPY\x03\x00" + member((1,), bytes(8))[8:]), "version"),
        (archive(b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535), "hold arrays"),
        (SMALL[:-1], "hold arrays"),
    ],
)
def test_a_claim_that_does_not_hold_is_named(data: bytes, why: str) -> None:
    assert why in refusal(data)


def test_a_name_that_stands_twice_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr("x.npy", member((1,), bytes(8)))
        opened.writestr("y.npy", member((1,), bytes(8)))
    assert "twice" in refusal(file.getvalue().replace(b"y.npy", b"x.npy"))


def test_no_claim_makes_numpy_unpickle(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_arguments: object, **_named: object) -> None:
        raise AssertionError("unpickled")

    monkeypatch.setattr("pickle.load", never)
    monkeypatch.setattr("pickle.loads", never)
    file = io.BytesIO()
    np.save(file, np.array([{}], dtype=object), allow_pickle=True)
    assert "dtype" in refusal(archive(file.getvalue()))
