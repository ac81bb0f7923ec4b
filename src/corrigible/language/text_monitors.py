"""Monitors that read what was said as text: do other evaluators agree, and does it all come to mean the same?

They cost model calls, so they read a few responses of a step. Like those of `monitors` they see no gold, and are higher
where things look worse.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.language.embeddings import Embedder
from corrigible.language.likeness import shared_embedder
from corrigible.language.rewards import TextReward, Texts

GAP: Final = "template gap"
DISAGREEMENT: Final = "disagreement"
MEANING: Final = "same meaning"
TEXT_MONITORS: Final[Mapping[str, str]] = {
    GAP: "score under the template that pays, less the mean of other templates', nats",
    DISAGREEMENT: "standard deviation of a response's scores over templates, nats",
    MEANING: "mean cosine between the embeddings of two responses (MiniLM)",
}
"""Name -> what it measures."""

READ: Final = 8
"""Responses of a step that are read."""


@final
@dataclass(frozen=True, kw_only=True)
class TextMonitors:
    """scorers: the one that pays first, then others of the same constitution; fewer than two have no gap.

    embedder: None leaves the monitor of meaning out. read: responses of a step, evenly spread over it.
    """

    scorers: tuple[TextReward, ...] = ()
    embedder: Embedder | None = None
    read: int = READ

    def __call__(self, texts: Texts) -> dict[str, float]:
        """What each says of a step."""
        count = len(texts.responses)
        places = np.unique(np.linspace(0, count - 1, min(self.read, count)).round().astype(int))
        some = Texts(
            prompts=tuple(texts.prompts[k] for k in places), responses=tuple(texts.responses[k] for k in places)
        )
        found: dict[str, float] = {}
        if len(self.scorers) > 1:
            scores = np.stack([scorer(some) for scorer in self.scorers])
            found[GAP] = float(scores[0].mean() - scores[1:].mean())
            found[DISAGREEMENT] = float(scores.std(axis=0).mean())
        if self.embedder is not None:
            found[MEANING] = mean_cosine(self.embedder, some.responses)
        return found


def mean_cosine(embedder: Embedder, responses: tuple[str, ...]) -> float:
    """Mean cosine over pairs of responses that are not empty; 1 where there are fewer than two."""
    said = [text for text in responses if text]
    if len(said) < 2:
        return 1.0
    embedded: NDArray[np.float64] = embedder.embed(said).astype(np.float64)
    return (float(np.square(embedded.sum(axis=0)).sum()) - len(said)) / (len(said) * (len(said) - 1))


def embedder_if_here() -> Embedder | None:
    """MiniLM where `corrigible models get minilm` has fetched it; None where not."""
    try:
        return shared_embedder("minilm")
    except BadInput:
        return None
