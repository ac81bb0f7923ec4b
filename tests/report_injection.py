"""Content of a report in which every supplied text tries to break out of the page."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from corrigible.report.content import ReportContent

PAYLOAD: Final = (
    """ "'><img src=x onerror="window.injected=1"></title></style></svg><script>window.injected=1</script>"""
    """{{ 7 * 7 }}{% raw %}<!-- ]]> &lt; \u202e"""
)
CLOSED: Final = frozenset({"role", "stage", "preset", "word", "state", "direction", "kind", "goal", "reads"})
"""Fields with a closed set of values, which no run can fill with text of its own."""

PICTURES: Final = frozenset({"svg", "frames"})


def injected(content: ReportContent) -> ReportContent:
    """The same content with the payload at the end of every text; pictures are left as they are."""
    return _injected(content)


def _injected(value: Any, name: str = "") -> Any:
    if name in CLOSED or name in PICTURES:
        return value
    if isinstance(value, str):
        return value + PAYLOAD
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{item.name: _injected(getattr(value, item.name), item.name) for item in fields(value)})
    if isinstance(value, tuple):
        return tuple(_injected(item, name) for item in value)
    if isinstance(value, Mapping):
        return {key + PAYLOAD: _injected(item, name) for key, item in value.items()}
    return value
