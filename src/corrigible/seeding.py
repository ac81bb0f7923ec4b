"""Named random streams from one seed: the same names give the same stream in any process and any order."""

import hashlib

import numpy as np


def _key(names: tuple[str | int, ...]) -> tuple[int, ...]:
    digest = hashlib.sha256("\x1f".join(f"{type(name).__name__}:{name}" for name in names).encode()).digest()
    return tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """An independent PCG64 generator for (seed, names); names say what the randomness is for."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=_key(names))))


def kernel_seed(generator: np.random.Generator) -> np.uint64:
    """One uint64 drawn from `generator`, for kernels that derive their own counters from it."""
    return np.uint64(generator.integers(0, 2**64, dtype=np.uint64, endpoint=False))
