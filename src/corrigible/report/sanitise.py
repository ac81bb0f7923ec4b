"""Pictures from sandboxes and experiments, taken as untrusted: read as XML without entities, rebuilt by allow-lists.

Nothing of the input is copied: elements, attributes and text are checked, then written anew with everything escaped.
A style attribute becomes presentation attributes, since the page's policy forbids inline style.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from corrigible.errors import BadInput
from corrigible.report.markup import EMPTY, Svg, element, group
from corrigible.report.rasters import clean_raster

NAMESPACE: Final = "http://www.w3.org/2000/svg"
LONGEST: Final = 1_000_000  # characters of one picture
MOST_ELEMENTS: Final = 20_000
DEEPEST: Final = 40


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ELEMENTS: Final = _words(
    "svg g rect circle ellipse line path polyline polygon text tspan title defs linearGradient stop clipPath marker "
    "image"
)

PRESENTATION: Final = _words(
    "fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit "
    "stroke-dasharray stroke-dashoffset opacity color font-family font-size font-weight font-style font-variant "
    "text-anchor dominant-baseline alignment-baseline letter-spacing paint-order vector-effect shape-rendering "
    "text-rendering image-rendering visibility display overflow stop-color stop-opacity clip-path clip-rule "
    "marker-start marker-mid marker-end"
)

GEOMETRY: Final = _words(
    "x y x1 x2 y1 y2 cx cy r rx ry dx dy width height d points transform viewBox preserveAspectRatio rotate "
    "textLength lengthAdjust pathLength offset gradientUnits gradientTransform spreadMethod clipPathUnits "
    "markerUnits markerWidth markerHeight refX refY orient"
)

SPOKEN: Final = frozenset({"aria-label", "aria-hidden", "role"})
REFERRING: Final = frozenset({"fill", "stroke", "clip-path", "marker-start", "marker-mid", "marker-end"})
DROPPED: Final[Mapping[str, frozenset[str]]] = {
    "xmlns": frozenset({NAMESPACE}),
    "version": frozenset({"1.0", "1.1", "1.2", "2.0"}),
    "xml:space": frozenset({"default", "preserve"}),
}

_PLAIN: Final = re.compile(r"[\w\s.,#%()+\-'\"/]*", re.ASCII)
_REFERENCE: Final = re.compile(r"\s*url\(\s*#([A-Za-z_][\w.-]*)\s*\)\s*", re.ASCII)
_CALLS: Final = re.compile(r"([\w-]+)\s*\(", re.ASCII)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_SIZE: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)(?:px)?\s*", re.ASCII)
_CALLABLE: Final = _words("rgb rgba hsl hsla var translate rotate scale skewx skewy matrix")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A sanitised picture; width and height are those of its view box, in pixels. themed: it uses CSS variables."""

    svg: Svg
    width: float
    height: float
    themed: bool


@dataclass(frozen=True, kw_only=True)
class Film:
    """Frames with what all of them share drawn once: `under` below and `over` above the part that changes."""

    under: Svg
    frames: tuple[Svg, ...]
    over: Svg
    themed: bool


@dataclass(frozen=True, kw_only=True)
class _Node:
    """An element whose name and attributes have passed; `children` grows while it is read."""

    name: str
    attributes: dict[str, str]
    children: list["_Node | str"] = field(default_factory=list["_Node | str"])

    def svg(self) -> Svg:
        """The element, written anew."""
        return element(self.name, self.attributes, *_written(self.children))


def clean_picture(text: str, *, scope: str, label: str) -> Picture:
    """A whole picture whose root is <svg>; `scope` is put before every id so that pictures do not share them.

    label: what a person who cannot see it is told. Raises BadInput where it is no well-formed XML, declares a document
    type, has neither a view box nor a size, or holds anything not on the allow-lists.
    """
    root = _Reader(scope).read(text)
    if root.name != "svg":
        raise _refused(f"a picture whose root is <{root.name}>", "a picture is one <svg> element")
    width, height, box = _extent(root.attributes)
    frame = {"viewBox": box, "width": width, "height": height, "role": "img", "aria-label": label}
    kept = {name: value for name, value in root.attributes.items() if name in PRESENTATION}
    svg = element("svg", {**kept, **frame}, *_written(root.children))
    return Picture(svg=svg, width=width, height=height, themed="var(" in svg.markup)


def clean_film(frames: tuple[str, ...], *, scope: str) -> Film:
    """Frames of a replay, sanitised; elements that begin or end every frame alike are kept only once.

    Frames that define ids (gradients, clip paths) keep all their parts, since ids of hidden frames would collide.
    Raises BadInput as `clean_picture`, and where there is no frame.
    """
    if not frames:
        raise _refused("a replay of no frames", "a replay has at least one frame")
    roots = [_Reader(f"{scope}-{index}").read(f"<svg>{frame}</svg>") for index, frame in enumerate(frames)]
    whole = [group(*_written(root.children)) for root in roots]
    themed = any("var(" in frame.markup for frame in whole)
    if any(' id="' in frame.markup for frame in whole):
        return Film(under=EMPTY, frames=tuple(whole), over=EMPTY, themed=themed)
    wrappers, roots = _unwrapped(roots)
    parts = [_written(root.children) for root in roots]
    shortest = min(len(frame) for frame in parts)
    head = next((i for i in range(shortest) if len({frame[i].markup for frame in parts}) > 1), shortest)
    left = shortest - head
    tail = next((i for i in range(left) if len({frame[-1 - i].markup for frame in parts}) > 1), left)
    return Film(
        under=_wrapped(parts[0][:head], wrappers),
        frames=tuple(_wrapped(frame[head : len(frame) - tail], wrappers) for frame in parts),
        over=_wrapped(parts[0][len(parts[0]) - tail :], wrappers),
        themed=themed,
    )


def _written(children: Sequence[_Node | str]) -> list[Svg]:
    return [child.svg() if isinstance(child, _Node) else group(child) for child in children]


def _unwrapped(roots: list[_Node]) -> tuple[list[dict[str, str]], list[_Node]]:
    """The attributes of groups that enclose every frame alike, from the outside in, and what stands within them."""
    wrappers: list[dict[str, str]] = []
    while True:
        inner = [child for root in roots for child in root.children if isinstance(child, _Node)]
        alike = all(node.name == "g" and node.attributes == inner[0].attributes for node in inner)
        single = len(inner) == len(roots) and all(len(root.children) == 1 for root in roots)
        if not (single and alike) or "opacity" in inner[0].attributes:  # opacity holds for a group as a whole
            return wrappers, roots
        wrappers.append(inner[0].attributes)
        roots = inner


def _wrapped(parts: Sequence[Svg], wrappers: Sequence[dict[str, str]]) -> Svg:
    whole = group(*parts)
    for attributes in reversed(wrappers if parts else ()):
        whole = element("g", attributes, whole)
    return whole


def _extent(attributes: Mapping[str, str]) -> tuple[float, float, str]:
    """Width, height and view box of a root element, one made from the other where need be."""
    box = [_SIZE.fullmatch(part) for part in re.split(r"[\s,]+", attributes.get("viewBox", "").strip())]
    sizes = [_SIZE.fullmatch(attributes.get(name, "")) for name in ("width", "height")]
    if "viewBox" in attributes:
        if len(box) != 4 or box[2] is None or box[3] is None:
            raise _refused(f"viewBox = {attributes['viewBox'][:40]!r}", "a view box is four numbers")
        return float(box[2][1]), float(box[3][1]), attributes["viewBox"]
    if sizes[0] is None or sizes[1] is None:
        raise _refused("a picture without a size", "its root has a viewBox, or width and height in pixels")
    width, height = float(sizes[0][1]), float(sizes[1][1])
    return width, height, f"0 0 {width:g} {height:g}"


class _Reader:
    """One pass of expat over one picture."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._open: list[_Node] = []
        self._root: _Node | None = None
        self._seen = 0

    def read(self, text: str) -> _Node:
        """The root element, everything in it checked."""
        if len(text) > LONGEST:
            raise _refused(f"a picture of {len(text)} characters", f"a picture has at most {LONGEST}")
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.ProcessingInstructionHandler = self._refuse_instruction
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(text, True)
        except (expat.ExpatError, UnicodeEncodeError, ValueError) as fault:
            raise _refused("a picture that is no XML", f"a picture is well-formed ({fault})") from fault
        if self._root is None:
            raise _refused("an empty picture", "a picture has a root element")
        return self._root

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._seen += 1
        if name not in ELEMENTS:
            raise _refused(f"element <{name[:40]}>", f"only {', '.join(sorted(ELEMENTS))} are drawn")
        if self._seen > MOST_ELEMENTS or len(self._open) > DEEPEST:
            raise _refused("a picture too large", f"at most {MOST_ELEMENTS} elements, {DEEPEST} deep")
        if self._open and self._open[-1].name == "title":
            raise _refused(f"<{name}> within <title>", "a title is text")
        kept = dict(attributes)
        raster = {"href": clean_raster(kept.pop("href", ""))} if name == "image" else {}
        self._open.append(_Node(name=name, attributes=_clean_attributes(kept, self._scope) | raster))

    def _end(self, _: str) -> None:
        closed = self._open.pop()
        if self._open:
            self._open[-1].children.append(closed)
        else:
            self._root = closed

    def _text(self, content: str) -> None:
        inside = self._open[-1]
        if inside.name in ("text", "tspan", "title"):
            inside.children.append(content)
        elif content.strip():
            raise _refused(f"text {content.strip()[:20]!r} within <{inside.name}>", "text stands in <text> or <title>")

    def _refuse_doctype(self, name: str, *_: object) -> None:
        raise _refused(f"document type {name[:40]!r}", "a picture declares no document type and no entities")

    def _refuse_instruction(self, target: str, _: str) -> None:
        raise _refused(f"processing instruction {target[:40]!r}", "a picture holds none")


def _clean_attributes(attributes: Mapping[str, str], scope: str) -> dict[str, str]:
    clean: dict[str, str] = {}
    styled: dict[str, str] = {}
    for name, value in attributes.items():
        if name in DROPPED:
            if value.strip() not in DROPPED[name]:
                raise _refused(f"{name} = {value[:40]!r}", f"{name} is one of {', '.join(sorted(DROPPED[name]))}")
        elif name == "style":
            styled = _clean_style(value, scope)
        else:
            clean[name] = _clean_value(name, value, scope)
    return clean | styled


def _clean_style(value: str, scope: str) -> dict[str, str]:
    """Declarations as presentation attributes; any property beyond those is refused, and so is every url()."""
    clean: dict[str, str] = {}
    for declaration in filter(str.strip, value.split(";")):
        name, colon, content = declaration.partition(":")
        if not colon or name.strip() not in PRESENTATION or "url" in content.lower():
            raise _refused(f"style {declaration.strip()[:40]!r}", "style holds presentation properties without url()")
        clean[name.strip()] = _clean_value(name.strip(), content.strip(), scope)
    return clean


def _clean_value(name: str, value: str, scope: str) -> str:
    if name in SPOKEN:
        return value
    if name == "id" and _IDENTIFIER.fullmatch(value):
        return f"{scope}-{value}"
    reference = _REFERENCE.fullmatch(value)
    if reference and name in REFERRING:
        return f"url(#{scope}-{reference[1]})"
    known = name in PRESENTATION or name in GEOMETRY
    plain = _PLAIN.fullmatch(value) and {call.lower() for call in _CALLS.findall(value)} <= _CALLABLE
    if not (known and plain):
        raise _refused(f"attribute {name[:40]} = {value[:40]!r}", "attributes are geometry or paint, with plain values")
    return value


def _refused(value: str, rule: str) -> BadInput:
    return BadInput(value=value, rule=rule, remedy="draw it with plain SVG shapes")
