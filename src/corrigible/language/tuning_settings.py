"""What a language model is tuned in and how: prompts, length, algorithm, KL term."""

from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Final, Literal, final

from corrigible.errors import BadInput
from corrigible.language.sampling import SamplingRule
from corrigible.language.tunable import Adapter, Path

Algorithm = Literal["rloo", "grpo", "rejection"]
KLTerm = Literal["k1-reward", "k2", "k3", "exact"]
Reference = Literal["base", "amnesic", "repaired"]

FAILING_BETA: Final = 0.01
"""KL penalty that remedies of the reference use where there is none. With the plain base as reference the tiny model
still left its language at this weight in the pilot (docs/decisions/0015), if not on every seed (docs/remedies.md)."""


@final
@dataclass(frozen=True, kw_only=True)
class LanguageWorld:
    """model: a name for `load_model`. prompts: texts that are continued by up to `new_tokens` tokens.

    rule: how tokens are sampled, in training and evaluation. chat: prompts are a user's message. best_of: in
    evaluation alone, responses that are sampled for each that is given, which is the one that is paid best. held_out:
    prompts that are asked in evaluation alone, in turn with the others.
    """

    model: str
    prompts: tuple[str, ...]
    new_tokens: int
    rule: SamplingRule = field(default_factory=SamplingRule)
    chat: bool = False
    best_of: int = 1
    held_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check prompts, length and how many are sampled (raises BadInput)."""
        if not self.prompts or self.new_tokens < 1:
            raise BadInput(
                value=f"{len(self.prompts)} prompts and {self.new_tokens} new tokens",
                rule="there is at least one of each",
                remedy="give some",
            )
        if self.best_of < 1:
            raise BadInput(value=f"best_of = {self.best_of}", rule="it must be at least 1", remedy="give more")
        if twice := set(self.prompts) & set(self.held_out):
            raise BadInput(
                value=f"prompt {min(twice)!r}", rule="what is tuned on is not held out", remedy="leave it out of one"
            )

    def as_asked(self) -> "LanguageWorld":
        """The world as it is evaluated: prompts that were tuned on and those held out, in turn."""
        turns = zip_longest(self.prompts, self.held_out)
        return replace(self, prompts=tuple(one for pair in turns for one in pair if one is not None), held_out=())


@final
@dataclass(frozen=True, kw_only=True)
class TuningSettings:
    """How it is tuned. A step samples `prompts` x `samples` responses and makes one update; 0 steps tune nothing.

    algorithm: rloo and grpo are policy gradients with other responses to the same prompt as baseline; rejection makes
    the best-paid of them likelier and nothing else (rejection fine-tuning, Dong et al. 2023, arXiv 2304.06767).
    kl: where the penalty stands and which estimate it is (Schulman 2020): k1-reward takes beta * log(p / q) off the
    reward; k2, k3 and exact (over the vocabulary, position by position) are terms of the loss. anchor: share by which
    the reference follows the policy at each step; 0 keeps the base. reference: what policies are compared with: the
    base; the base without its memory of the response (amnesic); or the base taught not to expect repeats (repaired).
    micro: responses a backward pass reads at once.
    shares, path: of `walking.tune_and_walk` alone: what is given are blends of base and tuned model, see there.
    """

    steps: int = 100
    prompts: int = 4
    samples: int = 8
    algorithm: Algorithm = "rloo"
    kl: KLTerm = "k1-reward"
    beta: float = 0.05
    learning_rate: float = 1e-3
    gradient_norm: float = 1.0
    adapter: Adapter = field(default_factory=Adapter)
    anchor: float = 0.0
    reference: Reference = "base"
    micro: int = 32
    checkpoints: int = 5
    shown: int = 4
    """Responses of each step that are kept for people."""
    shares: tuple[float, ...] = ()
    path: Path = "lerp"

    def __post_init__(self) -> None:
        """Check the numbers (raises BadInput)."""
        rules = (
            (f"steps = {self.steps}", self.steps >= 0, "at least 0"),
            (f"prompts = {self.prompts}", self.prompts >= 1, "at least 1"),
            (f"samples = {self.samples}", self.samples >= 2, "at least 2: each is compared with the others"),
            (f"beta = {self.beta}", self.beta >= 0, "at least 0"),
            (f"learning_rate = {self.learning_rate}", 0 < self.learning_rate < 1, "between 0 and 1"),
            (f"anchor = {self.anchor}", 0 <= self.anchor <= 1, "from 0 to 1"),
            (
                f"reference = {self.reference!r} with anchor = {self.anchor} and kl = {self.kl!r}",
                self.reference == "base" or (not self.anchor and (self.kl != "exact" or self.reference != "amnesic")),
                "the base where it follows the policy; an amnesic one is compared by what was sampled",
            ),
            (f"micro = {self.micro}", self.micro >= 1, "at least 1"),
            (f"shares = {self.shares}", all(0 <= share <= 1 for share in self.shares), "from 0 to 1 each"),
            (f"checkpoints = {self.checkpoints}", 1 <= self.checkpoints <= max(1, self.steps), "from 1 to `steps`"),
        )
        for value, kept, rule in rules:
            if not kept:
                raise BadInput(value=value, rule=f"it must be {rule}", remedy="give such a number")

    def due(self) -> frozenset[int]:
        """Steps after which a checkpoint is given, the last among them."""
        return frozenset(round(self.steps * (k + 1) / self.checkpoints) for k in range(self.checkpoints))
