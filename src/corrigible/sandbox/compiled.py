"""Numba compilation with a cache that cannot go stale.

Numba keys a cached function on its own file only, so an edited helper in another file would leave an old result.
Here the folder's name is a hash over every `*kernels.py` of the package, the Numba and the Python version.
"""

import functools
import hashlib
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import numba
from numba.core import config

F = TypeVar("F", bound=Callable[..., Any])

CACHE_VARIABLE: Final = "CORRIGIBLE_CACHE"
_CONFIG: Any = config  # its attributes are made at run time
PACKAGE: Final = Path(__file__).resolve().parents[1]


def kernel_hash(package: Path) -> str:
    """20 hex digits over path and bytes of every `*kernels.py` below `package`, and over the compilers' versions."""
    digest = hashlib.sha256(f"numba {numba.__version__} python {platform.python_version()}".encode())
    for path in sorted(package.rglob("*kernels.py")):
        digest.update(f"\x00{path.relative_to(package).as_posix()}\x00".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def user_cache() -> Path:
    """The folder for this package's caches: $CORRIGIBLE_CACHE, or the place the platform has for it."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local")).expanduser() / "corrigible"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/corrigible").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "corrigible"


def cache_folder(package: Path, base: Path) -> Path | None:
    """`base/numba/<kernel hash>`, created; None where it cannot be written."""
    folder = base / "numba" / kernel_hash(package)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return None


@functools.cache
def _own_cache_folder() -> Path | None:
    return cache_folder(PACKAGE, user_cache())


@contextmanager
def _numba_cache_at(folder: Path) -> Generator[None]:
    """Point Numba at `folder` while a function is decorated; it remembers the folder, so others are not affected."""
    before = _CONFIG.CACHE_DIR
    _CONFIG.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        _CONFIG.CACHE_DIR = before


def njit(function: F) -> F:
    """Compile `function` when it is first called: no Python objects, no GIL, IEEE arithmetic, cached on disk.

    The plain Python function stays reachable as `.py_func`. Without a writable cache folder nothing is cached.
    """
    folder = _own_cache_folder()
    compiled: Any
    if folder is None:
        compiled = numba.njit(nogil=True, fastmath=False)(function)
    else:
        with _numba_cache_at(folder):
            compiled = numba.njit(cache=True, nogil=True, fastmath=False)(function)
    return compiled
