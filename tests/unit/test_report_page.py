"""The page as text: self-contained, escaped, complete, readable, and quick to make."""

import base64
import hashlib
import html
import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from itertools import pairwise

import pytest

from corrigible.report import render
from corrigible.report.content import ReplayPanel, ReportContent
from corrigible.types import Figure, Replay
from report_injection import PAYLOAD, injected
from report_sample import sample_content, spoken_content

CONTENT = sample_content()
PAGE = render(CONTENT)
STYLE = resources.files("corrigible.report").joinpath("templates", "style.css").read_text("utf-8")
SECTIONS = (
    "watch", "prediction", "seeds", "detectors", "prefixes", "consequences", "explanation", "figures", "learning",
    "honest", "provenance",
)  # fmt: skip
VOID = frozenset({"meta", "link", "input"})


class Reader(HTMLParser):
    """Tags in order, with a check that each is closed by its own end tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"


def words_of(page: str) -> set[tuple[str, str]]:
    """Every pair of a tag and an attribute in the page."""
    return {(tag, name) for tag, attributes in Reader(page).tags for name in ("", *attributes)}


def bare() -> ReportContent:
    """The least content that can be rendered: nothing was measured."""
    return ReportContent(
        title="Bare", failure_mode="none", paid="", meant="", happened="", prediction="", rules_sha256="",
        headline="disable", conditions=CONTENT.conditions,
        metrics=(replace(CONTENT.metrics[0], measurements=(), differences=()),),
        competence=replace(CONTENT.competence, met=False, reference=None), provenance=CONTENT.provenance,
    )  # fmt: skip


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, WCAG 2.2."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def palettes() -> list[dict[str, str]]:
    """Colours of the light theme, of the system's dark theme, and of the chosen dark theme."""
    blocks = re.findall(r"--paper:.*?(?=color-scheme)", STYLE, re.DOTALL)
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks]


@pytest.mark.parametrize(
    "content",
    [CONTENT, bare(), injected(CONTENT), spoken_content(), injected(spoken_content())],
    ids=["sample", "bare", "injected", "spoken", "spoken and injected"],
)
def test_every_tag_is_closed_by_its_own_end(content: ReportContent):
    assert Reader(render(content)).open == []


def test_sections_come_in_order_and_every_link_leads_to_one():
    tags = Reader(PAGE).tags
    identifiers = [attributes["id"] for _, attributes in tags if attributes.get("id")]
    assert [name for name in identifiers if name in SECTIONS] == list(SECTIONS)
    links = [attributes["href"] or "" for tag, attributes in tags if tag == "a"]
    assert {link.removeprefix("#") for link in links} == {*SECTIONS, "main"}
    assert len(identifiers) == len(set(identifiers))


def test_what_models_said_stands_in_columns_and_is_escaped():
    page = render(spoken_content())
    assert page.index('id="watch"') < page.index('id="samples"') < page.index('id="prediction"')
    assert "upon &lt;a&gt; time 10" in page
    assert "(nothing)" in page
    assert "1.25" in page
    assert page.count('class="column"') == 3
    assert "What responses do more or less often" in page
    assert 'id="samples"' not in PAGE


def test_headings_go_down_one_level_at_a_time():
    levels = [int(tag[1]) for tag, _ in Reader(PAGE).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_nothing_is_loaded_from_anywhere():
    for tag, attributes in Reader(PAGE).tags:
        assert tag not in {"img", "iframe", "object", "embed", "base", "form", "image", "use"}
        assert not {"src", "srcset", "style", "xlink:href", "formaction"} & attributes.keys()
        assert not any(name.startswith("on") for name in attributes)
        if "href" in attributes:
            assert (attributes["href"] or "").startswith("data:image/svg+xml" if tag == "link" else "#")
    assert "@import" not in STYLE
    assert "url(" not in STYLE


def test_the_policy_admits_our_own_style_and_script_by_hash_and_nothing_else():
    policy = next(
        a["content"] or "" for tag, a in Reader(PAGE).tags if a.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        (inlined,) = re.findall(rf"<{tag}>(.*?)</{tag}>", PAGE, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inlined.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert set(rules) == {"default-src", "style-src", "script-src", "img-src", "base-uri", "form-action"}


def test_every_supplied_text_is_escaped():
    page = render(injected(CONTENT))
    assert PAYLOAD not in page
    assert "<img" not in page
    assert page.count("<script") == PAGE.count("<script") == 1
    assert words_of(page) == words_of(PAGE)
    assert page.count(html.escape(PAYLOAD[:20], quote=False).replace("'", "&#39;").replace('"', "&#34;")) > 200


def test_a_supplied_text_is_never_read_as_a_template():
    page = render(replace(CONTENT, title="{{ 6 * 7 }}{% if %}"))
    assert "<h1>{{ 6 * 7 }}{% if %}</h1>" in page


def test_a_hostile_picture_is_left_out_and_its_place_says_why():
    page = render(
        replace(
            CONTENT,
            figures=(Figure(title="F", caption="C", svg='<svg viewBox="0 0 1 1"><script>1</script></svg>'),),
            replays=(
                ReplayPanel(
                    title="R", role="failure", replay=Replay(width=9, height=9, frames=("<p/>",), captions=("c",))
                ),
            ),
        )
    )
    assert page.count("<script") == 1
    assert "This figure was left out, because it could not be shown safely: element &lt;script&gt;" in page
    assert "This replay was left out, because it could not be shown safely: element &lt;p&gt;" in page


def test_a_replay_with_an_impossible_size_or_too_few_captions_is_not_fatal():
    film = Replay(width=0, height=9, frames=("<rect/>",), captions=())
    assert "both are &gt; 0" in render(replace(CONTENT, replays=(ReplayPanel(title="R", role="failure", replay=film),)))
    silent = replace(film, width=9, frames=("<rect/>", "<g/>"))
    page = render(replace(CONTENT, replays=(ReplayPanel(title="R", role="failure", replay=silent),)))
    assert page.count("data-text") == PAGE.count("data-text") - 18 + 2


def test_text_that_cannot_be_written_as_utf8_is_replaced():
    assert "<h1>a?b</h1>" in render(replace(CONTENT, title="a\ud800b"))


def test_what_is_not_there_is_said_rather_than_left_out():
    page = render(bare())
    for words in (
        "This run judges no claim",
        "This run stored no replay.",
        "No rule was written for this run",
        "not measured in this run",
        "No remedy was tried in this run.",
        "No detector was run.",
        "No lens found anything",
        "This experiment carries no proof.",
        "This experiment draws no figure.",
        "This run stored no checkpoints",
        "no seed failed, none is missing",
    ):
        assert words in page


def test_an_incompetent_reference_is_said_at_the_top_and_in_the_notes():
    page = render(replace(CONTENT, competence=replace(CONTENT.competence, met=False)))
    words = "it is not shown that the reference does the task, so nothing can be concluded from the comparison"
    assert page.count(words) == 2
    assert page.index(words) < page.index('id="watch"')
    assert words not in PAGE


def test_verdicts_claims_and_reasons_are_in_the_header():
    header = PAGE[PAGE.index("<header") : PAGE.index("</header>")]
    for claim in CONTENT.claims:
        assert claim.sentence in header
        assert claim.verdict.because in header
        assert claim.verdict.word.capitalize() in header


def test_provenance_names_everything_that_identifies_the_run():
    provenance = CONTENT.provenance
    section = PAGE[PAGE.index('id="provenance"') :]
    for text in (
        provenance.run, provenance.commit, "(with uncommitted changes)", provenance.fingerprint, provenance.command,
        "1 h 32 min", "numpy", "2.4.6", "processor", provenance.files[0].path, provenance.files[0].sha256, "48.2 kB",
    ):  # fmt: skip
        assert text in section
    assert CONTENT.rules_sha256 in PAGE


@pytest.mark.parametrize(("dirty", "said"), [(False, "(clean)"), (None, "(state of the working tree unknown)")])
def test_the_state_of_the_working_tree_is_said(dirty: bool | None, said: str):
    assert said in render(replace(CONTENT, provenance=replace(CONTENT.provenance, dirty=dirty)))


def test_seeds_that_failed_stay_in_the_report():
    section = PAGE[PAGE.index('id="honest"') : PAGE.index('id="provenance"')]
    for text in ("Failed: 1 cell", "became NaN", "Missing: 1 cell", "Computed again: 1 cell", CONTENT.notes[0]):
        assert text in section


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark by system", "dark by choice"])
def test_text_has_a_contrast_of_at_least_four_and_a_half(palette: dict[str, str]):
    text = ("ink", "muted", "reference", "failure", "variant", "remedy", "warn")
    grounds = ("paper", "surface", "sunken")
    assert {
        (a, b): contrast(palette[a], palette[b])
        for a in text
        for b in grounds
        if contrast(palette[a], palette[b]) < 4.5
    } == {}
    assert contrast(palette["strong-line"], palette["surface"]) >= 3


def test_both_dark_themes_are_the_same():
    light, system, chosen = palettes()
    assert system == chosen
    assert light["paper"] != system["paper"]


def test_numbers_on_heat_cells_have_a_contrast_of_at_least_four_and_a_half():
    grounds = dict(re.findall(r"\.shade-(\d) rect \{ fill: (#[0-9a-f]{6})", STYLE))
    letters: dict[str, str] = {}
    for names, colour in re.findall(r"((?:\.shade-\d text,? ?)+)\{ fill: (#[0-9a-f]{6})", STYLE):
        letters |= dict.fromkeys(re.findall(r"\d", names), colour)
    assert len(grounds) == len(letters) == 9
    assert min(contrast(grounds[step], letters[step]) for step in grounds) >= 4.5


def test_the_page_is_small_and_quick_to_make():
    render(CONTENT)
    started = time.process_time()
    page = render(CONTENT)
    assert time.process_time() - started < 1.0
    assert len(page.encode()) < 1_500_000


def test_rendering_twice_gives_the_same_page():
    assert render(CONTENT) == PAGE
