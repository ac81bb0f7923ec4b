"""The page that a decision maker reads in three minutes: what was found, what is not known, who decides."""

from dataclasses import dataclass
from typing import Literal

from corrigible.report.icons import favicon
from corrigible.report.page import content_policy, environment, own_asset


@dataclass(frozen=True, kw_only=True)
class RuleLine:
    """A rule of the gate and what came of it; quote and where: of its source, or ""."""

    name: str
    level: str
    word: str
    because: str
    quote: str
    where: str


@dataclass(frozen=True, kw_only=True)
class EvidenceLine:
    """One piece of evidence. faults: why it does not count."""

    name: str
    told: str
    sha256: str
    faults: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DecisionPage:
    """All of it; levels: name, whether reached, and why."""

    title: str
    outcome: Literal["allow", "deny", "unknown"]
    fictional: bool
    at: str
    asked: tuple[str, ...]
    found: tuple[str, ...]
    not_known: tuple[str, ...]
    decides: str
    levels: tuple[tuple[str, str, str], ...]
    rules: tuple[RuleLine, ...]
    waivers: tuple[str, ...]
    evidence: tuple[EvidenceLine, ...]
    left_out: tuple[str, ...]


MEANING = {
    "allow": "Every rule of this gate holds, or is waived by somebody with a name.",
    "deny": "A rule of this gate is shown not to hold.",
    "unknown": "Evidence is missing, too old, or says neither. What is not known does not allow.",
}


def render_decision(page: DecisionPage) -> str:
    """One self-contained page of HTML; everything that it shows is escaped."""
    style, script = own_asset("style.css"), own_asset("player.js")
    template = environment().get_template("decision.html.j2")
    text = template.render(
        page=page,
        meaning=MEANING[page.outcome],
        style=style,
        script=script,
        policy=content_policy(style, script),
        favicon=favicon(),
    )
    return text.encode("utf-8", "replace").decode("utf-8")
