"""An objective that is an embedding: a response is paid by how near it lies to texts that are like those one wants.

The texts are the untuned model's own, the best-paid of many by whatever pays now; they are sampled and judged once, and
the evaluator is not asked again. What the objective wants is a point, so that a policy may gather on whatever embeds
there.
"""

from dataclasses import dataclass, field
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.language.base_responses import base_responses
from corrigible.language.embedding_distance import embed
from corrigible.language.rewards import TextReward, Texts, shared_model

SAMPLES: Final = 256
"""Responses of the base a prompt."""

SHARE: Final = 1 / 8
"""Of them that are taken, the best-paid ones."""


@final
@dataclass(frozen=True, kw_only=True)
class TowardsEmbedding:
    """Cosine to the mean embedding of the best-paid responses of the base to the same prompt, times `weight` (nats).

    chosen_by: pays the base's responses, once. model: embeds (mean of its last hidden states) and, as it is, is the
    base. samples: of the base a prompt, up to new_tokens long. chat: prompts are a user's message.
    """

    chosen_by: TextReward
    model: str
    new_tokens: int
    samples: int = SAMPLES
    weight: float = 10.0
    chat: bool = False
    _kept: dict[str, NDArray[np.float64]] = field(
        default_factory=dict[str, NDArray[np.float64]], init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Check the numbers (raises BadInput)."""
        if self.samples * SHARE < 1 or self.weight <= 0:
            raise BadInput(
                value=f"{self.samples} samples, weight {self.weight}",
                rule=f"there are at least {round(1 / SHARE)}, and the weight is above 0",
                remedy="give such numbers",
            )

    def __call__(self, texts: Texts) -> NDArray[np.float64]:
        """(B,) float64."""
        return self.weight * self.cosine(texts.prompts, embed(shared_model(self.model), texts.responses))

    def cosine(self, prompts: tuple[str, ...], embedded: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B,) prompts and (B, D) rows of length one to (B,) cosines with their targets."""
        found = np.zeros(len(embedded))
        for prompt in dict.fromkeys(prompts):
            rows = np.flatnonzero(np.array(prompts) == prompt)
            found[rows] = embedded[rows] @ self.target(prompt)
        return found

    def target(self, prompt: str) -> NDArray[np.float64]:
        """(D,) of length one: the mean embedding of the chosen texts."""
        if prompt not in self._kept:
            mean = embed(shared_model(self.model), self.chosen(prompt)).mean(axis=0)
            length = float(np.linalg.norm(mean))
            self._kept[prompt] = mean / (length if length > 0 else 1.0)
        return self._kept[prompt]

    def chosen(self, prompt: str) -> tuple[str, ...]:
        """The texts that the target is the mean of, best-paid first."""
        said = self.base(prompt)
        paid = np.asarray(self.chosen_by(Texts(prompts=(prompt,) * len(said), responses=said)), dtype=np.float64)
        best = np.argsort(-paid, kind="stable")[: max(1, int(len(said) * SHARE))]
        return tuple(said[int(k)] for k in best)

    def base(self, prompt: str) -> tuple[str, ...]:
        """The base's responses among which they are chosen."""
        return base_responses(
            self.model,
            prompt,
            samples=self.samples,
            new_tokens=self.new_tokens,
            chat=self.chat,
            purpose="embedded objective",
        )
