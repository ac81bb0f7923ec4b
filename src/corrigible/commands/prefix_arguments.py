"""Arguments of `corrigible prefix`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from corrigible.commands.arguments import Json, unless_given

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer


@dataclass(frozen=True)
class Prefix:
    """Put the checkpoints of a finished run n steps into known failures of other seeds: which go on to fail, how early?

    The report of such a run shows it too; here lengths, copies and further conditions can be chosen.
    """

    run: Positional[Annotated[Path, arg(metavar="RUN")]]
    """Folder of a finished run."""
    conditions: Annotated[tuple[str, ...], unless_given("NAME ..", "failure and reference")] = ()
    """Conditions of the run besides failure and reference."""
    lengths: Annotated[
        tuple[int, ...] | None, unless_given("N ..", "the experiment's, most often 0 1 2 3 4 6 8 12 ..")
    ] = None
    """Steps of the prefix; 0 must be among them."""
    copies: Annotated[int | None, unless_given("N", "the budget's, most often 8")] = None
    """Times that a checkpoint goes on from each known failure and length."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.prefixing import answer_prefix

        return answer_prefix(
            self.run,
            conditions=self.conditions,
            lengths=self.lengths,
            copies=self.copies,
        )
