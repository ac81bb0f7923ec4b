"""A batched sampler that says exactly how likely what it sampled was, under the rule and under the model.

Tokens are drawn by inverting the distribution function at uniform numbers of a numpy Generator; a row is the same alone
as in a batch, but for rounding. The end of a text is a token like any other: it is sampled, scored, and nothing after
it counts.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import DynamicCache

from corrigible.errors import BadInput, CorrigibleError
from corrigible.language.models import LanguageModel
from corrigible.language.packing import packed

NOT_LIKELY: Final = -torch.inf


@final
@dataclass(frozen=True, kw_only=True)
class SamplingRule:
    """How tokens are chosen from the model's distribution: banned tokens go, then temperature, top-k, top-p.

    Raises BadInput where a number is outside its range.
    """

    temperature: float = 1.0
    """Logits are divided by it (> 0); 1 is the model itself."""
    top_k: int | None = None
    """Only the k likeliest tokens, ties with the k-th included (>= 1)."""
    top_p: float | None = None
    """Only the fewest likeliest tokens whose probabilities, at this temperature, reach p (0 < p <= 1)."""
    control_allowed: bool = False
    """Whether the model's control tokens (chat markers, padding) may be sampled. Its end tokens always may."""
    banned: tuple[int, ...] = ()
    """Token ids that may not be sampled besides."""
    least_tokens: int = 0
    """End tokens are banned until so many tokens were sampled; the log-probabilities say so."""

    @property
    def only_bans(self) -> bool:
        """Whether the model's own distribution is sampled from, but for tokens that are excluded."""
        return self.temperature == 1 and self.top_k is None and (self.top_p is None or self.top_p == 1)

    def __post_init__(self) -> None:
        rules = (
            (f"temperature = {self.temperature}", 0 < self.temperature < float("inf"), "finite and above 0"),
            (f"top_k = {self.top_k}", self.top_k is None or self.top_k >= 1, "at least 1"),
            (f"top_p = {self.top_p}", self.top_p is None or 0 < self.top_p <= 1, "above 0 and at most 1"),
            (f"least_tokens = {self.least_tokens}", self.least_tokens >= 0, "at least 0"),
        )
        for value, kept, rule in rules:
            if not kept:
                raise BadInput(value=value, rule=f"it must be {rule}", remedy="give such a number, or leave it out")


@final
@dataclass(frozen=True, kw_only=True)
class Samples:
    """What was sampled for B prompts; T is the length of the longest. Arrays are (B, T).

    Places after a row's end have mask False, the model's padding as token, and log-probability 0.
    """

    prompts: tuple[tuple[int, ...], ...]
    tokens: NDArray[np.int64]
    mask: NDArray[np.bool_]
    """True where a token was sampled, the end token included."""
    log_prob: NDArray[np.float64]
    """Nats: log-probability under the rule, i.e. of the truncated and renormalised distribution it was drawn from."""
    model_log_prob: NDArray[np.float64]
    """Nats: log-probability under the model itself, over its whole vocabulary, at temperature 1."""
    ended: NDArray[np.bool_]
    """(B,) True where the row ended by an end token, False where it was cut at the length that was asked."""

    def row(self, number: int) -> list[int]:
        """The sampled tokens of one row, its end token included."""
        return self.tokens[number][self.mask[number]].tolist()

    def of_rows(self, chosen: NDArray[np.int64]) -> "Samples":
        """Those rows alone, in that order."""
        return Samples(
            prompts=tuple(self.prompts[int(k)] for k in chosen),
            tokens=self.tokens[chosen],
            mask=self.mask[chosen],
            log_prob=self.log_prob[chosen],
            model_log_prob=self.model_log_prob[chosen],
            ended=self.ended[chosen],
        )


@torch.no_grad()
def sample(
    model: LanguageModel,
    prompts: Sequence[Sequence[int]],
    *,
    new_tokens: int,
    generator: np.random.Generator,
    rule: SamplingRule | None = None,
) -> Samples:
    """Continue each prompt (token ids) by up to `new_tokens` tokens.

    Draws B x `new_tokens` uniform numbers from `generator`, however early rows end.

    Raises:
        BadInput: no prompt, an empty one, one that is longer with its continuation than the model's context, or a rule
            that leaves no token.
        CorrigibleError: the model gives logits that are no numbers.
    """
    rule = rule or SamplingRule()
    check_prompts(model, prompts, new_tokens)
    draws = generator.random((len(prompts), new_tokens))
    with packed(model.network):
        return _sample(model, prompts, draws, rule)


def _sample(
    model: LanguageModel, prompts: Sequence[Sequence[int]], draws: NDArray[np.float64], rule: SamplingRule
) -> Samples:
    new_tokens = draws.shape[1]
    reader = _Reader(model, prompts)
    never = _banned(model, rule)
    ends = torch.tensor(model.end_tokens, dtype=torch.long, device=model.device)
    apart = never if rule.only_bans and rule.least_tokens == 0 else None
    alive = torch.ones(len(prompts), dtype=torch.bool, device=model.device)
    columns: list[tuple[torch.Tensor, ...]] = []
    for place in range(new_tokens):
        logits = reader.logits
        chosen_from = truncated(logits, rule, never=never, ends=ends if place < rule.least_tokens else None)
        token = _invert(chosen_from, torch.from_numpy(draws[:, place]).to(model.device))
        columns.append((token.where(alive, model.padding), alive, *_both(chosen_from, logits, token, alive, apart)))
        alive = alive & ~torch.isin(token, ends)
        if place + 1 == new_tokens or not alive.any():
            break
        reader.read(columns[-1][0])
    tokens, mask, log_prob, model_log_prob = (
        torch.stack(parts, dim=1).cpu().numpy() for parts in zip(*columns, strict=True)
    )
    return Samples(
        prompts=tuple(tuple(prompt) for prompt in prompts),
        tokens=tokens,
        mask=mask,
        log_prob=log_prob,
        model_log_prob=model_log_prob,
        ended=~alive.cpu().numpy(),
    )


@torch.no_grad()
def score(
    model: LanguageModel,
    prompts: Sequence[Sequence[int]],
    continuations: Sequence[Sequence[int]],
    *,
    rule: SamplingRule | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-probabilities of given continuations in one pass, (B, T) nats under the rule and under the model.

    T is the length of the longest; places after a row's end are 0. What the rule excludes has -inf under it.

    Raises BadInput as `sample` does.
    """
    rule = rule or SamplingRule()
    log_probs, logits = _both_laws(model, prompts, continuations, rule)
    longest = log_probs.shape[1]
    tokens = torch.full((len(prompts), longest), model.padding, dtype=torch.long, device=model.device)
    mask = torch.zeros_like(tokens, dtype=torch.bool)
    for row, continuation in enumerate(continuations):
        tokens[row, : len(continuation)] = torch.tensor(continuation, dtype=torch.long)
        mask[row, : len(continuation)] = True
    columns = [_both(log_probs[:, k], logits[:, k], tokens[:, k], mask[:, k]) for k in range(longest)]
    under_rule, under_model = (torch.stack(parts, dim=1).cpu().numpy() for parts in zip(*columns, strict=True))
    return under_rule, under_model


def rule_log_probs(
    model: LanguageModel,
    prompts: Sequence[Sequence[int]],
    continuations: Sequence[Sequence[int]],
    *,
    rule: SamplingRule | None = None,
) -> torch.Tensor:
    """(B, T, V) nats: the distributions that each token of given continuations is sampled from; gradients flow.

    T is the length of the longest; rows mean nothing after their end. Raises BadInput as `sample` does.
    """
    return _both_laws(model, prompts, continuations, rule or SamplingRule())[0]


def _both_laws(
    model: LanguageModel, prompts: Sequence[Sequence[int]], continuations: Sequence[Sequence[int]], rule: SamplingRule
) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, T, V) log-probabilities under the rule, and the model's logits."""
    longest = max(map(len, continuations), default=0)
    check_prompts(model, prompts, longest)
    if len(continuations) != len(prompts):
        raise BadInput(
            value=f"{len(continuations)} continuations", rule=f"there are {len(prompts)} prompts", remedy="give as many"
        )
    logits = _teacher_forced(model, prompts, continuations)
    never, ends = _banned(model, rule), torch.tensor(model.end_tokens, dtype=torch.long, device=model.device)
    columns = [
        truncated(logits[:, place], rule, never=never, ends=ends if place < rule.least_tokens else None)
        for place in range(longest)
    ]
    return torch.stack(columns, dim=1), logits


def truncated(
    logits: torch.Tensor, rule: SamplingRule, *, never: torch.Tensor, ends: torch.Tensor | None
) -> torch.Tensor:
    """(B, V) logits to (B, V) log-probabilities of the distribution that is sampled from; -inf where excluded.

    `never` are token ids that are banned throughout, `ends` those that are banned at this place.
    """
    scores = logits.float() if rule.temperature == 1 else logits.float() / rule.temperature
    scores = scores.index_fill(1, never, NOT_LIKELY)
    if ends is not None:
        scores = scores.index_fill(1, ends, NOT_LIKELY)
    if rule.top_k is not None and rule.top_k < scores.shape[1]:
        least = scores.topk(rule.top_k, dim=1).values[:, -1:]
        scores = scores.masked_fill(scores < least, NOT_LIKELY)
    if rule.top_p is not None and rule.top_p < 1:
        ordered, places = scores.sort(dim=1, descending=True, stable=True)
        probabilities = ordered.double().softmax(1)
        before = probabilities.cumsum(1) - probabilities
        ordered = ordered.masked_fill(before >= rule.top_p, NOT_LIKELY)
        scores = torch.empty_like(scores).scatter_(1, places, ordered)
    log_probs = scores.log_softmax(1)
    if not torch.isfinite(log_probs.amax(1)).all():
        raise _nothing_to_sample(logits)
    return log_probs


def _nothing_to_sample(logits: torch.Tensor) -> CorrigibleError:
    if not torch.isfinite(logits.amax(1)).all():
        return CorrigibleError(
            value="the model's logits", rule="they must be numbers", remedy="go back to a checkpoint before it diverged"
        )
    return BadInput(value="the sampling rule", rule="it must leave at least one token", remedy="ban fewer tokens")


def _invert(log_probs: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    """(B,) the tokens at which the distribution function, summed in float64, first exceeds `draws`."""
    reached = log_probs.exp().cumsum(1, dtype=torch.float64)
    aimed = (draws * reached[:, -1]).unsqueeze(1)
    token = torch.searchsorted(reached, aimed, right=True).squeeze(1)
    last = log_probs.shape[1] - 1 - torch.isfinite(log_probs).flip(1).to(torch.int8).argmax(1)
    return torch.minimum(token, last)  # a draw next to 1 may round up to the whole mass


def _both(
    chosen_from: torch.Tensor,
    logits: torch.Tensor,
    token: torch.Tensor,
    alive: torch.Tensor,
    apart: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """(B,) log-probabilities of the token under the rule and under the model; 0 where not alive.

    apart: the tokens that the rule excludes, where it does nothing else to the model's own distribution: the model's
    whole mass is then that of the rule and theirs, and need not be summed again.
    """
    place = token.unsqueeze(1)
    nothing = torch.zeros((), dtype=torch.float64, device=token.device)
    under_rule = chosen_from.gather(1, place).squeeze(1).double()
    if apart is None:
        under_model = logits.float().log_softmax(1).gather(1, place).squeeze(1).double()
    else:
        own = logits.gather(1, place).squeeze(1).double()
        banned = logits[:, apart].double().logsumexp(1)
        under_model = own - torch.logaddexp(own - under_rule, banned)
    return under_rule.where(alive, nothing), under_model.where(alive, nothing)


def _banned(model: LanguageModel, rule: SamplingRule) -> torch.Tensor:
    control = () if rule.control_allowed else model.control_tokens
    for token in rule.banned:
        if not 0 <= token < model.vocabulary:
            raise BadInput(
                value=f"banned token {token}", rule=f"ids are 0 to {model.vocabulary - 1}", remedy="give such an id"
            )
    banned = sorted((set(control) - set(model.end_tokens)) | set(rule.banned))
    return torch.tensor(banned, dtype=torch.long, device=model.device)


def check_prompts(model: LanguageModel, prompts: Sequence[Sequence[int]], new_tokens: int) -> None:
    """Raises BadInput where there is no prompt, an empty one, or one that is too long with what is to follow it."""
    if not prompts or new_tokens < 1:
        raise BadInput(
            value=f"{len(prompts)} prompts and {new_tokens} new tokens", rule="at least one of each", remedy="give more"
        )
    for number, prompt in enumerate(prompts):
        if not prompt:
            raise BadInput(
                value=f"prompt {number}", rule="it must have a token", remedy="begin it with a begin token or a word"
            )
        if len(prompt) + new_tokens > model.context:
            raise BadInput(
                value=f"prompt {number} of {len(prompt)} tokens, and {new_tokens} new ones",
                rule=f"the context of {model.name} is {model.context} tokens",
                remedy="shorten the prompt or ask for fewer tokens",
            )


def cache_name(network: Any) -> str:
    """By which name a network of transformers takes its cache; it was renamed within version 5."""
    return "cache" if "cache" in inspect.signature(network.forward).parameters else "past_key_values"


@final
class _Reader:
    """Reads prompts padded at the left, then one token a row; keeps keys and values. `logits` (B, V) are the next's."""

    def __init__(self, model: LanguageModel, prompts: Sequence[Sequence[int]]) -> None:
        self._network = model.network
        self._cache_name = cache_name(self._network)
        self._cache = DynamicCache(config=self._network.config)
        tokens, self._mask = padded_left(prompts, padding=model.padding, device=model.device)
        self._position = self._mask.cumsum(1) - 1
        self.logits = self._forward(tokens, self._position.clamp(min=0))
        self._position = self._position[:, -1:]

    def read(self, token: torch.Tensor) -> None:
        self._mask = torch.cat([self._mask, torch.ones_like(self._mask[:, :1])], dim=1)
        self._position = self._position + 1
        self.logits = self._forward(token.unsqueeze(1), self._position)

    def _forward(self, tokens: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
        kept: dict[str, Any] = {self._cache_name: self._cache}
        answer = self._network(
            input_ids=tokens,
            attention_mask=self._mask,
            position_ids=position,
            use_cache=True,
            logits_to_keep=1,
            **kept,
        )
        return answer.logits[:, -1]


def padded_left(
    rows: Sequence[Sequence[int]], *, padding: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, T) int64 token ids that end together, and (B, T) int64 with 1 where there is one."""
    longest = max(map(len, rows))
    tokens = [[padding] * (longest - len(row)) + list(row) for row in rows]
    mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(tokens, device=device), torch.tensor(mask, device=device)


def _teacher_forced(
    model: LanguageModel, prompts: Sequence[Sequence[int]], continuations: Sequence[Sequence[int]]
) -> torch.Tensor:
    """(B, T, V) logits of the tokens of `continuations`; prompts end together, so continuations begin together."""
    longest = max(map(len, continuations))
    rows = [
        [*prompt, *continuation, *[model.padding] * (longest - len(continuation))]
        for prompt, continuation in zip(prompts, continuations, strict=True)
    ]
    tokens, mask = padded_left(rows, padding=model.padding, device=model.device)
    position = (mask.cumsum(1) - 1).clamp(min=0)
    answer = model.network(
        input_ids=tokens, attention_mask=mask, position_ids=position, use_cache=False, logits_to_keep=longest + 1
    )
    return answer.logits[:, :-1]
