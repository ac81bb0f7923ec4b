"""Reads GGUF files of Llama models, whose weights are stored in blocks of 4 or 8 bits, as float32 arrays.

Format: ggml-org/ggml, docs/gguf.md (version 3); blocks Q4_1 and Q8_0: ggml-common.h there. What was rounded away when
the file was made does not come back: the arrays are the numbers that the file stands for.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput

MAGIC: Final = b"GGUF"
VERSIONS: Final = (2, 3)
BLOCK: Final = 32
"""Weights in a block, all with one scale."""
_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING: Final = 8
_ARRAY: Final = 9
_LARGEST: Final = 1 << 32
"""Neither a string nor a list of the header may claim to be longer."""


@final
@dataclass(frozen=True, kw_only=True)
class GgufFile:
    """Header entries by name, and tensors by name with the order of axes of PyTorch (rows first)."""

    metadata: dict[str, Any]
    tensors: dict[str, NDArray[np.float32]]


@final
class _Header:
    """A cursor over the header."""

    def __init__(self, data: Any) -> None:
        self.data, self.place = data, 0

    def scalar(self, code: str) -> Any:
        size = struct.calcsize(f"<{code}")
        (found,) = struct.unpack_from(f"<{code}", self.data, self.place)
        self.place += size
        return found

    def string(self) -> str:
        length = self._length()
        found = bytes(self.data[self.place : self.place + length])
        if len(found) < length:
            raise ValueError("the file ends inside a string")
        self.place += length
        return found.decode("utf-8", errors="surrogateescape")

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            inner = self.scalar("I")
            return [self.value(inner) for _ in range(self._length())]
        if kind not in _SCALARS:
            raise ValueError(f"there is no type {kind}")
        return self.scalar(_SCALARS[kind])

    def _length(self) -> int:
        length = self.scalar("Q")
        if length > _LARGEST:
            raise ValueError(f"a length of {length}")
        return length


def read_gguf(path: Path) -> GgufFile:
    """Metadata and dequantised tensors of the file.

    Raises BadInput: it is no GGUF file of a known version, is cut short, or has blocks of another kind.
    """
    try:
        data = np.memmap(path, dtype=np.uint8, mode="r")
        if bytes(data[:4]) != MAGIC:
            raise ValueError("it does not begin with GGUF")
        header = _Header(data)
        header.place = 4
        version, tensors, entries = header.scalar("I"), header.scalar("Q"), header.scalar("Q")
        if version not in VERSIONS:
            raise ValueError(f"it has version {version}")
        metadata = {header.string(): header.value(header.scalar("I")) for _ in range(entries)}
        told = [_tensor(header) for _ in range(tensors)]
        alignment = int(metadata.get("general.alignment", 32))
        start = -(-header.place // alignment) * alignment
        return GgufFile(
            metadata=metadata,
            tensors={name: _dequantised(data, start + offset, shape, kind) for name, shape, kind, offset in told},
        )
    except (OSError, ValueError, struct.error, RecursionError) as error:
        raise BadInput(
            value=f"file {path.name}",
            rule=f"it must be a GGUF file with F32, Q4_1 and Q8_0 tensors, but {error}",
            remedy="fetch it again with `corrigible models get`",
        ) from error


def _tensor(header: _Header) -> tuple[str, tuple[int, ...], int, int]:
    name = header.string()
    axes = header.scalar("I")
    shape = tuple(int(header.scalar("Q")) for _ in range(min(axes, 9)))
    return name, shape[::-1], header.scalar("I"), header.scalar("Q")


def _q4_1(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, 20) bytes: scale and least value as float16, then 16 bytes; low nibbles first. value = scale * q + least."""
    scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    least = blocks[:, 2:4].copy().view(np.float16).astype(np.float32)
    packed = blocks[:, 4:]
    return scale * np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32) + least


def _q8_0(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, 34) bytes: scale as float16, then 32 signed bytes. value = scale * q."""
    scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    return scale * blocks[:, 2:].copy().view(np.int8).astype(np.float32)


_BLOCKS: Final[dict[int, tuple[int, Callable[[NDArray[np.uint8]], NDArray[np.float32]]]]] = {
    3: (20, _q4_1),
    8: (34, _q8_0),
}
"""ggml's number of a kind of blocks: bytes of one, and how it is read."""


def _dequantised(data: Any, start: int, shape: tuple[int, ...], kind: int) -> NDArray[np.float32]:
    count = int(np.prod(shape))
    if kind and (kind not in _BLOCKS or count % BLOCK):
        raise ValueError(f"a tensor of shape {shape} has type {kind}")
    size = count * 4 if not kind else count // BLOCK * _BLOCKS[kind][0]
    raw = np.asarray(data[start : start + size])
    if raw.size < size:
        raise ValueError("it ends inside a tensor")
    if not kind:
        return raw.copy().view("<f4").astype(np.float32).reshape(shape)
    width, read = _BLOCKS[kind]
    return read(raw.reshape(-1, width)).reshape(shape)
