"""Signs drawn by us: a shape for each verdict word, so that colour is never the only sign, and the player's."""

from collections.abc import Mapping
from typing import Final

from corrigible.report.markup import Svg, element
from corrigible.types import VerdictWord

_RING: Final = "M12 2A10 10 0 1 1 12 22A10 10 0 1 1 12 2Z"

VERDICT_CLASS: Final[Mapping[VerdictWord, str]] = {
    "reproduced": "reproduced",
    "not reproduced": "refuted",
    "mixed": "mixed",
    "inconclusive": "open",
    "untested": "untested",
}

_VERDICT_PATHS: Final[Mapping[VerdictWord, tuple[str, str]]] = {
    "reproduced": (_RING, "M6.5 12.5L10.5 16.5L17.5 8"),
    "not reproduced": (_RING, "M7.5 7.5L16.5 16.5M16.5 7.5L7.5 16.5"),
    "mixed": (_RING, "M12 2A10 10 0 0 1 12 22Z"),
    "inconclusive": (_RING, "M8.5 9.5A3.5 3.5 0 1 1 12 13V14.5M12 17.5V18"),
    "untested": (_RING, "M7 12H17"),
}

_CONTROLS: Final[Mapping[str, str]] = {
    "play": "M7 4V20L20 12Z",
    "pause": "M6 4H10V20H6ZM14 4H18V20H14Z",
    "back": "M6 4H9V20H6ZM20 4V20L10 12Z",
    "forward": "M15 4H18V20H15ZM4 4V20L14 12Z",
}


def verdict_icon(word: VerdictWord) -> Svg:
    """The sign of a verdict; it stands beside the word, so it is hidden from those who hear the page."""
    ring, sign = _VERDICT_PATHS[word]
    attributes = {"class": "sign", "viewBox": "0 0 24 24", "aria-hidden": "true"}
    filled = "currentColor" if word == "mixed" else None
    return element("svg", attributes, element("path", {"d": ring}), element("path", {"d": sign, "fill": filled}))


def control_icon(name: str) -> Svg:
    """The sign on a button of the player: "play", "pause", "back", "forward"."""
    attributes = {"class": f"sign {name}", "viewBox": "0 0 24 24", "aria-hidden": "true"}
    return element("svg", attributes, element("path", {"d": _CONTROLS[name]}))


def favicon() -> str:
    """The page's icon as a data address, so that opening the file asks nothing of any network."""
    return (
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Ccircle cx='12' cy='12' "
        "r='10' fill='%230072B2'/%3E%3Cpath d='M6.5 12.5L10.5 16.5L17.5 8' fill='none' stroke='white' "
        "stroke-width='2.5'/%3E%3C/svg%3E"
    )
