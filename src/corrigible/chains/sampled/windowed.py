"""A causal language model as a chain of windows, read anew at every step; and the other chain, with a rolling cache.

They are two chains. In the window chain what was dropped is forgotten, so the last K tokens decide what follows. With a
rolling cache keys and values of the last K tokens are kept, and these were computed when older tokens could still be
seen; so older tokens go on having their say (Xiao et al. 2023, "Efficient Streaming Language Models with Attention
Sinks", tell "sliding window with re-computation" from "window attention").
"""

from dataclasses import dataclass, field
from typing import Any, Final, final

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import DynamicCache

from corrigible.chains.decoding import Decoding
from corrigible.chains.modelled import text_tokens
from corrigible.chains.sampled.chain import LawCache, LogLaw, Spent, Tokens, remembered
from corrigible.chains.sampled.open_texts import OpenTexts
from corrigible.chains.sampled.walks import Walks, drawn_tokens
from corrigible.errors import BadInput
from corrigible.language.models import LanguageModel
from corrigible.language.sampling import cache_name

READ_AT_ONCE: Final = 4096
"""Tokens of texts that are read together."""


@final
@dataclass(kw_only=True, eq=False)
class Windowed:
    """The window chain of a model. Tokens are places in `spoken`: control tokens and ends are never said.

    Raises BadInput where the window is none, or larger than the model's context.
    """

    model: LanguageModel
    window: int
    decoding: Decoding = field(default_factory=Decoding)
    cache: LawCache = field(default_factory=LawCache)
    spent: Spent = field(default_factory=Spent)
    besides: int = 0
    """Tokens that were read for it by others (a rolling cache)."""

    def __post_init__(self) -> None:
        if not 1 <= self.window <= self.model.context:
            raise BadInput(
                value=f"windows of {self.window}",
                rule=f"the context of {self.model.name} is {self.model.context} tokens",
                remedy="use a window of 1 to that many",
            )
        self.spoken = text_tokens(self.model)
        self._place = np.full(self.model.vocabulary, -1)
        self._place[self.spoken] = np.arange(len(self.spoken))
        self._texts = OpenTexts(model=self.model, window=self.window)

    @property
    def name(self) -> str:
        """For reports: which chain it is."""
        return f"window chain of {self.model.name}, the last {self.window} tokens read anew, {self.decoding.told}"

    @property
    def size(self) -> int:
        """V."""
        return len(self.spoken)

    def log_law(self, windows: Tokens) -> LogLaw:
        """As TextChain says."""
        found = remembered(self.cache, self.spent, windows, self.size, self._ask)
        self.spent.tokens = self._texts.read + self.besides
        return found

    def _ask(self, windows: Tokens) -> NDArray[np.float32]:
        found = np.empty((len(windows), self.size), np.float32)
        rows = max(1, READ_AT_ONCE // windows.shape[1])
        for start in range(0, len(windows), rows):
            logits = self._texts.logits(self.spoken[windows[start : start + rows]])
            found[start : start + rows] = decoded(logits[:, self.spoken], self.decoding)
        return found

    def tokens(self, text: str) -> Tokens:
        """(L,) of a text. Raises BadInput where the text has none, or one that is never said."""
        return self.placed(self.model.encode(text, beginning=False))

    def placed(self, ids: list[int]) -> Tokens:
        """(L,) of the model's own ids. Raises BadInput as `tokens`."""
        found = self._place[np.array(ids, dtype=np.int64)] if ids else np.empty(0, np.int64)
        if not found.size or (found < 0).any():
            raise BadInput(
                value="a text without tokens" if not found.size else f"token {ids[int(np.argmin(found))]}",
                rule="a text has tokens, none of them a control token",
                remedy="write some plain text",
            )
        return found

    def features(self) -> NDArray[np.floating[Any]]:
        """The model's own embeddings of its tokens, at length one."""
        rows = self.model.network.get_input_embeddings().weight.detach().cpu().numpy()[self.spoken]
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)

    def text(self, tokens: Tokens) -> str:
        """As the model writes it."""
        return self.model.decode(self.spoken[np.asarray(tokens)].tolist())


def decoded(logits: NDArray[np.floating[Any]], decoding: Decoding) -> NDArray[np.float32]:
    """(n, V) logits to log-probabilities of what is chosen."""
    scores = logits.astype(np.float64)
    scores -= scores.max(axis=1, keepdims=True)
    law = np.exp(scores)
    law /= law.sum(axis=1, keepdims=True)
    if decoding != Decoding():
        law = decoding.of(law)
    with np.errstate(divide="ignore"):
        return np.log(law).astype(np.float32)


@final
@dataclass(kw_only=True, eq=False)
class RollingCache:
    """The other chain: keys and values of the last K tokens are kept, with what they remember of older ones.

    Positions count from the beginning of the text. It has no state that is a window, so only walks can be asked for.
    """

    of: Windowed

    @property
    def name(self) -> str:
        """For reports."""
        return (
            f"rolling cache of {self.of.model.name}, keys of the last {self.of.window} tokens, {self.of.decoding.told}"
        )

    @torch.no_grad()
    def log_law_after(self, texts: Tokens) -> LogLaw:
        """(n, L) whole texts, read token by token, to (n, V) log-probabilities of what follows."""
        reader = _Rolling(self.of.model, self.of.window, len(texts))
        for column in self.of.spoken[texts].T:
            reader.read(column)
        self._count(texts.size)
        self.of.spent.laws += len(texts)
        return decoded(reader.logits[:, self.of.spoken], self.of.decoding).astype(np.float64)

    def _count(self, tokens: int) -> None:
        self.of.besides += tokens
        self.of.spent.tokens += tokens

    @torch.no_grad()
    def walk(self, starts: Tokens, steps: int, uniforms: NDArray[np.float64]) -> Walks:
        """As `walks.walk`, of this chain."""
        reader = _Rolling(self.of.model, self.of.window, len(starts))
        for column in self.of.spoken[starts].T:
            reader.read(column)
        said = np.empty((len(starts), steps), np.int64)
        log_prob = np.empty((len(starts), steps))
        for t in range(steps):
            law = decoded(reader.logits[:, self.of.spoken], self.of.decoding).astype(np.float64)
            said[:, t] = drawn_tokens(law, uniforms[:, t])
            log_prob[:, t] = law[np.arange(len(starts)), said[:, t]]
            reader.read(self.of.spoken[said[:, t]])
        self._count(starts.size + said.size)
        self.of.spent.laws += said.size
        return Walks(tokens=np.concatenate([starts, said], axis=1), log_prob=log_prob)


class _Rolling:
    """Reads a token a row; forgets the oldest keys and values beyond the last K. logits: (n, vocabulary)."""

    def __init__(self, model: LanguageModel, window: int, rows: int) -> None:
        self._network, self._device, self._window = model.network, model.device, window
        self._cache: Any = DynamicCache()
        self._name = cache_name(self._network)
        self._position = 0
        self.logits = np.empty((rows, 0), np.float32)

    def read(self, token: Tokens) -> None:
        for layer in self._cache.layers:
            if layer.is_initialized and layer.keys.shape[-2] >= self._window:
                layer.keys = layer.keys[:, :, 1 - self._window :] if self._window > 1 else layer.keys[:, :, :0]
                layer.values = layer.values[:, :, 1 - self._window :] if self._window > 1 else layer.values[:, :, :0]
        ids = torch.from_numpy(np.ascontiguousarray(token)).to(self._device)[:, None]
        position = torch.full_like(ids, self._position)
        kept: dict[str, Any] = {self._name: self._cache}
        answer = self._network(input_ids=ids, position_ids=position, use_cache=True, logits_to_keep=1, **kept)
        self._position += 1
        self.logits = answer.logits[:, -1].cpu().numpy()
