"""An evaluator: a language model that answers a constitution's questions, read as a reward. Formulas as in minihf.

For one principle let P, N and R be the probabilities that the next token is a spelling of yes, of no, and any other.
The reward is log(P + R/2) - log(N + R/2), with its sign changed where a no is wanted: the log-odds of yes over no with
the rest shared out evenly, so that a model that thinks of neither gives about nothing. Principles are joined by a
weighted soft minimum: a text must meet all of them.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, final

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import DynamicCache

from corrigible.errors import BadInput
from corrigible.language.constitution import Constitution
from corrigible.language.models import LanguageModel
from corrigible.language.packing import packed
from corrigible.language.sampling import cache_name, padded_left
from corrigible.language.templates import Template

SPELLINGS: Final = {"yes": ("yes", "Yes", "YES"), "no": ("no", "No", "NO")}
BATCH: Final = 32
WORTH_SHARING: Final = 16
"""Tokens from which on a common beginning is read apart."""


class Scorer(Protocol):
    """What a reward of texts is: higher is better, in nats of log-odds."""

    def score(self, prompts: Sequence[str], responses: Sequence[str]) -> NDArray[np.float64]:
        """(B,) float64, one number a response."""
        ...


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Judgements:
    """What an evaluator thinks of B texts under K principles.

    odds: (B, K) nats, the wanted answer over the other, the rest shared out. mass: (B, K) P + N.
    score: (B,) nats, the weighted soft minimum.
    """

    odds: NDArray[np.float64]
    mass: NDArray[np.float64]
    score: NDArray[np.float64]


@final
@dataclass(frozen=True, kw_only=True)
class Evaluator:
    """A model, a constitution and a template.

    null_corrected: the odds of the same prompt with an empty response are taken off, so that what the template alone
    thinks does not count.
    """

    model: LanguageModel
    constitution: Constitution
    template: Template
    null_corrected: bool = False
    _null: dict[tuple[str, int], float] = field(default_factory=dict[tuple[str, int], float], repr=False, compare=False)

    def score(self, prompts: Sequence[str], responses: Sequence[str]) -> NDArray[np.float64]:
        """(B,) nats; raises BadInput where there is not one response a prompt, or a text is too long for the model."""
        return self.judge(prompts, responses).score

    def judge(self, prompts: Sequence[str], responses: Sequence[str]) -> Judgements:
        """Odds and masses besides; raises as `score`."""
        if len(prompts) != len(responses):
            raise BadInput(
                value=f"{len(responses)} responses", rule=f"there are {len(prompts)} prompts", remedy="give as many"
            )
        columns = [self._answers(number, prompts, responses) for number in range(len(self.constitution.principles))]
        odds = np.stack([odds for odds, _ in columns], axis=1)
        if self.null_corrected:
            odds = odds - np.stack([self._nulls(number, prompts) for number in range(odds.shape[1])], axis=1)
        weights = np.array([principle.weight for principle in self.constitution.principles])
        return Judgements(
            odds=odds, mass=np.stack([mass for _, mass in columns], axis=1), score=soft_minimum(odds, weights)
        )

    def _nulls(self, number: int, prompts: Sequence[str]) -> NDArray[np.float64]:
        """The odds of each prompt without a response; asked once a prompt."""
        unknown = sorted({prompt for prompt in prompts if (prompt, number) not in self._null})
        if unknown:
            found, _ = self._answers(number, unknown, [""] * len(unknown))
            self._null.update({(p, number): float(v) for p, v in zip(unknown, found, strict=True)})
        return np.array([self._null[prompt, number] for prompt in prompts])

    def _answers(
        self, number: int, prompts: Sequence[str], responses: Sequence[str]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(B,) odds and (B,) mass of one principle."""
        principle = self.constitution.principles[number]
        rows = [
            self.template.write(self.model, prompt, response, principle.question)
            for prompt, response in zip(prompts, responses, strict=True)
        ]
        logits = next_token_logits(self.model, rows)
        yes, no, rest = (
            np.logaddexp.reduce(logits[:, ids], axis=1) for ids in _apart(self.model, answer_tokens(self.model))
        )
        half = rest - np.log(2.0)
        odds = np.logaddexp(yes, half) - np.logaddexp(no, half)
        whole = np.logaddexp(np.logaddexp(yes, no), rest)
        mass = np.exp(np.logaddexp(yes, no) - whole)
        return (odds if principle.answer == "yes" else -odds), mass


@final
@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Several evaluators as one: their mean, or the least of them (Coste et al. 2023, "Reward model ensembles")."""

    members: tuple[Scorer, ...]
    worst: bool = False

    def score(self, prompts: Sequence[str], responses: Sequence[str]) -> NDArray[np.float64]:
        """(B,) nats."""
        every = self.each(prompts, responses)
        return every.min(axis=0) if self.worst else every.mean(axis=0)

    def each(self, prompts: Sequence[str], responses: Sequence[str]) -> NDArray[np.float64]:
        """(M, B): one row a member."""
        return np.stack([member.score(prompts, responses) for member in self.members])


def soft_minimum(odds: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B, K) and (K,) to (B,): -log(sum w exp(-x) / sum w). It lies between the least and the weighted mean.

    Equal values give that value; one that is much lower than the others decides.
    """
    shares = np.log(weights / weights.sum())
    return -np.logaddexp.reduce(shares - odds, axis=1)


def answer_tokens(model: LanguageModel) -> tuple[list[int], list[int]]:
    """Ids of the spellings of yes and of no that are one token, with and without a blank before them.

    Raises BadInput where the model has none of either.
    """
    found: list[list[int]] = []
    for answer, spellings in SPELLINGS.items():
        ids: set[int] = set()
        for word in spellings:
            for text in (word, f" {word}"):
                ids |= _as_one_token(model, text)
        if not ids:
            raise BadInput(
                value=f"model {model.name}",
                rule=f"it has no single token for {answer!r}",
                remedy="evaluate with another model",
            )
        found.append(sorted(ids))
    return found[0], found[1]


def _as_one_token(model: LanguageModel, text: str) -> set[int]:
    ids = model.tokenizer(text, add_special_tokens=False)["input_ids"]
    one = len(ids) == 1 and ids[0] != model.tokenizer.unk_token_id and model.tokenizer.decode(ids).strip()
    return {int(ids[0])} if one else set()


def _apart(model: LanguageModel, answers: tuple[list[int], list[int]]) -> tuple[list[int], list[int], list[int]]:
    yes, no = answers
    rest = sorted(set(range(model.vocabulary)) - set(yes) - set(no))
    return yes, no, rest


@torch.no_grad()
def next_token_logits(model: LanguageModel, rows: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """(B, V) float64 logits after each row of token ids; rows are padded at the left and read in batches.

    What all rows begin with, such as the examples of a few-shot template, is read once. Raises BadInput where a row is
    longer than the model's context.
    """
    longest = max(map(len, rows), default=0)
    if longest > model.context:
        raise BadInput(
            value=f"a text of {longest} tokens with its question",
            rule=f"the context of {model.name} is {model.context} tokens",
            remedy="shorten prompt, response or question",
        )
    order = sorted(range(len(rows)), key=lambda number: len(rows[number]))
    found = np.empty((len(rows), model.vocabulary))
    shared = shared_length(rows)
    with packed(model.network):
        begun = _read(model, [rows[0][:shared]], None)[1] if shared else None
        for start in range(0, len(rows), BATCH):
            chosen = order[start : start + BATCH]
            logits, _ = _read(model, [rows[i][shared:] for i in chosen], begun)
            found[chosen] = logits
    return found


def shared_length(rows: Sequence[Sequence[int]]) -> int:
    """Tokens that all rows begin with, where it pays to read them apart, else 0; each row keeps one of its own."""
    if len(rows) < 2:
        return 0
    ordered = sorted(map(tuple, rows))  # what the first and the last share, all do
    first, last = ordered[0], ordered[-1]
    most = min(map(len, rows)) - 1
    shared = next((k for k in range(most) if first[k] != last[k]), max(most, 0))
    return shared if shared >= WORTH_SHARING else 0


def _read(
    model: LanguageModel, rows: Sequence[Sequence[int]], begun: DynamicCache | None
) -> tuple[NDArray[np.float64], DynamicCache | None]:
    """(B, V) logits after `rows`, which follow what `begun` holds; and, of a single row, the cache of what was read."""
    tokens, mask = padded_left(rows, padding=model.padding, device=model.device)
    position = (mask.cumsum(1) - 1).clamp(min=0)
    named: dict[str, Any] = {"use_cache": False}
    cache = None
    if begun is not None:
        cache = deepcopy(begun)
        cache.batch_repeat_interleave(len(rows))
        before = begun.get_seq_length()
        mask = torch.cat((mask.new_ones(len(rows), before), mask), dim=1)
        position = position + before
    elif len(rows) == 1:
        cache = DynamicCache(config=model.network.config)
    if cache is not None:
        named = {"use_cache": True, cache_name(model.network): cache}
    answer = model.network(input_ids=tokens, attention_mask=mask, position_ids=position, logits_to_keep=1, **named)
    return answer.logits[:, -1].double().cpu().numpy(), cache
