"""SVG as a type: an `Svg` is markup whose every text and attribute was escaped when it was built.

Only this module and sanitise.py make one; templates take it as safe because it answers `__html__`.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from corrigible.errors import CorrigibleError

_NAME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*")

AttributeValue: TypeAlias = str | float | int | None


@dataclass(frozen=True, kw_only=True)
class Svg:
    """A fragment of SVG that is safe to stand in a page."""

    markup: str

    def __html__(self) -> str:
        """The markup; autoescaping templates ask for it."""
        return self.markup


EMPTY: Final = Svg(markup="")


def element(name: str, attributes: Mapping[str, AttributeValue], *children: Svg | str) -> Svg:
    """One element; text and attribute values are escaped, attributes that are None are left out.

    Raises CorrigibleError where a name is no plain name: names are written by us and never supplied.
    """
    for word in (name, *attributes):
        if not _NAME.fullmatch(word):
            raise CorrigibleError(
                value=f"name {word!r}",
                rule="names of elements and attributes are plain words",
                remedy="mend the caller",
            )
    written = "".join(f' {key}="{_attribute(value)}"' for key, value in attributes.items() if value is not None)
    return Svg(markup=f"<{name}{written}>{group(*children).markup}</{name}>")


def group(*children: Svg | str) -> Svg:
    """Fragments one after the other; text is escaped."""
    return Svg(markup="".join(c.markup if isinstance(c, Svg) else html.escape(c, quote=False) for c in children))


def text(attributes: Mapping[str, AttributeValue], content: str) -> Svg:
    """A text element."""
    return element("text", attributes, content)


def percent(value: float) -> str:
    """A coordinate as a share of the plot, so that plots stretch while dots and letters keep their size."""
    return f"{compact(value)}%"


def compact(value: float) -> str:
    """A coordinate with at most two decimals and no trailing zeros."""
    written = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if written in ("-0", "") else written


def _attribute(value: str | float) -> str:
    return html.escape(value if isinstance(value, str) else compact(value), quote=True)
