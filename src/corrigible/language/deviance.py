"""The price of saying a word again: K(n) = -sum log p(w | prompt, w, .., w), and why a KL penalty hardly sees it.

A model that has read a word a few times expects it again (Xu et al. 2022, arXiv 2206.02369), so that each repeat costs
less: spam pays for its beginning alone, and a penalty on mean KL a token is the lower, the longer it lasts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.language.models import LanguageModel
from corrigible.language.sampling import score

LAST_SHARE: Final = 4
"""The slope is the mean price over the last quarter of the repeats."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Deviance:
    """What repeating one word costs.

    price: (P, N) nats of the n-th repeat after each prompt, -log p. Of a word of several tokens: their sum.
    """

    word: str
    prompts: tuple[str, ...]
    price: NDArray[np.float64]

    @property
    def total(self) -> NDArray[np.float64]:
        """(N,) K(n): nats of n repeats, mean over prompts."""
        return self.price.cumsum(axis=1).mean(axis=0)

    @property
    def slope(self) -> float:
        """Nats that one more repeat costs at last: mean over the last quarter and over prompts."""
        count = self.price.shape[1]
        return float(self.price[:, count - max(1, count // LAST_SHARE) :].mean())

    @property
    def discount(self) -> float:
        """1 - slope / price of the first, mean over prompts; near 1 where repeats are nearly free."""
        return 1.0 - self.slope / float(self.price[:, 0].mean())


def deviance(model: LanguageModel, word: str, prompts: Sequence[str], *, repeats: int = 32) -> Deviance:
    """K(n) of `word` up to n = `repeats` after each prompt, under the model itself at temperature 1.

    Control tokens are banned, as they are in sampling. Raises BadInput where the word has no token, or what is read is
    longer than the context.
    """
    tokens = model.encode(word, beginning=False)
    if not tokens or repeats < 1 or not prompts:
        raise BadInput(
            value=f"{len(prompts)} prompts, {repeats} repeats of {word!r}",
            rule="there is a prompt, a repeat and a word that has a token",
            remedy="give some",
        )
    rows = [model.encode(prompt) for prompt in prompts]
    log_prob, _ = score(model, rows, [tokens * repeats] * len(rows))
    price = -log_prob.reshape(len(rows), repeats, len(tokens)).sum(axis=2)
    return Deviance(word=word.strip(), prompts=tuple(prompts), price=price)
