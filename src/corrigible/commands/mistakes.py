"""What tyro says about a mistake on the command line, in one line instead of a box."""

import re
from collections.abc import Set
from typing import Final

from corrigible.errors import one_line

_DECORATION: Final = re.compile(r"\x1b\[[0-9;]*m|[╭╮╰╯│]")
_TITLE: Final = re.compile(r"^\s*─+[^─\n]+─+\s*$", re.MULTILINE)
_RULED_OFF: Final = re.compile(r"─{2,}|-{6,}")  # dashes where the terminal knows ASCII alone
_REMARKS: Final = re.compile(
    r"Got errors:.*|Argument helptext:.*|For full helptext.*|Arguments are applied.*", re.DOTALL
)
_ASIDES: Final = re.compile(r" \(applied to [^)]*\)| \(required\)|'None', |, 'None'| or misplaced")
_NO_TYPE: Final = re.compile(
    r"Error parsing (\S+): no type matching \{None\}\|(.+?) could be instantiated from \[(.*?)\]"
)
_OPTION: Final = re.compile(r"--(?!help\b)[a-z][a-z-]*")


def in_one_line(box: str) -> str:
    """The words of an error box without its frame, title, help text and traces of types; "" where there are none."""
    raw = [one_line(_REMARKS.sub("", part)) for part in _RULED_OFF.split(_unframed(box))]
    given = {option for part in raw if part.startswith("Unrecognized") for option in _OPTION.findall(part)}
    parts = [_told(part, given) for part in raw]
    return "; ".join(part for part in parts if part)


def _unframed(box: str) -> str:
    return _TITLE.sub(" ", _DECORATION.sub(" ", box))


def _told(part: str, given: Set[str]) -> str:
    if part.startswith("Perhaps you meant"):  # an option of that very name belongs to another command
        return f"perhaps you meant {', '.join(x for x in dict.fromkeys(_OPTION.findall(part)) if x not in given)}"
    return _NO_TYPE.sub(r"\1 \3: it must be \2", _ASIDES.sub("", part)).rstrip(".")
