"""Replays and figures ready for the page; one that the sanitiser refuses is left out, and its place says why."""

from dataclasses import dataclass

from corrigible.errors import BadInput
from corrigible.report.content import ReplayPanel
from corrigible.report.markup import Svg
from corrigible.report.panels import ROLE_WORDS
from corrigible.report.sanitise import Film, clean_film, clean_picture
from corrigible.report.svg import role_key
from corrigible.types import Figure, Role

WIDE = 520  # pixels: a wider figure scrolls in its own box on a phone, since its letters would shrink too far
LEAST_SECONDS, MOST_SECONDS = 0.1, 5.0  # per frame; faster flashes, slower seems to have stopped


@dataclass(frozen=True, kw_only=True)
class ReplayView:
    """A replay: a film and its captions, or the reason why there is none."""

    title: str
    role: Role
    role_word: str
    key: Svg
    note: str
    film: Film | None
    view_box: str
    captions: tuple[str, ...]
    milliseconds: int
    refused: str


@dataclass(frozen=True, kw_only=True)
class FigureView:
    """A figure: a picture with its caption, or the reason why there is none."""

    title: str
    caption: str
    svg: Svg | None
    style: str
    refused: str


def replay_view(panel: ReplayPanel, *, scope: str) -> ReplayView:
    """One replay as the page shows it; frames without a caption get an empty one."""
    replay, film, refused = panel.replay, None, ""
    try:
        film = clean_film(replay.frames, scope=scope)
        if replay.width <= 0 or replay.height <= 0:
            raise BadInput(
                value=f"a replay of {replay.width} x {replay.height}",
                rule="both are > 0",
                remedy="give the view box of its frames",
            )
    except BadInput as fault:
        film, refused = None, str(fault)
    missing = len(replay.frames) - len(replay.captions)
    return ReplayView(
        title=panel.title,
        role=panel.role,
        role_word=ROLE_WORDS[panel.role],
        key=role_key(panel.role),
        note=panel.note,
        film=film,
        view_box=f"0 0 {replay.width} {replay.height}",
        captions=(*replay.captions[: len(replay.frames)], *[""] * missing),
        milliseconds=round(1000 * min(MOST_SECONDS, max(LEAST_SECONDS, replay.seconds))),
        refused=refused,
    )


def figure_view(figure: Figure, *, scope: str) -> FigureView:
    """One figure as the page shows it. One without CSS variables keeps a light ground in the dark too."""
    try:
        picture = clean_picture(figure.svg, scope=scope, label=f"{figure.title}. {figure.caption}")
    except BadInput as fault:
        return FigureView(title=figure.title, caption=figure.caption, svg=None, style="", refused=str(fault))
    style = ("themed" if picture.themed else "paper") + (" wide" if picture.width >= WIDE else "")
    return FigureView(title=figure.title, caption=figure.caption, svg=picture.svg, style=style, refused="")
