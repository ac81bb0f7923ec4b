"""Minari data sets as logs: by folder, or by the identifier of a data set that is on this machine.

Needs the extra `corrigible[minari]`; nothing is downloaded.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np

from corrigible.errors import BadInput
from corrigible.logs.jsonl import text_symbol
from corrigible.logs.schema import Log
from corrigible.types import Array

IDENTIFIER: Final = re.compile(r"([-\w]+/)*[-\w]+-v\d+")
METADATA: Final = "metadata.json"


def minari_folder(name: str) -> Path | None:
    """The data folder that `name` means: a data set's folder, its `data` folder, or a local identifier; or None."""
    root = Path(os.environ.get("MINARI_DATASETS_PATH") or Path.home() / ".minari" / "datasets")
    folders = [Path(name)] + ([root / name] if IDENTIFIER.fullmatch(name) else [])
    candidates = (candidate for folder in folders for candidate in (folder / "data", folder))
    return next((candidate for candidate in candidates if (candidate / METADATA).is_file()), None)


def read_minari(folder: Path, *, source: str) -> Log:
    """Read the data set whose metadata lie in `folder`.

    The last observation of an episode, which no action answered, is left out. Dictionaries and tuples are laid out in
    one row by key; images (whole numbers with two axes or more) and texts are hashed to 52 bits.

    Raises:
        BadInput: Minari is not installed, or the data set cannot be read.
    """
    minari = _import_minari(source)
    _require_spaces(folder, source)
    try:
        episodes = list(minari.MinariDataset(folder).iterate_episodes())
        return _log(episodes, source)
    except ImportError as error:
        raise _missing(source, error) from error
    except (OSError, KeyError, ValueError, TypeError, IndexError, RuntimeError, AssertionError) as error:
        raise BadInput(
            value=f"Minari data set {source}",
            rule=f"it must be readable by Minari {minari.__version__} ({type(error).__name__}: {error})",
            remedy="check it with `minari show`, or write it again",
        ) from error


def _import_minari(source: str) -> Any:
    try:
        import minari
    except ImportError as error:
        raise _missing(source, error) from error
    return minari


def _missing(source: str, error: ImportError) -> BadInput:
    return BadInput(
        value=f"Minari data set {source}",
        rule=f"reading it needs the extra corrigible[minari] ({error})",
        remedy='pip install "corrigible[minari]"',
    )


def _require_spaces(folder: Path, source: str) -> None:
    """Without stored spaces Minari would build the environment that the file names, and so run its code."""
    try:
        metadata = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(
            value=f"Minari data set {source}", rule=f"{METADATA} must be JSON ({error})", remedy="write it again"
        ) from error
    if not isinstance(metadata, dict) or not {"observation_space", "action_space"} <= metadata.keys():
        raise BadInput(
            value=f"Minari data set {source}",
            rule=f"{METADATA} must hold observation_space and action_space",
            remedy="write it again with both spaces",
        )


def _log(episodes: Sequence[Any], source: str) -> Log:
    lengths = np.array([len(episode.rewards) for episode in episodes], dtype=np.int64)
    if not episodes:
        return _empty(source)
    return Log(
        source=source,
        episodes=tuple(str(episode.id) for episode in episodes),
        lengths=lengths,
        observation=_rows([episode.observations for episode in episodes], lengths),
        action=_rows([episode.actions for episode in episodes], lengths),
        reward=np.concatenate([np.asarray(episode.rewards, dtype=np.float64) for episode in episodes]),
        terminated=np.concatenate([np.asarray(episode.terminations, dtype=np.bool_) for episode in episodes]),
        truncated=np.concatenate([np.asarray(episode.truncations, dtype=np.bool_) for episode in episodes]),
    )


def _empty(source: str) -> Log:
    nothing = np.zeros(0)
    flags = np.zeros(0, dtype=np.bool_)
    return Log(
        source=source,
        episodes=(),
        lengths=np.zeros(0, dtype=np.int64),
        observation=None,
        action=nothing,
        reward=nothing,
        terminated=flags,
        truncated=flags,
    )


def _rows(values: Sequence[Any], lengths: Array) -> Array:
    return np.concatenate([_row_for_each_step(item, int(steps)) for item, steps in zip(values, lengths, strict=True)])


def _row_for_each_step(value: Any, steps: int) -> Array:
    """(steps, ...): a single array keeps its shape, several are laid side by side."""
    leaves = [leaf[:steps] for leaf in _leaves(value)]
    if len(leaves) == 1:
        return leaves[0]
    return np.concatenate([leaf.reshape(steps, -1) for leaf in leaves], axis=1)


def _leaves(value: Any) -> list[Array]:
    if isinstance(value, Mapping):
        return [leaf for key in sorted(value) for leaf in _leaves(value[key])]
    if isinstance(value, tuple):
        return [leaf for item in value for leaf in _leaves(item)]
    array = np.asarray(value)
    if array.dtype.kind in "US":
        return [np.array([text_symbol(str(text)) for text in array], dtype=np.int64)]
    if array.dtype.kind in "biu" and array.ndim > 2:
        return [np.array([_image_symbol(image) for image in array], dtype=np.int64)]
    if array.dtype.kind not in "biuf":
        raise TypeError(f"an array of {array.dtype} is neither numbers nor text")
    return [array]


def _image_symbol(image: Array) -> int:
    digest = blake2b(np.ascontiguousarray(image).tobytes(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 12
