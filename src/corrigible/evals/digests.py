"""Held-out items as salted digests: anyone with the salt can look for them, nobody can read them. And canaries.

A line is an item. HMAC-SHA256 (RFC 2104) keyed with the salt, of the text in Unicode form NFKC, case folded, white
space as single spaces, so that a copy with other spacing or capitals is still found; one that was reworded is not.
Where lines are JSON objects, the item is the text of a field, or any text in them. `corrigible gap digest`, `check`,
`canary`; `salt` and `mark` make new ones.
"""

import hmac
import json
import re
import secrets
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from corrigible.errors import BadInput

LEAST_SALT: Final = 16
"""Bytes; a shorter salt can be guessed, and with it every item that can be guessed."""

LEAST_CANARY: Final = 16
"""Characters; a shorter one may stand in a text by chance."""

ANY_TEXT: Final = "*"
"""In place of a field: every text of a JSON line, at any depth."""

DEEPEST: Final = 50
"""Lists and objects within each other that are looked through."""

NEW_SALT: Final = 32
"""Bytes of a salt that we make."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def read_salt(path: Path) -> bytes:
    """All bytes of a salt file. BadInput where it cannot be read or holds fewer than 16."""
    salt = _read(path)
    if len(salt) < LEAST_SALT:
        raise BadInput(
            value=f"{path}, {len(salt)} bytes",
            rule=f"a salt has at least {LEAST_SALT}, or it can be guessed",
            remedy="write random bytes there and keep them secret",
        )
    return salt


def new_salt() -> bytes:
    """32 random bytes of the operating system."""
    return secrets.token_bytes(NEW_SALT)


def new_canary(name: str) -> str:
    """A line to put into every file of an eval: its name, and 128 random bits that stand nowhere else.

    Raises:
        BadInput: a name of no or more than 100 characters, or with a line break.
    """
    if not (0 < len(name.strip()) <= 100 and name.isprintable()):
        raise BadInput(
            value=f"name {name!r:.60}", rule="it has 1 to 100 printable characters", remedy="give the eval's name"
        )
    bits = secrets.token_hex(16)
    parts = "-".join((bits[:8], bits[8:12], bits[12:16], bits[16:20], bits[20:]))
    return f"{name.strip()} is an eval and must not be trained on. canary {parts}"


def read_items(path: Path, field: str | None = None) -> tuple[tuple[int, str], ...]:
    """Items of a UTF-8 file as (line from 1, text), blank lines left out.

    field: lines are JSON objects, and the item is the text at this key (a.b: within another), or `ANY_TEXT`: each text.

    Raises:
        BadInput: it cannot be read, is no UTF-8, holds no item, or a line is no JSON object with that text.
    """
    lines = ((place, line) for place, line in enumerate(_lines(path), start=1) if line.strip())
    if field is None:
        found = tuple(lines)
    else:
        found = tuple((place, text) for place, line in lines for text in _texts(line, field, f"{path}, line {place}"))
    if not found:
        raise BadInput(value=str(path), rule="it must hold at least one item", remedy="write one item a line")
    return found


def digest(item: str, salt: bytes) -> str:
    """64 hexadecimal digits of one item."""
    folded = " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", item).casefold()).split())
    return hmac.new(salt, folded.encode("utf-8", "surrogatepass"), "sha256").hexdigest()


def digests_of(path: Path, salt: bytes, field: str | None = None) -> tuple[str, ...]:
    """Digests of the items of a file, each once, sorted: the order of items is not told either. BadInput as above."""
    if field == ANY_TEXT:
        raise BadInput(value="field *", rule="items are the texts of one field", remedy="name it")
    return tuple(sorted({digest(item, salt) for _, item in read_items(path, field)}))


def read_digests(path: Path) -> frozenset[str]:
    """Digests as `digest` writes them, one a line. BadInput names the first line that is none."""
    found = read_items(path)
    for place, line in found:
        if not _DIGEST.fullmatch(line.strip()):
            raise BadInput(
                value=f"{path}, line {place}",
                rule="a digest is 64 hexadecimal digits in small letters",
                remedy="give what `corrigible gap digest` wrote; the text of held-out items does not belong there",
            )
    return frozenset(line.strip() for _, line in found)


def lines_among(path: Path, digests: frozenset[str], salt: bytes, field: str | None = None) -> tuple[int, ...]:
    """Lines (from 1) of a file that are held-out items, or hold one in `field` (as in `read_items`)."""
    return tuple(
        dict.fromkeys(place for place, item in read_items(path, field) if digest(item, salt) in digests)
    )  # each once


def lines_with_canary(path: Path, canary: str) -> tuple[int, ...]:
    """Lines (from 1) of a file in which the canary stands, as it is written.

    Raises:
        BadInput: a canary of fewer than 16 characters or with a line break, or a file that cannot be read or is empty.
    """
    if len(canary.strip()) < LEAST_CANARY or len(canary.splitlines()) != 1:
        raise BadInput(
            value=f"canary {canary!r:.60}",
            rule=f"a canary is one line of at least {LEAST_CANARY} characters, or it is found by chance",
            remedy="use a random identifier",
        )
    data = _read(path)
    if not data:
        raise BadInput(value=str(path), rule="it must not be empty", remedy="give the text to look through")
    sought = canary.encode("utf-8", "surrogateescape")
    return tuple(place for place, line in enumerate(data.split(b"\n"), start=1) if sought in line)


def _texts(line: str, field: str, where: str) -> Iterator[str]:
    """Texts of one JSON line; errors do not tell what stands in it."""
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadInput(
            value=where, rule="with --field a line is one JSON object", remedy="leave --field out, or mend it"
        )
    if field == ANY_TEXT:
        yield from (text for text in _all_texts(found, DEEPEST) if text.strip())
        return
    for key in field.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, str) or not found.strip():
        raise BadInput(
            value=f"{where}: {field}", rule="there must be text", remedy="name another field, or mend the line"
        )
    yield found


def _all_texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and depth:
        for part in value.values() if isinstance(value, dict) else value:
            yield from _all_texts(part, depth - 1)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            value=str(path), rule=f"it must be a file that can be read ({error.strerror})", remedy="give another path"
        ) from error


def _lines(path: Path) -> list[str]:
    try:
        return _read(path).decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise BadInput(value=str(path), rule="it must be UTF-8 text", remedy="save it as UTF-8") from error
