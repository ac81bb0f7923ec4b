"""Documents that people write (YAML), read strictly: an unknown key or a wrong value is refused with file and line."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from corrigible.errors import BadInput

LARGEST: Final = 1 << 20
"""Bytes; a document that a person writes is shorter."""

DEEPEST: Final = 20
"""Lists and keys within each other; more would exhaust the stack."""

_Key: TypeAlias = str | int
_Lines: TypeAlias = dict[tuple[_Key, ...], int]
_MERGE: Final = "tag:yaml.org,2002:merge"


class Document(BaseModel):
    """Base of every record that a document holds: unknown keys are refused, values are not converted, it is frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


D = TypeVar("D", bound=Document)


def fault(message: str, *place: str | int) -> ValidationError:
    """What a validator raises about the part `place` of its value: keys, indices, rows (from 0) of a literal block."""
    said = PydanticCustomError("fault", "{said}", {"said": message})
    return ValidationError.from_exception_data("document", [InitErrorDetails(type=said, loc=place, input=None)])


def read_document(path: Path, kind: type[D], *, context: Any = None) -> D:
    """Read `path` as one `kind`; BadInput names file, line and reason where it cannot be read or is not one.

    `context` is handed to the validators of `kind`.
    """
    return read_document_and_bytes(path, kind, context=context)[0]


def read_document_and_bytes(path: Path, kind: type[D], *, context: Any = None) -> tuple[D, bytes]:
    """As `read_document`, with the very bytes that were judged, for whoever digests or copies them."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(
            value=str(path), rule=f"it must be a file that can be read ({error.strerror})", remedy="give another path"
        ) from error
    if len(data) > LARGEST:
        raise BadInput(value=f"{path}, {len(data)} bytes", rule=f"at most {LARGEST} bytes", remedy="make it shorter")
    try:
        return parse_document(data.decode("utf-8"), kind, source=str(path), context=context), data
    except UnicodeDecodeError as error:
        raise BadInput(value=str(path), rule="it must be UTF-8 text", remedy="save it as UTF-8") from error


def parse_document(text: str, kind: type[D], *, source: str, context: Any = None) -> D:
    """Parse `text` as one `kind`; `source` names it in errors. Raises BadInput with line and reason."""
    try:
        _refuse_knots(text, source)
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise BadInput(
            value=f"{source}{line}",
            rule=f"it must be YAML ({getattr(error, 'problem', None) or 'not readable'})",
            remedy="mend the syntax there",
        ) from error
    if tree is None:
        raise BadInput(value=source, rule="it must not be empty", remedy="write the document")
    lines: _Lines = {}
    plain = _plain(tree, (), lines, source)
    try:
        return kind.model_validate(plain, context=context)
    except ValidationError as error:
        first: Any = error.errors()[0]
        place: tuple[_Key, ...] = tuple(part for part in first["loc"] if isinstance(part, str | int))
        raise BadInput(
            value=f"{source}, line {lines[_written(place, lines)]}: {_named(place, lines)}",
            rule=str(first["msg"]).removeprefix("Value error, "),
            remedy="correct that line",
        ) from error


def _refuse_knots(text: str, source: str) -> None:
    """Raise BadInput where the text refers to an earlier part of itself (it could grow without end) or is too deep."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > DEEPEST:
            raise BadInput(
                value=f"{source}, line {event.start_mark.line + 1}",
                rule=f"a document has no aliases (*name) and at most {DEEPEST} levels",
                remedy="write it out there",
            )


def _written(place: tuple[_Key, ...], lines: _Lines) -> tuple[_Key, ...]:
    """The part of the place that was written: a missing key was not, nor the tag that pydantic adds for a union."""
    found: tuple[_Key, ...] = ()
    for part in place:
        if (*found, part) in lines:
            found = (*found, part)
    return found


def _named(place: tuple[_Key, ...], lines: _Lines) -> str:
    written = _written(place, lines)
    missing = place[-1:] if written[-1:] != place[-1:] else ()
    return ".".join(map(str, (*written, *missing))) or "document"


def _plain(node: yaml.Node, place: tuple[_Key, ...], lines: _Lines, source: str) -> Any:
    """Lists, dicts and scalars, with the line of each place; raises BadInput where a key is no text or stands twice."""
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[_Key, Any] = {}
        for key_node, value_node in node.value:
            key = _scalar(key_node, source) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str | int) or key in found or key_node.tag == _MERGE:
                raise BadInput(
                    value=f"{source}, line {key_node.start_mark.line + 1}: {key_node.value!r:.60}",
                    rule="a key is a text or a whole number and stands once",
                    remedy="rename or remove it",
                )
            lines[(*place, key)] = key_node.start_mark.line + 1
            found[key] = _plain(value_node, (*place, key), lines, source)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*place, index), lines, source) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode) and node.style == "|":
        first = node.start_mark.line + 2
        lines.update({(*place, row): first + row for row in range(len(node.value.splitlines()))})
    return _scalar(node, source)


def _reason(error: Exception) -> str:
    return str(getattr(error, "problem", None) or error)


def _scalar(node: yaml.Node, source: str) -> Hashable:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)  # type: ignore[no-any-return]
    except (yaml.YAMLError, ValueError) as error:
        raise BadInput(
            value=f"{source}, line {node.start_mark.line + 1}: {getattr(node, 'value', '')!r:.60}",
            rule=f"a value is text, a number, true or false, a date, a list or keys ({_reason(error)})",
            remedy="write it without a tag, or in quotes",
        ) from error
    finally:
        loader.dispose()
