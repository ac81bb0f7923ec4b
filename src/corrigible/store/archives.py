"""Arrays in and out of .npz. What an archive from elsewhere claims is bounded and checked before it is unpacked.

A megabyte of deflate can claim to hold a gigabyte, and a header of forty bytes an array of any shape.
"""

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import IO, Any, Final

import numpy as np

from corrigible.errors import BadInput, CorruptFile
from corrigible.store.fingerprints import is_portable, portable
from corrigible.types import Array

LARGEST_ARRAYS: Final = 4 * 2**30
"""Bytes that the arrays of one .npz may take in memory, written or read."""

LARGEST_FILE: Final = LARGEST_ARRAYS + 2**20
"""Bytes of a stored file of arrays: what does not compress gets a little larger."""

DEFLATE_LIMIT: Final = 1032
"""Bytes that one byte of deflate can become at most (zlib's own figure)."""

_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED: Final = 0x1
_ENDING: Final = ".npy"
_HEADERS: Final = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_BROKEN: Final = (
    *(ValueError, OSError, EOFError, LookupError, TypeError, SyntaxError, RuntimeError, MemoryError),
    *(OverflowError, zipfile.BadZipFile, zlib.error, struct.error),
)  # what NumPy and zipfile raise on an archive that was never ours


def pack_arrays(name: str, group: Mapping[str, Array]) -> bytes:
    """The .npz of `group`: key -> array of any shape.

    Raises:
        BadInput: a dtype has no portable bytes, or all together take more than `LARGEST_ARRAYS`.
    """
    plain: dict[str, Any] = {key: portable(array, name=f"{name}/{key}") for key, array in group.items()}
    size = sum(array.nbytes for array in plain.values())
    if size > LARGEST_ARRAYS:
        raise BadInput(
            value=f"arrays {name!r} take {size} bytes",
            rule=f"one file holds at most {LARGEST_ARRAYS}",
            remedy="store them under several names",
        )
    file = io.BytesIO()
    np.savez_compressed(file, **plain)  # `portable` lets no object through, so nothing is pickled
    return file.getvalue()


def unpack_arrays(data: bytes, *, name: str, remedy: str) -> dict[str, Array]:
    """Key -> array of an .npz, each of them writable. Takes memory for what is really there, and nothing is unpickled.

    Raises:
        CorruptFile: it is no such archive, or claims more than `LARGEST_ARRAYS` or than its bytes can hold.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_sizes(members, len(data))
            return {member.filename.removesuffix(_ENDING): _read(archive, member) for member in members}
    except _BROKEN as error:
        raise CorruptFile(value=name, rule=f"it must hold arrays ({error})", remedy=remedy) from error


def _check_sizes(members: list[zipfile.ZipInfo], size: int) -> None:
    if len({member.filename for member in members}) != len(members):
        raise ValueError("a name appears twice")
    for member in members:
        if not member.filename.endswith(_ENDING):
            raise ValueError(f"{member.filename[:80]!r} is no array")
        if member.compress_type not in _METHODS or member.flag_bits & _ENCRYPTED:
            raise ValueError(f"{member.filename[:80]!r} is packed in another way than ours")
        if member.file_size > DEFLATE_LIMIT * (member.compress_size + 1):
            raise ValueError(f"{member.filename[:80]!r} claims more bytes than it can unpack to")
    if sum(member.compress_size for member in members) > size:
        raise ValueError("its members claim more bytes than there are")
    if sum(member.file_size for member in members) > LARGEST_ARRAYS:
        raise ValueError(f"it unpacks to more than {LARGEST_ARRAYS} bytes")


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    """One array; its header must account for every byte of the member."""
    with archive.open(member) as file:
        shape, in_fortran_order, dtype = _header(file)
        if not is_portable(dtype) or not dtype.itemsize:
            raise ValueError(f"{member.filename[:80]!r} has dtype {dtype}")
        if any(length < 0 for length in shape):
            raise ValueError(f"{member.filename[:80]!r} has shape {shape}")
        content = file.read()
    expected = math.prod(shape) * dtype.itemsize
    if len(content) != expected:
        raise ValueError(f"{member.filename[:80]!r} has {len(content)} bytes for {expected}")
    return np.ndarray(shape, dtype, buffer=bytearray(content), order="F" if in_fortran_order else "C")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"version {version} of the array format is none that we write")
    return _HEADERS[version](file)
