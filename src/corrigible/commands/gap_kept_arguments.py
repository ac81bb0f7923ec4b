"""Arguments of `corrigible gap open|spend|spent|match|salt|mark`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from tyro.conf import Positional, arg

from corrigible.commands.arguments import Json, unless_given

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer

LedgerFile: TypeAlias = Positional[Annotated[Path, arg(metavar="LEDGER", help_behavior_hint="")]]


@dataclass(frozen=True)
class GapOpen:
    """Open a ledger of the looks at a held-out eval, with a budget."""

    ledger: LedgerFile
    """File to begin."""
    name: str
    """The eval's name."""
    items: int
    """Items of the eval."""
    by: str
    """Who keeps it."""
    share: float = 0.5
    """What is right where nothing was chosen; prices are at this share, and highest at 0.5."""
    most_queries: Annotated[int | None, unless_given("M", "as --most-leak says")] = None
    """The budget, in queries."""
    most_leak: Annotated[float | None, unless_given("SHARE", "as --most-queries says")] = None
    """The budget, as what choosing the best of all looks may gain: 0.02 is two items in a hundred."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.gap_kept import answer_open

        return answer_open(
            self.ledger,
            name=self.name,
            items=self.items,
            share=self.share,
            most_queries=self.most_queries,
            most_leak=self.most_leak,
            by=self.by,
        )


@dataclass(frozen=True)
class GapSpend:
    """Write down a look at a held-out eval before its score is told. Exit code 3 beyond the budget, 6 if tampered."""

    ledger: LedgerFile
    """What `corrigible gap open` began."""
    by: str
    """Who asks."""
    why: str
    """What is decided by it."""
    queries: int = 1
    """How many models are asked."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.gap_kept import answer_spend

        return answer_spend(self.ledger, queries=self.queries, by=self.by, why=self.why)


@dataclass(frozen=True)
class GapSpent:
    """What has been spent of a ledger, what that leaks, and who looked. Exit code 6 where it was tampered with."""

    ledger: LedgerFile
    """What `corrigible gap open` began."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.gap_kept import answer_spent

        return answer_spent(self.ledger)


@dataclass(frozen=True)
class GapMatch:
    """Match items of both evals by difficulty, and write results by strata for `corrigible gap test`."""

    file: Positional[Annotated[Path, arg(metavar="FILE", help_behavior_hint="")]]
    """JSON lines: {"eval": "public" or "held_out", "difficulty": 0.3, "right": true}."""
    smallest: float
    """The smallest gap that matters."""
    out: Path
    """Write the results here (YAML)."""
    strata: int = 5
    """Quantiles of difficulty."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.gap_kept import answer_match

        return answer_match(self.file, smallest=self.smallest, strata=self.strata, out=self.out)


@dataclass(frozen=True)
class GapSalt:
    """Make a secret salt for digests, readable by its owner alone."""

    out: Positional[Annotated[Path, arg(metavar="OUT", help_behavior_hint="")]]
    """A file that does not exist yet."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.gap_kept import answer_salt

        return answer_salt(self.out)


@dataclass(frozen=True)
class GapMark:
    """Make a canary: a line with random bits, to be put into every file of an eval."""

    name: Positional[Annotated[str, arg(metavar="NAME", help_behavior_hint="")]]
    """The eval's name."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.gap_kept import answer_mark

        return answer_mark(self.name)
