"""Arguments of `corrigible leverage`: what `--help` prints."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from corrigible.commands.arguments import Json

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer


@dataclass(frozen=True)
class Leverage:
    """Profile a pipeline before you optimise a stage of it: shares, ceilings, and what each edit does end to end."""

    pipeline: Positional[Annotated[str, arg(metavar="PIPELINE", help_behavior_hint="")]] = "training-run"
    """A YAML file (docs/oversight.md), or the name of one that ships: training-run."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.leveraging import answer_leverage

        return answer_leverage(self.pipeline)
