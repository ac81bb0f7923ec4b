"""Pictures from sandboxes and experiments are rebuilt from allow-lists, or refused."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corrigible.errors import BadInput
from corrigible.report import sanitise
from corrigible.report.sanitise import ELEMENTS, clean_film, clean_picture
from report_sample_pictures import phase_picture, replay, themed_picture

REFUSED = {
    "a script": "<script>1</script>",
    "a script in another case": "<SCRIPT>1</SCRIPT>",
    "a style sheet": "<style>*{display:none}</style>",
    "foreign content": "<foreignObject><p>hello</p></foreignObject>",
    "a link": '<a href="https://example.org"><rect/></a>',
    "a prefixed link": '<a xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="#x"/>',
    "an image": '<image href="data:image/png;base64,AA"/>',
    "a use": '<use href="#x"/>',
    "an animation": '<animate attributeName="x" to="1"/>',
    "a set": '<set attributeName="onload" to="1"/>',
    "an HTML element": "<p>hello</p>",
    "an event handler": '<rect onload="alert(1)"/>',
    "an event handler in another case": '<rect ONCLICK="alert(1)"/>',
    "a reference of a shape": '<rect href="#x"/>',
    "a class of the page": '<rect class="alarm"/>',
    "a style with an address": '<rect style="fill:url(https://example.org/x)"/>',
    "a style with a local address": '<rect style="fill:url(#g)"/>',
    "a style with an escaped address": '<rect style="fill:u\\72l(https://example.org)"/>',
    "a style with a comment": '<rect style="fill:ur/**/l(x)"/>',
    "a style with layout": '<rect style="position:fixed;inset:0"/>',
    "a style with priority": '<rect style="fill:red!important"/>',
    "a style with an import": "<rect style=\"@import 'x'\"/>",
    "paint from elsewhere": '<rect fill="url(https://example.org/x#g)"/>',
    "paint from a data address": '<rect fill="url(data:image/svg+xml,x)"/>',
    "a second paint after the first": '<rect fill="url(#a) url(https://example.org)"/>',
    "a function that fetches": '<rect fill="image(https://example.org)"/>',
    "an expression": '<rect width="expression(alert(1))"/>',
    "a reference where none belongs": '<rect width="url(#a)"/>',
    "an identifier with a space": '<rect id="a b"/>',
    "text outside of a text element": "<g>hello</g>",
    "an element within a title": "<title><rect/></title>",
    "an unknown name space": '<svg xmlns="http://www.w3.org/1999/xhtml"/>',
    "a processing instruction": "<?xml-stylesheet href='x'?>",
    "a closed wrapper": "</svg><script>1</script><svg>",
    "an open element": "<rect>",
    "an undeclared entity": "<text>&xxe;</text>",
    "an element without a name space prefix": '<x:rect xmlns:x="http://www.w3.org/2000/svg"/>',
}


@pytest.mark.parametrize("fragment", REFUSED.values(), ids=REFUSED.keys())
def test_whatever_is_not_on_the_lists_is_refused_in_a_frame_and_in_a_figure(fragment: str):
    with pytest.raises(BadInput):
        clean_film((fragment,), scope="f")
    with pytest.raises(BadInput):
        clean_picture(f'<svg viewBox="0 0 9 9">{fragment}</svg>', scope="f", label="")


@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE svg [<!ENTITY xxe SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">',
        '<!DOCTYPE svg SYSTEM "file:///etc/hostname">',
    ],
)
def test_a_document_type_is_refused_before_any_entity_is_read(prologue: str):
    with pytest.raises(BadInput, match="document type"):
        clean_picture(f'{prologue}<svg viewBox="0 0 1 1"/>', scope="f", label="")


def test_what_is_drawn_comes_out_as_it_was_meant():
    drawn = '<rect x="1" y="2" width="3" height="4" fill="var(--ink, #222)"/><text x="1">a &lt; b &amp; c</text>'
    film = clean_film((drawn,), scope="f")
    whole = film.under.markup + film.frames[0].markup + film.over.markup
    assert 'width="3"' in whole
    assert 'fill="var(--ink, #222)"' in whole
    assert "a &lt; b &amp; c" in whole
    assert film.themed


def test_a_style_becomes_attributes_since_the_page_forbids_inline_style():
    picture = clean_picture(
        '<svg viewBox="0 0 1 1"><rect fill="blue" style="fill: rgb(1, 2, 3); stroke-width:2;"/></svg>',
        scope="f",
        label="",
    )
    assert "style=" not in picture.svg.markup
    assert 'fill="rgb(1, 2, 3)"' in picture.svg.markup
    assert 'stroke-width="2"' in picture.svg.markup


def test_identifiers_are_kept_apart_between_pictures():
    first = clean_picture(phase_picture(), scope="one", label="").svg.markup
    second = clean_picture(phase_picture(), scope="two", label="").svg.markup
    assert 'id="one-g"' in first
    assert 'fill="url(#one-g)"' in first
    assert 'marker-end="url(#two-a)"' in second
    assert not set(re.findall(r'id="([^"]+)"', first)) & set(re.findall(r'id="([^"]+)"', second))


def test_a_figure_gets_a_view_box_from_its_size_and_a_label():
    picture = clean_picture('<svg width="640" height="360px"/>', scope="f", label='a "label"')
    assert (picture.width, picture.height, picture.themed) == (640, 360, False)
    assert 'viewBox="0 0 640 360"' in picture.svg.markup
    assert 'aria-label="a &quot;label&quot;"' in picture.svg.markup


@pytest.mark.parametrize("root", ["<svg/>", '<svg viewBox="0 0 x 9"/>', '<svg width="100%" height="9"/>', "<g/>", ""])
def test_a_figure_without_an_extent_or_a_root_is_refused(root: str):
    with pytest.raises(BadInput):
        clean_picture(root, scope="f", label="")


def test_pictures_that_are_too_large_are_refused():
    with pytest.raises(BadInput, match="characters"):
        clean_film(("<rect/>" * 200_000,), scope="f")
    with pytest.raises(BadInput, match="too large"):
        clean_film(("<rect/>" * (sanitise.MOST_ELEMENTS + 1),), scope="f")
    with pytest.raises(BadInput, match="too large"):
        clean_film(("<g>" * 50 + "</g>" * 50,), scope="f")


def test_a_replay_without_frames_is_refused():
    with pytest.raises(BadInput, match="no frames"):
        clean_film((), scope="f")


def test_what_all_frames_share_is_kept_once():
    frames = replay(detour=True).frames
    film = clean_film(frames, scope="f")
    assert film.under.markup.count("<rect") == 35
    assert all("<rect" not in frame.markup for frame in film.frames)
    assert len(film.frames) == len(frames)


def test_groups_around_every_frame_are_opened_to_find_what_is_shared():
    frames = tuple(
        f'<g transform="translate(6 6)"><rect x="1"/><circle cx="{step}"/><path d="M0 0"/></g>' for step in range(3)
    )
    film = clean_film(frames, scope="f")
    assert film.under.markup == '<g transform="translate(6 6)"><rect x="1"></rect></g>'
    assert film.frames[2].markup == '<g transform="translate(6 6)"><circle cx="2"></circle></g>'
    assert film.over.markup == '<g transform="translate(6 6)"><path d="M0 0"></path></g>'


def test_frames_that_are_all_alike_still_count_as_frames():
    film = clean_film(("<g><rect/></g>",) * 4, scope="f")
    assert film.under.markup == "<g><rect></rect></g>"
    assert [frame.markup for frame in film.frames] == [""] * 4


def test_a_group_that_is_translucent_as_a_whole_is_not_opened():
    frames = tuple(f'<g opacity="0.5"><rect x="1"/><circle cx="{step}"/></g>' for step in range(2))
    assert clean_film(frames, scope="f").under.markup == ""


def test_frames_with_identifiers_are_kept_whole_and_apart():
    frame = '<defs><clipPath id="c"><rect width="1" height="1"/></clipPath></defs><rect clip-path="url(#c)"/>'
    film = clean_film((frame, frame), scope="f")
    assert film.under.markup == ""
    assert "url(#f-0-c)" in film.frames[0].markup
    assert "url(#f-1-c)" in film.frames[1].markup


def _checked(markup: str) -> None:
    """The output is well-formed and holds nothing but drawing."""
    for item in ElementTree.fromstring(f"<svg>{markup}</svg>").iter():
        assert item.tag in ELEMENTS
        for name, value in item.attrib.items():
            assert not name.lower().startswith("on")
            assert name not in ("href", "style", "class")
            assert "url(" not in re.sub(r"url\(#f-[\w.-]+\)", "", value.lower()) or name in sanitise.SPOKEN


PIECES = st.sampled_from([
    "<rect", "<g", "<text", "</g>", "</text>", "/>", ">", ' fill="', ' style="', ' onload="', ' id="a"', '"', "url(#a)",
    "<!--", "-->", "<![CDATA[", "]]>", "<script>", "</script>", "&lt;", "&amp;", "x", " ", "<!DOCTYPE svg>", "<title>",
    "</title>",
])  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join)))
def test_any_text_is_refused_or_rebuilt_as_nothing_but_drawing(text: str):
    try:
        film = clean_film((text,), scope="f")
    except BadInput:
        return
    _checked(film.under.markup + film.frames[0].markup + film.over.markup)


def test_the_sample_pictures_pass():
    for picture in (phase_picture(), themed_picture()):
        _checked(clean_picture(picture, scope="f", label="").svg.markup)


def test_only_two_modules_make_markup_that_is_taken_as_safe():
    """An Svg or Markup made elsewhere could hold text that nobody escaped."""
    package = Path(sanitise.__file__).parent
    makers = {path.name for path in package.glob("*.py") if re.search(r"\bSvg\(|\bMarkup\(", path.read_text("utf-8"))}
    templates = "".join(path.read_text("utf-8") for path in package.rglob("*.j2"))
    assert makers == {"markup.py"}
    assert "|safe" not in templates.replace(" ", "")
    assert "autoescape" not in templates
