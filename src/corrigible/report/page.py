"""The report of a run: one HTML file that needs no network, renders what it is given and nothing else.

Templates escape everything; styles and scripts are admitted by the hash of our own files and by nothing else.
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from corrigible.report.charts import learning_panels
from corrigible.report.consequences import consequence_view
from corrigible.report.content import CellNote, Provenance, ReportContent
from corrigible.report.detectors import detector_card, detector_plots, heat_overview, over_checkpoints
from corrigible.report.frontier import frontier_view
from corrigible.report.icons import control_icon, favicon
from corrigible.report.judgements import claim_view, finding_views, measured_in_words, proof_view, rule_views
from corrigible.report.numbers import duration, size, unit_of
from corrigible.report.panels import metric_plot, remedy_plot
from corrigible.report.pictures import figure_view, replay_view
from corrigible.report.prefixes import prefix_view
from corrigible.report.samples import samples_view
from corrigible.report.svg import line_key

PRESET_WORDS: Final = {
    "smoke": "shows that everything runs; too little to conclude from",
    "quick": "minutes of work; an impression, not yet evidence",
    "full": "the preset that evidence is taken from",
}
CELL_WORDS: Final = {
    "failed": "Failed",
    "missing": "Missing",
    "recomputed": "Computed again",
}


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One of our own files, inlined as it is; `source` is what the content security policy admits it by."""

    text: str
    source: str

    def __html__(self) -> str:
        """The text itself; templates must not escape it, or its hash would not hold."""
        return self.text


def render(content: ReportContent) -> str:
    """The whole page as text, to be written as UTF-8.

    A picture that the sanitiser refuses is replaced by the reason, so that one odd figure costs no report.
    """
    style, script = own_asset("style.css"), own_asset("player.js")
    page = (
        environment()
        .get_template("report.html.j2")
        .render(
            content=content,
            style=style,
            script=script,
            policy=content_policy(style, script),
            favicon=favicon(),
            preset_words=PRESET_WORDS[content.provenance.preset],
            control_icon=control_icon,
            line_key=line_key,
            **_sections(content),
        )
    )
    return page.encode("utf-8", "replace").decode("utf-8")  # lone surrogates cannot be written


def _sections(content: ReportContent) -> dict[str, object]:
    """What each section of the template shows."""
    headline = [panel for panel in content.metrics if panel.metric.name == content.headline]
    competence = [panel for panel in content.metrics if panel.metric.name == content.competence.metric]
    first = [*headline, *(panel for panel in competence if panel not in headline)]
    others = [panel for panel in content.metrics if panel not in first]
    return {
        "claims": [claim_view(claim) for claim in content.claims],
        "replays": [replay_view(panel, scope=f"replay{index}") for index, panel in enumerate(content.replays)],
        "samples": [samples_view(panel) for panel in content.samples],
        "rules": rule_views(content),
        "plots": [metric_plot(panel, content) for panel in first],
        "remedies": remedy_plot(content),
        "no_share": next((panel.metric.label for panel in headline if panel.metric.kind != "proportion"), ""),
        "frontier": frontier_view(content),
        "other_plots": [metric_plot(panel, content) for panel in others],
        "detector_plots": detector_plots(content.detectors, content.conditions),
        "heat": heat_overview(content.detectors),
        "detectors": [detector_card(panel) for panel in content.detectors],
        "over_checkpoints": over_checkpoints(content.detectors),
        "prefixes": prefix_view(content.prefixes),
        "consequences": [consequence_view(panel) for panel in content.consequences],
        "findings": finding_views(content.findings),
        "proofs": [proof_view(proof) for proof in content.proofs],
        "figures": [figure_view(figure, scope=f"figure{index}") for index, figure in enumerate(content.figures)],
        "learning": [(curves, unit_of(curves.unit), learning_panels(curves)) for curves in content.learning],
        "competence": _competence_words(content),
        "cells": [(CELL_WORDS[state], _of(content.cells, state)) for state in CELL_WORDS if _of(content.cells, state)],
        "facts": _facts(content.provenance),
        "files": [(item.path, item.sha256, size(item.size)) for item in content.provenance.files],
    }


def _of(cells: tuple[CellNote, ...], state: str) -> list[CellNote]:
    return [cell for cell in cells if cell.state == state]


def _competence_words(content: ReportContent) -> str:
    """Whether the reference does the task, in a sentence."""
    check = content.competence
    label = next((p.metric.label for p in content.metrics if p.metric.name == check.metric), check.metric)
    seen = measured_in_words(check.reference) if check.reference else "not measured"
    verdict = (
        "the reference does the task, so the comparison means something"
        if check.met
        else "it is not shown that the reference does the task, so nothing can be concluded from the comparison"
    )
    asked = f"{check.least:g} was asked for, and {check.reached} of {check.seeds} seeds reach it"
    return f"{label} of the reference: {seen}; at least {asked}: {verdict}."


def _facts(provenance: Provenance) -> list[tuple[str, str]]:
    """What identifies the run, name and value."""
    dirty = {True: " (with uncommitted changes)", False: " (clean)", None: " (state of the working tree unknown)"}
    seeds = ", ".join(map(str, provenance.seeds))
    return [
        ("Run", provenance.run),
        ("Experiment", f"{provenance.experiment}, version {provenance.version}"),
        ("Preset", provenance.preset),
        ("Seeds", f"{seeds} (n = {len(provenance.seeds)})"),
        ("Commit", provenance.commit + dirty[provenance.dirty]),
        ("Fingerprint", provenance.fingerprint),
        ("Started", provenance.started),
        ("Finished", provenance.finished),
        ("Duration", duration(provenance.seconds)),
    ]


@cache
def environment() -> Environment:
    """Templates that escape whatever is no `Svg` or `Asset`, and refuse names that they were not given."""
    return Environment(
        loader=PackageLoader("corrigible.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def own_asset(name: str) -> Asset:
    """A file beside the templates, with the hash of exactly the text that will stand between the tags."""
    text = resources.files("corrigible.report").joinpath("templates", name).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return Asset(text=text, source=f"'sha256-{digest}'")


def content_policy(style: Asset, script: Asset) -> str:
    """Content security policy: nothing is loaded from anywhere, and only our own style and script count."""
    return (
        f"default-src 'none'; style-src {style.source}; script-src {script.source}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
