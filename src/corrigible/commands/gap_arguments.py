"""Arguments of `corrigible gap ..`: each dataclass is the documentation that `--help` prints."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from tyro.conf import OmitSubcommandPrefixes, Positional, arg, subcommand

from corrigible.commands.arguments import Json, unless_given
from corrigible.commands.gap_kept_arguments import GapMark, GapMatch, GapOpen, GapSalt, GapSpend, GapSpent

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer

Pair: TypeAlias = Annotated[tuple[int, int] | None, unless_given("CORRECT ITEMS", "as FILE says")]
Queries: TypeAlias = Annotated[int | None, unless_given("M", "1, or as FILE says")]
File: TypeAlias = Positional[Annotated[Path, arg(metavar="FILE", help_behavior_hint="")]]


@dataclass(frozen=True)
class GapTest:
    """Does the score on a public eval exceed a held-out one? Exit code 0 NO GAP, 3 GAP, 4 INCONCLUSIVE."""

    file: Positional[Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")]] = None
    """Results by strata, YAML or JSON (docs/gap.md); or leave it out and give numbers."""
    public: Pair = None
    """On the published eval: how many right, of how many."""
    held_out: Pair = None
    """On the held-out eval."""
    smallest: Annotated[float | None, unless_given("SHARE", "as FILE says")] = None
    """The smallest gap that matters: 0.05 is five points of a hundred."""
    level: Annotated[float | None, unless_given("SHARE", "0.95, or as FILE says")] = None
    """Of the interval."""
    power: Annotated[float | None, unless_given("SHARE", "0.8, or as FILE says")] = None
    """Chance of telling the smallest gap from none that the number of items needed is for."""
    public_queries: Queries = None
    """The public score is the best of M tries."""
    held_out_queries: Queries = None
    """The held-out score is the best of M tries."""
    picture: Annotated[Path | None, unless_given("FILE", "no picture")] = None
    """Write an SVG here: both shares and the difference with their intervals."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.gap import Numbers, answer_test

        return answer_test(
            self.file,
            Numbers(
                public=self.public,
                held_out=self.held_out,
                smallest=self.smallest,
                level=self.level,
                power=self.power,
                public_queries=self.public_queries,
                held_out_queries=self.held_out_queries,
            ),
            picture=self.picture,
        )


@dataclass(frozen=True)
class GapLeak:
    """What choosing the best of M equally good checkpoints on one eval adds to the score, exactly."""

    share: float
    """What each is right with (0 to 1)."""
    items: int
    """Items of the eval."""
    queries: tuple[int, ...] = (1, 2, 5, 10, 20, 50, 100, 1000)
    """Numbers of tries."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.gap import answer_leak

        return answer_leak(self.share, self.items, self.queries)


@dataclass(frozen=True)
class GapDigest:
    """Salted digests of held-out items, one a line, never the text: who has the salt can look for them elsewhere."""

    file: File
    """Held-out items, one a line."""
    salt_file: Path
    """Secret bytes, at least 16. Who has them can try guesses."""
    field: Annotated[str | None, unless_given("NAME", "a line is an item")] = None
    """Lines are JSON objects, and the item is the text of this field (a.b: a field within a field)."""
    out: Annotated[Path | None, unless_given("FILE", "print them")] = None
    """Write the digests here."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.gap import answer_digest

        return answer_digest(self.file, self.salt_file, self.out, field=self.field)


@dataclass(frozen=True)
class GapCheck:
    """Which lines of a file are held-out items, by number. Exit code 3 where any is."""

    digests: Positional[Annotated[Path, arg(metavar="DIGESTS", help_behavior_hint="")]]
    """What `corrigible gap digest` wrote."""
    file: File
    """Lines to look up: training data, published items, outputs."""
    salt_file: Path
    """The salt that the digests were made with."""
    field: Annotated[str | None, unless_given("NAME", "a line is an item")] = None
    """Lines are JSON objects: look up the text of this field, or, with '*', every text in them."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.gap import answer_check

        return answer_check(self.digests, self.file, self.salt_file, field=self.field)


@dataclass(frozen=True)
class GapCanary:
    """In which lines of a file the canary string of an eval stands. Exit code 3 where it does."""

    file: File
    """Training data, or what a model wrote."""
    canary: str
    """The string, at least 16 characters."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.gap import answer_canary

        return answer_canary(self.file, self.canary)


GapKind: TypeAlias = (
    Annotated[GapTest, subcommand(name="test", prefix_name=False)]
    | Annotated[GapLeak, subcommand(name="leak", prefix_name=False)]
    | Annotated[GapDigest, subcommand(name="digest", prefix_name=False)]
    | Annotated[GapCheck, subcommand(name="check", prefix_name=False)]
    | Annotated[GapCanary, subcommand(name="canary", prefix_name=False)]
    | Annotated[GapMatch, subcommand(name="match", prefix_name=False)]
    | Annotated[GapOpen, subcommand(name="open", prefix_name=False)]
    | Annotated[GapSpend, subcommand(name="spend", prefix_name=False)]
    | Annotated[GapSpent, subcommand(name="spent", prefix_name=False)]
    | Annotated[GapSalt, subcommand(name="salt", prefix_name=False)]
    | Annotated[GapMark, subcommand(name="mark", prefix_name=False)]
)


@dataclass(frozen=True)
class Gap:
    """Gamed evals: public against held-out, the price of queries and their ledger, digests, canaries (docs/gap.md)."""

    command: OmitSubcommandPrefixes[GapKind]
    """What to ask."""

    @property
    def json_(self) -> bool:
        return self.command.json_

    def answer(self) -> "Answer":
        return self.command.answer()
