"""Arguments of `corrigible chain ..`: each dataclass is the text that `--help` prints."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from tyro.conf import OmitSubcommandPrefixes, subcommand

from corrigible.commands.arguments import Json, unless_given

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer
    from corrigible.commands.chain import Asked


@dataclass(frozen=True, kw_only=True)
class OfChain:
    """Which chain is asked about."""

    model: str
    """A JSON file of an n-gram (docs/chains.md), tiny, smollm2, a folder, or a hub name whose files are here."""
    window: Annotated[int | None, unless_given("K", "the order of an n-gram, 3 if enumerated, else 64")] = None
    """Tokens in a window."""
    temperature: float = 1.0
    """Logits are divided by it."""
    top_k: Annotated[int | None, unless_given("K", "all")] = None
    """Only the k likeliest tokens are said."""
    top_p: Annotated[float | None, unless_given("P", "all")] = None
    """Only the fewest likeliest tokens that reach this probability are said."""
    sampled: bool = False
    """Estimate from samples even where every window could be enumerated."""
    report: Annotated[Path | None, unless_given("FILE.html", "none")] = None
    """Write a page with pictures there."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def asked(self) -> "Asked":
        from corrigible.commands.chain import Asked

        return Asked(
            model=self.model,
            window=self.window,
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            report=self.report,
            sampled=self.sampled,
        )


@dataclass(frozen=True, kw_only=True)
class Settles(OfChain):
    """Where does it settle, how fast does it forget its start, how much is new at each step?"""

    prompt: Annotated[str | None, unless_given("TEXT", "none")] = None
    """A start; its last K tokens count."""
    lags: int = 16
    """Up to which distance a token may tell of another."""
    texts: int = 16
    """Texts that are sampled, where windows cannot be enumerated."""
    steps: int = 64
    """Tokens of each."""
    seed: int = 0
    """Of these texts."""

    def answer(self) -> "Answer":
        if not self.asked().exact:
            from corrigible.commands.chain_long import answer_settling

            return answer_settling(
                self.asked(), prompt=self.prompt, texts=self.texts, steps=self.steps, lags=self.lags, seed=self.seed
            )
        from corrigible.commands.chain import answer_stationary

        return answer_stationary(self.asked(), prompt=self.prompt, lags=self.lags)


@dataclass(frozen=True, kw_only=True)
class Loops(OfChain):
    """In which cycles does greedy decoding end, and from how many windows?"""

    prompt: Annotated[str | None, unless_given("TEXT", "none")] = None
    """A start, whose own cycle is told."""
    texts: int = 16
    """Texts that are sampled, where windows cannot be enumerated."""
    steps: int = 64
    """Tokens of each."""
    seed: int = 0
    """Of these texts."""

    def answer(self) -> "Answer":
        if not self.asked().exact:
            from corrigible.commands.chain_long import answer_loops_sampled

            return answer_loops_sampled(
                self.asked(), prompt=self.prompt, texts=self.texts, steps=self.steps, seed=self.seed
            )
        from corrigible.commands.chain import answer_loops

        return answer_loops(self.asked(), prompt=self.prompt)


@dataclass(frozen=True, kw_only=True)
class Reverse(OfChain):
    """By what chain of events did it come to say that? The chain is run backwards from a final window, exactly."""

    final: str
    """What the window says at the end; as many tokens as it holds."""
    steps: int = 12
    """Tokens between the start and the end."""
    prompt: Annotated[str | None, unless_given("TEXT", "the stationary law")] = None
    """Where it started: what came before depends on it."""
    count: int = 2000
    """Chains of events that are drawn from the exact posterior to be counted."""
    samples: Annotated[int | None, unless_given("N", "512; 48 of a language model")] = None
    """Of a run, where windows cannot be enumerated."""
    seed: int = 0
    """Of these samples."""

    def answer(self) -> "Answer":
        if not self.asked().exact:
            from corrigible.commands.chain_estimated import answer_reverse_estimated

            return answer_reverse_estimated(
                self.asked(),
                final=self.final,
                steps=self.steps,
                prompt=self.prompt,
                samples=self.samples,
                seed=self.seed,
            )
        from corrigible.commands.chain_events import answer_reverse

        return answer_reverse(
            self.asked(), final=self.final, steps=self.steps, prompt=self.prompt, count=self.count, seed=self.seed
        )


@dataclass(frozen=True, kw_only=True)
class Rare(OfChain):
    """How likely is it to be said within so many steps, however unlikely; how long until then?"""

    event: str
    """What is said: one token up to as many as the window holds, one after the other."""
    together: Annotated[int | None, unless_given("N", "all of them, in a row")] = None
    """At least so many tokens of the window are among those of the event, in any order."""
    steps: int = 100
    """Tokens after the start."""
    prompt: Annotated[str | None, unless_given("TEXT", "the stationary law")] = None
    """Where it started."""
    samples: Annotated[int | None, unless_given("N", "512; 48 of a language model")] = None
    """Of a run, where windows cannot be enumerated."""
    seed: int = 0
    """Of these samples."""

    def answer(self) -> "Answer":
        if not self.asked().exact:
            from corrigible.commands.chain_estimated import answer_rare_estimated

            return answer_rare_estimated(
                self.asked(),
                event=self.event,
                together=self.together,
                steps=self.steps,
                prompt=self.prompt,
                samples=self.samples,
                seed=self.seed,
            )
        from corrigible.commands.chain_events import answer_rare

        return answer_rare(self.asked(), event=self.event, together=self.together, steps=self.steps, prompt=self.prompt)


@dataclass(frozen=True, kw_only=True)
class Drifts(OfChain):
    """Does its text go astray by being gone on with, and does a planted error grow or heal? From samples."""

    reference: Annotated[Path | None, unless_given("FILE", "openings of books; for tiny, its grammar")] = None
    """Text that people wrote, its passages parted by empty lines."""
    prompt_tokens: int = 16
    """Of each passage, which are gone on with."""
    steps: int = 48
    """Tokens that are said."""
    texts: int = 16
    """Passages."""
    goal: Annotated[str | None, unless_given("TEXT", "none")] = None
    """Two roles talk to each other about that: how far does each turn drift from what it would say if reminded?"""
    turns: int = 8
    """Of that talk; the third is also replaced by a strange one."""
    seed: int = 0
    """Of what is said."""

    def answer(self) -> "Answer":
        from corrigible.commands.chain_drift import answer_drift

        if self.goal is not None:
            from corrigible.commands.chain_turns import answer_turns

            return answer_turns(
                self.asked(),
                goal=self.goal,
                turns=self.turns,
                talks=self.texts,
                reference=self.reference,
                seed=self.seed,
            )
        return answer_drift(
            self.asked(),
            reference=self.reference,
            prompt_tokens=self.prompt_tokens,
            steps=self.steps,
            texts=self.texts,
            seed=self.seed,
        )


ChainCommand: TypeAlias = (
    Annotated[Settles, subcommand(name="stationary", prefix_name=False)]
    | Annotated[Loops, subcommand(name="loops", prefix_name=False)]
    | Annotated[Reverse, subcommand(name="reverse", prefix_name=False)]
    | Annotated[Rare, subcommand(name="rare", prefix_name=False)]
    | Annotated[Drifts, subcommand(name="drift", prefix_name=False)]
)


@dataclass(frozen=True)
class Chain:
    """A language model as a Markov chain of context windows: where it goes, and how it got there."""

    question: OmitSubcommandPrefixes[ChainCommand]
    """What is asked."""

    @property
    def json_(self) -> bool:
        return self.question.json_

    def answer(self) -> "Answer":
        return self.question.answer()
