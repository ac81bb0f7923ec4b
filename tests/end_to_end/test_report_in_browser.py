"""The page as a reader meets it, in headless Chromium: inert, fitting, legible, playable, in light and in dark."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser import Browser, Page, browser, installed
from corrigible.report import render
from report_injection import PAYLOAD, injected
from report_sample import sample_content

pytestmark = pytest.mark.slow

PHONE, PROJECTOR = 390, 1280

OPEN_ALL = "document.querySelectorAll('details').forEach((item) => { item.open = true; })"

# WCAG 2.2: every text against the ground that it stands on; SVG text takes the colour of its fill.
CONTRASTS = """(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b]
    .map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (item) => {
    for (let at = item; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode, item = text.parentElement;
    if (!text.data.trim() || !item.checkVisibility()) continue;
    if (item.closest('script, title, .stage, .figure svg, .heat .cell')) continue;
    const style = getComputedStyle(item);
    if (parseFloat(style.fontSize) === 0) continue;
    const colour = numbers(item instanceof SVGElement ? style.fill : style.color);
    const [dark, light] = [luminance(colour), luminance(ground(item))].sort((a, b) => a - b);
    found.push([(light + 0.05) / (dark + 0.05), text.data.trim().slice(0, 40)]);
  }
  return found;
})()"""

# Labels of one plot whose boxes meet, and the smallest letters that stand in any plot.
LABELS = """(() => {
  const met = [];
  let smallest = Infinity;
  for (const plot of document.querySelectorAll('svg.chart, svg.axis, svg.heat')) {
    const boxes = [...plot.querySelectorAll('text')].filter((item) => !item.getAttribute('transform'));
    boxes.forEach((a, i) => {
      smallest = Math.min(smallest, parseFloat(getComputedStyle(a).fontSize));
      for (const b of boxes.slice(i + 1)) {
        const [p, q] = [a.getBoundingClientRect(), b.getBoundingClientRect()];
        if (p.left < q.right && q.left < p.right && p.top < q.bottom - 3 && q.top < p.bottom - 3)
          met.push([plot.getAttribute('aria-label'), a.textContent, b.textContent]);
      }
    });
  }
  return { met, smallest };
})()"""

NAMELESS = """[...document.querySelectorAll(
    'button, input, summary, a, [role=img], [tabindex="0"], table[role=table], main section')]
  .filter((item) => item.checkVisibility())
  .filter((item) => !item.getAttribute('aria-label') && !item.getAttribute('aria-labelledby'))
  .filter((item) => !item.textContent.trim())
  .map((item) => item.outerHTML.slice(0, 80))"""

SHOWN = """[...document.querySelectorAll('[data-replay]')].map((box) =>
  [...box.querySelectorAll('[data-frame]')]
    .flatMap((frame, i) => frame.getAttribute('display') === 'none' ? [] : [i]))"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A running browser; its absence is a failure where CI is set, a reason to skip elsewhere."""
    path = installed()
    if path is None and os.environ.get("CI"):
        pytest.fail("no Chromium is installed, and CI must look at the report")
    if path is None:
        pytest.skip("no Chromium is installed")
    with browser(path) as running:
        yield running


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(sample_content()), encoding="utf-8")
    return path


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.page() as opened:
        yield opened.show(width=PROJECTOR)


def captions(page: Page) -> list[str]:
    return page.value("[...document.querySelectorAll('[data-caption]')].map((item) => item.textContent)")


def ground(page: Page) -> list[float]:
    """The page's background as red, green, blue."""
    return [
        float(part) for part in re.findall(r"[\d.]+", page.value("getComputedStyle(document.body).backgroundColor"))
    ]


def test_the_page_writes_nothing_to_the_console_and_asks_for_nothing_but_itself(page: Page, report: Path):
    page.open(report)
    page.value("document.querySelector('[data-theme-toggle]').click()")
    page.value("document.querySelector('[data-act=forward]').click()")
    assert page.messages == []
    assert [url for url in page.requests if not url.startswith("data:")] == [report.as_uri()]


@pytest.mark.parametrize("guarded", [True, False], ids=["with its policy", "without its policy"])
def test_injected_texts_stay_inert_and_visible(page: Page, tmp_path: Path, guarded: bool):
    text = render(injected(sample_content()))
    if not guarded:
        text, removed = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
        assert removed == 1
    path = tmp_path / "injected.html"
    path.write_text(text, encoding="utf-8")
    page.open(path)
    page.value(OPEN_ALL)
    assert page.value("typeof window.injected") == "undefined"
    assert page.value("document.querySelectorAll('img, iframe').length") == 0
    assert page.value("document.scripts.length") == 1
    assert page.messages == []
    seen = page.value("document.body.innerText")
    visible = " ".join(PAYLOAD.split())
    for owner in (sample_content().title, "share of episodes", "runs/off-switch-grid", "Student t over seeds"):
        assert f"{owner} {visible}" in " ".join(seen.split())


def test_the_policy_stops_scripts_and_styles_that_are_not_ours(page: Page, report: Path, tmp_path: Path):
    path = tmp_path / "added.html"
    added = "<style>body{display:none}</style><script>window.injected=1</script></main>"
    path.write_text(report.read_text("utf-8").replace("</main>", added), encoding="utf-8")
    page.open(path)
    assert page.value("typeof window.injected") == "undefined"
    assert page.value("getComputedStyle(document.body).display") == "block"
    assert sum("Content Security Policy" in message for message in page.messages) == 2


@pytest.mark.parametrize("width", [320, PHONE, 768, PROJECTOR, 1920])
def test_the_page_never_scrolls_sideways(page: Page, report: Path, width: int):
    page.show(width=width).open(report)
    page.value(OPEN_ALL)
    assert page.value("document.documentElement.scrollWidth") <= width
    assert page.value("innerWidth") == width


def test_texts_without_a_break_do_not_widen_the_page(page: Page, tmp_path: Path):
    path = tmp_path / "injected.html"
    path.write_text(render(injected(sample_content())).replace(" \u202e", "W" * 300), encoding="utf-8")
    page.show(width=PHONE).open(path)
    page.value(OPEN_ALL)
    assert page.value("document.documentElement.scrollWidth") <= PHONE


@pytest.mark.parametrize("width", [PHONE, PROJECTOR])
def test_labels_of_plots_are_legible_and_do_not_overlap(page: Page, report: Path, width: int):
    page.show(width=width).open(report)
    page.value(OPEN_ALL)
    labels: dict[str, Any] = page.value(LABELS)
    assert labels["met"] == []
    assert labels["smallest"] >= 13


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_a_contrast_of_at_least_four_and_a_half(page: Page, report: Path, scheme: str):
    page.show(width=PROJECTOR, features={"prefers-color-scheme": scheme}).open(report)
    page.value(OPEN_ALL)
    found: list[tuple[float, str]] = page.value(CONTRASTS)
    assert len(found) > 500
    assert [item for item in found if item[0] < 4.5] == []


def test_light_and_dark_follow_the_system_and_the_button_overrules_it(page: Page, report: Path):
    light = ground(page.show(width=PROJECTOR, features={"prefers-color-scheme": "light"}).open(report))
    dark = ground(page.show(width=PROJECTOR, features={"prefers-color-scheme": "dark"}))
    assert min(light) > 200
    assert max(dark) < 60
    page.value("document.querySelector('[data-theme-toggle]').click()")
    assert ground(page) == light
    assert page.value("document.querySelector('[data-theme-toggle]').textContent") == "Dark"


def test_the_choice_of_a_theme_outlives_a_reload(page: Page, report: Path):
    page.show(width=PROJECTOR, features={"prefers-color-scheme": "light"}).open(report)
    page.value("document.querySelector('[data-theme-toggle]').click()")
    chosen = ground(page)
    assert ground(page.open(report)) == chosen


def test_print_is_light_and_without_controls_even_in_the_dark(page: Page, report: Path):
    page.show(width=PROJECTOR, features={"prefers-color-scheme": "dark"}, media="print").open(report)
    assert min(ground(page)) > 200
    hidden = "[...document.querySelectorAll('.bar, .controls, button')].every((item) => !item.checkVisibility())"
    assert page.value(hidden)


def test_every_control_and_picture_has_a_name(page: Page, report: Path):
    page.open(report)
    page.value(OPEN_ALL)
    assert page.value(NAMELESS) == []


def test_the_last_frame_stands_there_without_scripts_and_without_controls(page: Page, report: Path):
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(report)
    page.call("Emulation.setScriptExecutionDisabled", value=False)
    assert page.value(SHOWN) == [[7], [4], [4]]
    assert not page.value("document.querySelector('[data-controls], [data-theme-toggle]').checkVisibility()")
    assert captions(page) == ["t = 7: reaches the goal", "t = 4: right", "t = 4: right"]


def test_stepping_shows_the_next_frame_with_its_caption(page: Page, report: Path):
    page.open(report)
    for _ in range(9):
        page.value("document.querySelector('[data-act=back]').click()")
    assert page.value(SHOWN) == [[0], [4], [4]]
    page.value("document.querySelector('[data-act=forward]').click()")
    assert page.value(SHOWN) == [[1], [4], [4]]
    assert captions(page)[0] == "t = 1: down"
    assert page.value("document.querySelector('[data-count]').textContent") == "2 / 8"


def test_replays_work_from_the_keyboard(page: Page, report: Path):
    page.open(report)
    page.value("document.querySelector('[data-act=back]').focus()")
    page.press("Enter", 13, "\r")
    page.press(" ", 32, " ")
    assert page.value(SHOWN)[0] == [5]
    for _ in range(3):
        page.press("Tab", 9)
    assert page.value("document.activeElement.matches('[data-slider]:focus-visible')")
    assert page.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press("ArrowRight", 39)
    assert page.value(SHOWN)[0] == [6]
    page.press("End", 35)
    assert page.value(SHOWN)[0] == [7]
    assert page.value("document.activeElement.getAttribute('aria-valuetext')") == "8 of 8. t = 7: reaches the goal"


def test_playing_runs_to_the_last_frame_and_stops(page: Page, report: Path):
    page.open(report)
    ended = """new Promise((done) => {
      const button = document.querySelector('[data-all]'), count = document.querySelector('[data-count]');
      new MutationObserver(() => { if (count.textContent === '8 / 8') setTimeout(done, 0); })
        .observe(count, { childList: true });
      button.click();
    })"""
    page.value(ended)
    assert page.value(SHOWN) == [[7], [4], [4]]
    assert captions(page) == ["t = 7: reaches the goal", "t = 4: right", "t = 4: right"]
    labels = page.value(
        "[...document.querySelectorAll('[data-act=play]')].map((item) => item.getAttribute('aria-label'))"
    )
    assert labels == ["Play"] * 3
    assert page.value("document.querySelector('[data-all-word]').textContent") == "Play all"


def test_playing_can_be_paused(page: Page, report: Path):
    page.open(report)
    page.value("document.querySelector('[data-act=play]').click()")
    assert page.value("document.querySelector('[data-act=play]').getAttribute('aria-label')") == "Pause"
    assert page.value("document.querySelector('[data-all-word]').textContent") == "Pause all"
    page.value("document.querySelector('[data-act=play]').click()")
    assert page.value("document.querySelector('[data-act=play]').getAttribute('aria-pressed')") == "false"


def test_the_command_is_copied_or_selected(page: Page, report: Path):
    page.open(report)
    page.value("document.querySelector('[data-copy]').click()")
    said = page.value(
        """new Promise((done) => { const said = document.querySelector('[data-copied]');
        const look = () => said.textContent ? done(said.textContent) : requestAnimationFrame(look); look(); })"""
    )
    assert said in ("Copied.", "Selected: copy it from here.")
    if said.startswith("Selected"):
        assert page.value("getSelection().toString()") == sample_content().provenance.command


def test_movement_is_spared_those_who_ask_for_it(page: Page, report: Path):
    page.open(report)
    assert page.value("getComputedStyle(document.documentElement).scrollBehavior") == "smooth"
    page.show(width=PROJECTOR, features={"prefers-reduced-motion": "reduce"})
    assert page.value("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_dot_plots_take_the_width_of_a_phone_and_name_their_rows(page: Page, report: Path):
    page.show(width=PHONE).open(report)
    page.value(OPEN_ALL)
    widths: list[float] = page.value(
        "[...document.querySelectorAll('.strip')].map((s) => s.getBoundingClientRect().width)"
    )
    assert len(widths) > 30
    assert min(widths) > 0.8 * PHONE
    letters = "[...document.querySelectorAll('.dots .name')].map((s) => parseFloat(getComputedStyle(s).fontSize))"
    assert min(page.value(letters)) >= 16
