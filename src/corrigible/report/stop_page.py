"""The page that is brought to the owner of a tripwire: the graph, what tripped, what going on costs, who decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from corrigible.report.icons import favicon
from corrigible.report.page import content_policy, environment, own_asset
from corrigible.report.sanitise import Picture, clean_picture

State = Literal["stopped", "lifted", "ended"]

MEANING: Final[Mapping[State, str]] = {
    "stopped": "A tripwire stopped this training. It does not go on before the person in charge has decided so.",
    "lifted": "A tripwire stopped this training, and it was decided that it may go on.",
    "ended": "A tripwire stopped this training, and it was decided that it does not go on.",
}
COLOUR: Final[Mapping[State, str]] = {"stopped": "unknown", "lifted": "allow", "ended": "deny"}


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Who is in charge from when until when, unless somebody before them acts. now: at the moment of the page."""

    who: str
    since: str
    until: str
    now: bool


@dataclass(frozen=True, kw_only=True)
class StopPage:
    """All of it. graph, statistic: SVG, or "". said: when, who, what, why. commands: what is typed to decide."""

    title: str
    state: State
    fictional: bool
    at: str
    in_charge: str
    graph: str
    tripped: tuple[str, ...]
    statistic: str
    cost: tuple[str, ...]
    turns: tuple[Turn, ...]
    said: tuple[tuple[str, str, str, str], ...]
    evidence: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]


def render_stop(page: StopPage) -> str:
    """One self-contained page of HTML; everything that it shows is escaped, pictures are sanitised."""
    style, script = own_asset("style.css"), own_asset("player.js")
    text = (
        environment()
        .get_template("stop.html.j2")
        .render(
            page=page,
            meaning=MEANING[page.state],
            colour=COLOUR[page.state],
            graph=_drawn(page.graph, "graph"),
            statistic=_drawn(page.statistic, "statistic"),
            style=style,
            script=script,
            policy=content_policy(style, script),
            favicon=favicon(),
        )
    )
    return text.encode("utf-8", "replace").decode("utf-8")


def _drawn(text: str, scope: str) -> Picture | None:
    return clean_picture(text, scope=scope, label=scope) if text else None
