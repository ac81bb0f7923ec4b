"""A Markov chain in a small JSON file, so that people can ask of chains that they know.

    {"corrigible_ngram": 1, "order": 1, "vocabulary": ["sun", "rain"],
     "probabilities": {"sun": {"sun": 0.9, "rain": 0.1}, "rain": [0.5, 0.5]}}

order: how many tokens the next one depends on, so the window. A key is a window, its tokens parted by one blank, the
oldest first; a value is a list in the order of the vocabulary, or an object in which what is missing is 0. Windows that
are not named get "otherwise", if that is given.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact.windows import TOLERANCE, WindowChain, count_windows
from corrigible.chains.sources import from_table
from corrigible.errors import BadInput

VERSION: Final = 1
LARGEST: Final = 64 << 20
"""Bytes of a file."""

KEYS: Final = {"corrigible_ngram", "order", "vocabulary", "probabilities"}
OPTIONAL: Final = {"otherwise", "title"}


def read_ngram(path: Path) -> WindowChain:
    """Read such a file. Raises BadInput with what is wrong in it, and where."""
    told = _loaded(path)
    vocabulary, order = _vocabulary(told, path), told["order"]
    if type(order) is not int or order < 1:
        raise _refused(path, f"order {order!r}", "it is a whole number, at least 1")
    count_windows(len(vocabulary), order)
    places = {word: k for k, word in enumerate(vocabulary)}
    given = told["probabilities"]
    if not isinstance(given, dict):
        raise _refused(path, "probabilities", "they are an object: window -> probabilities")
    table: dict[tuple[int, ...], NDArray[np.float64]] = {}
    for key, value in cast(dict[str, Any], given).items():
        words = key.split(" ")
        unknown = [word for word in words if word not in places]
        if unknown or len(words) != order:
            raise _refused(path, f"window {key!r}", f"it is {order} tokens of the vocabulary, parted by one blank")
        table[tuple(places[word] for word in words)] = _law(value, places, f"after {key!r}", path)
    otherwise = _law(told["otherwise"], places, "otherwise", path) if "otherwise" in told else None
    return from_table(vocabulary, order, table, otherwise)


def _loaded(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise _refused(path, f"{path.stat().st_size} bytes", f"it has at most {LARGEST}")
        told = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(path, "the file", f"it can be read: {error}") from error
    except (ValueError, RecursionError) as error:
        raise _refused(path, "the file", f"it is JSON: {error}") from error
    if not isinstance(told, dict) or not set(cast(dict[str, Any], told)) >= KEYS:
        raise _refused(path, "the file", f"it is an object with {', '.join(sorted(KEYS))}")
    told = cast(dict[str, Any], told)
    strange = sorted(set(told) - KEYS - OPTIONAL)
    if strange:
        raise _refused(path, f"key {strange[0]!r}", f"keys are {', '.join(sorted(KEYS | OPTIONAL))}")
    if told["corrigible_ngram"] != VERSION:
        raise _refused(path, f"version {told['corrigible_ngram']!r}", f"this Corrigible reads {VERSION}")
    return told


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _vocabulary(told: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    given = told["vocabulary"]
    words = cast(list[Any], given) if isinstance(given, list) else []
    if not words or not all(isinstance(word, str) and word and len(word.split()) == 1 for word in words):
        raise _refused(path, "vocabulary", "it is a list of words, none of them empty or with a blank in it")
    if len(set(words)) != len(words):
        raise _refused(path, "vocabulary", "every word is in it once")
    return tuple(words)


def _law(value: Any, places: Mapping[str, int], where: str, path: Path) -> NDArray[np.float64]:
    found = np.zeros(len(places))
    if isinstance(value, dict):
        for word, p in cast(dict[str, Any], value).items():
            if word not in places:
                raise _refused(path, f"token {word!r} {where}", "it is in the vocabulary")
            found[places[word]] = _probability(p, where, path)
    elif isinstance(value, list) and len(cast(list[Any], value)) == len(places):
        found[:] = [_probability(p, where, path) for p in cast(list[Any], value)]
    else:
        raise _refused(path, f"probabilities {where}", f"they are a list of {len(places)} numbers, or an object")
    if not math.isclose(float(found.sum()), 1.0, abs_tol=TOLERANCE):
        raise _refused(path, f"probabilities {where} that sum to {found.sum():.6g}", "they sum to 1")
    return found


def _probability(value: Any, where: str, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise _refused(path, f"probability {value!r} {where}", "it is a number from 0 to 1")
    return float(value)


def _refused(path: Path, value: str, rule: str) -> BadInput:
    return BadInput(value=f"{path}: {value}", rule=rule, remedy="mend the file (docs/chains.md has an example)")
