"""Gold for real text: how much a response is like what the untuned model itself would have gone on to say.

Nobody is trained on it. A tuned model that still writes what the base could have written scores about 0, one that says
something else to every prompt scores below. It sees no difference between good and bad stories: it is the part of what
was meant that the KL penalty was to protect, by meaning instead of by tokens.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.language.base_responses import base_responses
from corrigible.language.embeddings import Embedder, load_embedder
from corrigible.language.rewards import Texts

LEAST: Final = 8
"""Responses of the base a prompt, at least."""


@final
@dataclass(frozen=True, kw_only=True)
class LikeTheBase:
    """Mean cosine to the base's responses to the same prompt, in deviations of what the base's have to one another.

    model: the base. embedder: a packaged sentence model. samples: of the base for each prompt, up to new_tokens long.
    """

    model: str
    new_tokens: int
    samples: int = 32
    embedder: str = "minilm"
    chat: bool = False
    _kept: dict[str, tuple[NDArray[np.float64], float, float]] = field(
        default_factory=dict[str, tuple[NDArray[np.float64], float, float]], repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Check the number of samples (raises BadInput)."""
        if self.samples < LEAST:
            raise BadInput(value=f"{self.samples} samples", rule=f"there are at least {LEAST}", remedy="ask for more")

    def __call__(self, texts: Texts) -> NDArray[np.float64]:
        """(B,) float64, standard deviations."""
        found = np.zeros(len(texts.responses))
        embedded = self._embed(texts.responses)
        for prompt in dict.fromkeys(texts.prompts):
            rows = np.flatnonzero(np.array(texts.prompts) == prompt)
            base, mean, deviation = self._base(prompt)
            found[rows] = ((embedded[rows] @ base.T).mean(axis=1) - mean) / deviation
        return found

    def _base(self, prompt: str) -> tuple[NDArray[np.float64], float, float]:
        """Embedded responses of the base, and mean and deviation of each one's mean cosine to the others."""
        if prompt not in self._kept:
            said = base_responses(
                self.model, prompt, samples=self.samples, new_tokens=self.new_tokens, chat=self.chat, purpose="likeness"
            )
            base = self._embed(said)
            cosine = base @ base.T
            np.fill_diagonal(cosine, 0.0)
            own = cosine.sum(axis=1) / (len(base) - 1)
            self._kept[prompt] = base, float(own.mean()), max(float(own.std(ddof=1)), 1e-6)
        return self._kept[prompt]

    def _embed(self, texts: tuple[str, ...]) -> NDArray[np.float64]:
        """(N, D), zeros for an empty text."""
        embedder = shared_embedder(self.embedder)
        found = np.zeros((len(texts), int(embedder.network.config.hidden_size)))
        full = [k for k, text in enumerate(texts) if text]
        if full:
            found[full] = embedder.embed([texts[k] for k in full])
        return found


@lru_cache(maxsize=2)
def shared_embedder(name: str) -> Embedder:
    """A sentence model that is only read, loaded once a process."""
    return load_embedder(name)
