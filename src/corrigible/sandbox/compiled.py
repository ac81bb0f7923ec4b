"""Numba compilation with a cache that cannot go stale.

Numba keys a cached function on its own file only, so an edited helper in another file would leave an old result.
Here the folder's name is a hash over every `*kernels.py` of the package, the Numba and the Python version. The first
use of a kernel takes seconds to half a minute; a person at a terminal is told so.
"""

import functools
import hashlib
import multiprocessing
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar, final

import numba
from numba.core import config, event, types

F = TypeVar("F", bound=Callable[..., Any])

CACHE_VARIABLE: Final = "CORRIGIBLE_CACHE"
_CONFIG: Any = config  # its attributes are made at run time
PACKAGE: Final = Path(__file__).resolve().parents[1]
COMPILING: Final = "corrigible: compiling kernels for this machine, once; half a minute or more ..."


@final
class FirstUse(event.Listener):
    """Says COMPILING on standard error when the first kernel is compiled, rather than loaded from the cache.

    Only on a terminal, once, and in the process that a person started.
    """

    def __init__(self) -> None:
        self.said = False

    def on_start(self, event: event.Event) -> None:
        """A function begins to be compiled; others than ours may be, too."""
        compiled: Any = event.data
        ours = compiled["dispatcher"].py_func.__module__.startswith("corrigible.")
        if ours and not self.said and sys.stderr.isatty() and multiprocessing.parent_process() is None:
            sys.stderr.write(COMPILING + "\n")
            sys.stderr.flush()
            self.said = True

    def on_end(self, event: event.Event) -> None:
        """It is done."""


FIRST_USE: Final = FirstUse()
event.register("numba:compile", FIRST_USE)


def kernel_hash(package: Path) -> str:
    """20 hex digits over every `*kernels.py` below `package`, over this file (options), and the compilers' versions."""
    digest = hashlib.sha256(f"numba {numba.__version__} python {platform.python_version()}".encode())
    digest.update(Path(__file__).read_bytes())
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

    The plain Python function stays reachable as `.py_func`. Without a writable cache folder nothing is cached. Integer
    division by zero is not checked for (it gives 0), so that loops vectorise. A constant argument is compiled as any
    other of its type, not once more by itself.
    """
    folder = _own_cache_folder()
    compiled: Any
    if folder is None:
        compiled = numba.njit(nogil=True, error_model="numpy")(function)
    else:
        with _numba_cache_at(folder):
            compiled = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    find: Any = getattr(compiled, "get_call_template", None)
    if find is None:  # NUMBA_DISABLE_JIT: nothing is compiled
        return compiled

    def find_for_types(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        return find(tuple(map(types.unliteral, arguments)), {k: types.unliteral(v) for k, v in keywords.items()})

    compiled.get_call_template = find_for_types
    return compiled
