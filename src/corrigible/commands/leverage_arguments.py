"""Arguments of `corrigible leverage`: what `--help` prints."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from corrigible.commands.arguments import Json, unless_given

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer


@dataclass(frozen=True)
class Leverage:
    """Where a pipeline's cost lies, and what each proposed edit can do to the whole (docs/races-and-leverage.md)."""

    pipeline: Positional[Annotated[str, arg(metavar="PIPELINE", help_behavior_hint="")]]
    """A file of stages, their costs and proposed edits; or `training-run`, a fictional one that ships."""
    picture: Annotated[Path | None, unless_given("FILE", "no picture")] = None
    """Write an SVG of shares and savings here."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.leveraging import answer_leverage

        return answer_leverage(self.pipeline, picture=self.picture)
