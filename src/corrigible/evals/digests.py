"""Held-out items as salted digests: anyone with the salt can look for them, nobody can read them. And canaries.

A line is an item. HMAC-SHA256 (RFC 2104) keyed with the salt, of the text in Unicode form NFKC, case folded, white
space as single spaces, so that a copy with other spacing or capitals is still found; one that was reworded is not.
`corrigible gap digest`, `check`, `canary`.
"""

import hmac
import re
import unicodedata
from pathlib import Path
from typing import Final

from corrigible.errors import BadInput

LEAST_SALT: Final = 16
"""Bytes; a shorter salt can be guessed, and with it every item that can be guessed."""

LEAST_CANARY: Final = 16
"""Characters; a shorter one may stand in a text by chance."""

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


def read_items(path: Path) -> tuple[tuple[int, str], ...]:
    """Items of a UTF-8 file as (line from 1, text), blank lines left out.

    Raises:
        BadInput: it cannot be read, is no UTF-8, or holds no item.
    """
    found = tuple((place, line) for place, line in enumerate(_lines(path), start=1) if line.strip())
    if not found:
        raise BadInput(value=str(path), rule="it must hold at least one item", remedy="write one item a line")
    return found


def digest(item: str, salt: bytes) -> str:
    """64 hexadecimal digits of one item."""
    folded = " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", item).casefold()).split())
    return hmac.new(salt, folded.encode("utf-8", "surrogatepass"), "sha256").hexdigest()


def digests_of(path: Path, salt: bytes) -> tuple[str, ...]:
    """Digests of the items of a file, each once, sorted: the order of items is not told either."""
    return tuple(sorted({digest(item, salt) for _, item in read_items(path)}))


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


def lines_among(path: Path, digests: frozenset[str], salt: bytes) -> tuple[int, ...]:
    """Lines (from 1) of a file that are held-out items."""
    return tuple(place for place, item in read_items(path) if digest(item, salt) in digests)


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
