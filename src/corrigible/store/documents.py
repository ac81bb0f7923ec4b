"""Strict JSON documents: bounded, no duplicate keys, no NaN, every field checked, sealed by their own sha256."""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, NoReturn, TypeAlias, TypeVar

import numpy as np

from corrigible.errors import BadInput, CorruptFile, NewerSchema
from corrigible.store.files import sha256_of

JsonObject: TypeAlias = Mapping[str, Any]
"""A JSON object: keys are text; values are null, bool, number, text, lists and objects of these."""

LARGEST_DOCUMENT: Final = 64 * 2**20
"""Bytes; a manifest or row beyond this is refused when written, and when read from a foreign folder."""

SEAL: Final = "sha256"
_NOT_FINITE: Final[Mapping[str, float]] = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}

Choice = TypeVar("Choice", bound=str)


def parse(data: bytes, *, name: str, remedy: str) -> dict[str, Any]:
    """The object in `data`.

    Raises:
        CorruptFile: it is no JSON object in UTF-8, repeats a key, or holds NaN or a number beyond float64.
    """
    try:
        document = json.loads(
            data.decode(), object_pairs_hook=_unique, parse_constant=_not_json, parse_float=_finite_number
        )
    except RecursionError as error:
        raise CorruptFile(value=name, rule="it must be JSON, but nests too deeply", remedy=remedy) from error
    except ValueError as error:
        raise CorruptFile(value=name, rule=f"it must be JSON, but {error}", remedy=remedy) from error
    if not isinstance(document, dict):
        raise CorruptFile(value=name, rule="it must hold one JSON object", remedy=remedy)
    return document


def render(document: JsonObject, *, name: str) -> bytes:
    """`document` as indented JSON with sorted keys.

    Raises:
        BadInput: it is not JSON (NaN, infinity, other types than JSON has) or larger than `LARGEST_DOCUMENT`.
    """
    try:
        data = json.dumps(document, indent=1, sort_keys=True, allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise BadInput(
            value=name, rule=f"it must be JSON, but {error}", remedy="use text, finite numbers, lists and objects"
        ) from error
    if len(data) > LARGEST_DOCUMENT:
        raise BadInput(
            value=f"{name} has {len(data)} bytes", rule=f"at most {LARGEST_DOCUMENT}", remedy="store arrays instead"
        )
    return data


def seal(document: JsonObject) -> dict[str, Any]:
    """A copy with the sha256 of its own canonical form, so that any later change of a value shows."""
    return {**document, SEAL: _digest(document)}


def check_seal(document: JsonObject, *, name: str, remedy: str) -> None:
    """CorruptFile unless `document` is as `seal` left it."""
    if document.get(SEAL) != _digest({key: value for key, value in document.items() if key != SEAL}):
        raise CorruptFile(value=name, rule="its content differs from its own sha256", remedy=remedy)


def encode_row(row: JsonObject, *, name: str) -> tuple[dict[str, Any], dict[str, str]]:
    """(strict JSON, {JSON pointer: "nan" | "inf" | "-inf"}): JSON has no such numbers, so null stands there.

    The second part is what `decode_row` needs to tell them from a true null. NumPy scalars become plain numbers.

    Raises:
        BadInput: a value has no place in JSON, or a key is not text.
    """
    found: dict[str, str] = {}
    try:
        return _encode(dict(row), "", found, name), found
    except RecursionError as error:
        raise BadInput(value=name, rule="it nests too deeply", remedy="make it flatter") from error


def decode_row(row: dict[str, Any], not_finite: Mapping[str, str], *, name: str, remedy: str) -> dict[str, Any]:
    """Put NaN and infinities back where `encode_row` found them (RFC 6901 pointers). Changes and returns `row`.

    Raises:
        CorruptFile: a pointer leads nowhere, or not to a null.
    """
    for pointer, word in not_finite.items():
        try:
            *path, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
            holder: Any = row
            for part in path:
                holder = holder[_index(holder, part)]
            place = _index(holder, last)
            if holder[place] is not None:
                raise ValueError("not null")
            holder[place] = _NOT_FINITE[word]
        except (LookupError, TypeError, ValueError) as error:
            raise CorruptFile(
                value=f"{name} at {pointer}", rule=f"null must stand for {word}", remedy=remedy
            ) from error
    return row


class Fields:
    """Reads a parsed document field by field; every fault is a CorruptFile that names document and field."""

    def __init__(self, document: JsonObject, *, name: str, remedy: str) -> None:
        self._document, self._name, self._remedy = document, name, remedy

    def require(self, *, schema: int, keys: frozenset[str]) -> None:
        """The schema is known, and exactly the `keys` are there. NewerSchema for a later one."""
        found = self._document.get("schema")
        if not isinstance(found, int) or isinstance(found, bool) or found < 1:
            self._refuse("schema", "a whole number from 1 up")
        if found > schema:
            raise NewerSchema(
                value=f"{self._name} has schema {found}",
                rule=f"this Corrigible reads schemas up to {schema}",
                remedy="install a newer Corrigible",
            )
        wrong = sorted(keys.symmetric_difference(self._document))
        if wrong:
            self._refuse(wrong[0][:60], "there, and no other field beside the known ones")

    def text(self, key: str) -> str:
        """A string."""
        value = self._document[key]
        return value if isinstance(value, str) else self._refuse(key, "text")

    def number(self, key: str) -> int:
        """A whole number from 0 up."""
        value = self._document[key]
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        return value if whole else self._refuse(key, "a whole number from 0 up")

    def sha256(self, key: str) -> str:
        """64 hexadecimal digits."""
        value = self.text(key)
        return value if is_sha256(value) else self._refuse(key, "a sha256")

    def moment(self, key: str) -> str:
        """A moment with its time zone, in ISO 8601."""
        value = self.text(key)
        try:
            zoned = datetime.fromisoformat(value).tzinfo is not None
        except ValueError:
            zoned = False
        return value if zoned else self._refuse(key, "a moment in ISO 8601 with its time zone")

    def choice(self, key: str, known: tuple[Choice, ...]) -> Choice:
        """One of the known words."""
        value = self.text(key)
        for word in known:
            if word == value:
                return word
        return self._refuse(key, f"one of {', '.join(known)}")

    def object(self, key: str) -> dict[str, Any]:
        """An object."""
        value = self._document[key]
        return value if isinstance(value, dict) else self._refuse(key, "an object")

    def objects(self, key: str) -> tuple[dict[str, Any], ...]:
        """A list of one object or more."""
        value = self._document[key]
        if not (isinstance(value, list) and value and all(isinstance(item, dict) for item in value)):
            self._refuse(key, "a list of one object or more")
        return tuple(value)

    def texts(self, key: str) -> dict[str, str]:
        """An object whose values are text."""
        value = self.object(key)
        return value if all(isinstance(item, str) for item in value.values()) else self._refuse(key, "names with text")

    def text_lists(self, key: str) -> dict[str, tuple[str, ...]]:
        """An object whose values are lists of text."""
        value = self.object(key)
        if not all(isinstance(item, list) and all(isinstance(text, str) for text in item) for item in value.values()):
            self._refuse(key, "names with lists of text")
        return {name: tuple(item) for name, item in value.items()}

    def digests(self, key: str) -> dict[str, str]:
        """An object whose values are sha256."""
        value = self.texts(key)
        return value if all(is_sha256(item) for item in value.values()) else self._refuse(key, "names with sha256")

    def _refuse(self, key: str, expected: str) -> NoReturn:
        raise CorruptFile(value=f"{self._name}: field {key!r}", rule=f"it must be {expected}", remedy=self._remedy)


def is_sha256(text: str) -> bool:
    """True for 64 lower-case hexadecimal digits."""
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _digest(document: JsonObject) -> str:
    return sha256_of(json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode())


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key appears twice in one object")
    return document


def _not_json(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is beyond float64")
    return number


def _encode(value: Any, pointer: str, found: dict[str, str], name: str) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        found[pointer] = _word(value)
        return None
    if isinstance(value, Mapping):
        return {
            _key(key, pointer, name): _encode(item, f"{pointer}/{_escape(key)}", found, name)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_encode(item, f"{pointer}/{index}", found, name) for index, item in enumerate(value)]
    raise BadInput(
        value=f"{name}{pointer} is a {type(value).__name__}",
        rule="a row holds null, bool, numbers, text, lists and objects",
        remedy="store arrays in `arrays`, or convert it",
    )


def _word(value: float) -> Literal["nan", "inf", "-inf"]:
    if math.isnan(value):
        return "nan"
    return "inf" if value > 0 else "-inf"


def _key(key: Any, pointer: str, name: str) -> str:
    if not isinstance(key, str):
        raise BadInput(value=f"{name}{pointer} has key {key!r}", rule="keys are text", remedy="use str(key)")
    return key


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _index(holder: Any, part: str) -> str | int:
    return int(part) if isinstance(holder, list) else part
