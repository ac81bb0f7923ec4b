"""Distance from the base in an embedding space, as a price for each response: the witness of the MMD.

A KL penalty asks at each token how likely the base would have said it *after what was said before*, and so forgives a
repeated word. Here whole responses are compared with whole responses of the base: embed both, and charge a response by
how much more it resembles the policy's other responses than the base's (Gretton et al. 2012, JMLR 13:723: the witness
function of the maximum mean discrepancy). Responses of the base are sampled once for each prompt and kept.
"""

from dataclasses import dataclass, field
from typing import Final, final

import numpy as np
import torch
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.language.base_responses import base_responses
from corrigible.language.models import LanguageModel
from corrigible.language.packing import packed
from corrigible.language.rewards import TextReward, Texts, shared_model
from corrigible.language.sampling import padded_left

BATCH: Final = 64
LEAST: Final = 8
"""Responses of the base a prompt, at least."""


@final
@dataclass(frozen=True, kw_only=True)
class ChargedByEmbedding:
    """`paid` less `weight` times the witness, which lies between -1 and 1.

    model: embeds (mean of its last hidden states over the response's tokens) and, as it is, is the base. samples: of
    the base for each prompt, up to new_tokens long, drawn once. chat: prompts are a user's message.
    """

    paid: TextReward
    model: str
    weight: float
    new_tokens: int
    samples: int = 64
    chat: bool = False
    _kept: dict[str, NDArray[np.float64]] = field(
        default_factory=dict[str, NDArray[np.float64]], repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Check the numbers (raises BadInput)."""
        if self.samples < LEAST or self.weight < 0:
            raise BadInput(
                value=f"{self.samples} samples, weight {self.weight}",
                rule=f"there are at least {LEAST}, and the weight is not negative",
                remedy="give such numbers",
            )

    def __call__(self, texts: Texts) -> NDArray[np.float64]:
        """(B,) float64."""
        return self.paid(texts) - self.weight * self.witness(texts)

    def witness(self, texts: Texts) -> NDArray[np.float64]:
        """(B,) mean likeness to the other responses to the same prompt, less that to the base's responses to it."""
        found = np.zeros(len(texts.responses))
        embedded = embed(shared_model(self.model), texts.responses)
        for prompt in dict.fromkeys(texts.prompts):
            rows = np.flatnonzero(np.array(texts.prompts) == prompt)
            base = self._base(prompt)
            width = bandwidth(base)
            near = likeness(embedded[rows], embedded[rows], width)
            np.fill_diagonal(near, 0.0)
            own = near.sum(axis=1) / max(1, len(rows) - 1)
            found[rows] = own - likeness(embedded[rows], base, width).mean(axis=1)
        return found

    def _base(self, prompt: str) -> NDArray[np.float64]:
        if prompt not in self._kept:
            said = base_responses(self.model, prompt, samples=self.samples, new_tokens=self.new_tokens, chat=self.chat)
            self._kept[prompt] = embed(shared_model(self.model), said)
        return self._kept[prompt]


@torch.no_grad()
def embed(model: LanguageModel, texts: tuple[str, ...]) -> NDArray[np.float64]:
    """(B, D) mean of the last hidden states over a text's tokens, of length 1; zeros for an empty text."""
    rows = [model.encode(text, beginning=False) if text else [] for text in texts]
    found = np.zeros((len(rows), int(model.network.config.hidden_size)))
    full = [k for k, row in enumerate(rows) if row]
    body = model.network.get_decoder()
    with packed(model.network):
        for start in range(0, len(full), BATCH):
            some = full[start : start + BATCH]
            tokens, mask = padded_left([rows[k] for k in some], padding=model.padding, device=model.device)
            position = (mask.cumsum(1) - 1).clamp(min=0)
            hidden = body(input_ids=tokens, attention_mask=mask, position_ids=position, use_cache=False)[0]
            mean = (hidden * mask.unsqueeze(2)).sum(1) / mask.sum(1, keepdim=True)
            found[some] = mean.double().cpu().numpy()
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return found / np.where(length > 0, length, 1.0)


def likeness(a: NDArray[np.float64], b: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """(A, D) and (B, D) to (A, B): Gaussian kernel of that width, from 0 to 1."""
    square = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2.0 * a @ b.T
    return np.exp(-np.maximum(square, 0.0) / (2.0 * width**2))


def bandwidth(base: NDArray[np.float64]) -> float:
    """Median distance between two different responses of the base (the median heuristic); 1 where all are one."""
    square = (base**2).sum(1)[:, None] + (base**2).sum(1)[None, :] - 2.0 * base @ base.T
    apart = np.sqrt(np.maximum(square, 0.0))[np.triu_indices(len(base), 1)]
    middle = float(np.median(apart))
    return middle if middle > 0 else 1.0
