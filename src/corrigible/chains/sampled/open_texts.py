"""Texts that are still short of a window are gone on with by one token: only that token is read, the rest is kept.

While nothing has been dropped, keys and values of the tokens before are exactly what reading anew would give, so this
is the window chain, only cheaper. Once a token is dropped all K are read anew. A batch stays after it was gone on with,
so that texts may branch from it; how much is kept is bounded.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final, final

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import DynamicCache

from corrigible.language.models import LanguageModel
from corrigible.language.sampling import cache_name

MOST_TOKENS: Final = 16_384
"""Tokens whose keys and values are kept, over all batches; about 50 kB each in a model of 135 million weights."""

Ids = NDArray[np.int64]


@final
@dataclass(kw_only=True, eq=False)
class OpenTexts:
    """Reads texts (n, L) of ids to logits (n, vocabulary) of what follows; knows what it read last."""

    model: LanguageModel
    window: int
    read: int = 0
    """Tokens that the network was given so far."""
    _open: "OrderedDict[int, tuple[dict[bytes, int], Any, int]]" = field(default_factory=OrderedDict)
    _last: int = 0
    _held: int = 0

    @torch.no_grad()
    def logits(self, texts: Ids) -> NDArray[np.float32]:
        """In single precision."""
        length = texts.shape[1]
        keep = length < self.window and 2 * texts.size <= MOST_TOKENS
        before = self._before(texts) if length > 1 else None
        if before is None:
            return self._forward(texts, DynamicCache() if keep else None, texts, 0)
        number, rows = before
        self._open.move_to_end(number)
        chosen = torch.from_numpy(rows).to(self.model.device)
        cache: Any = DynamicCache()
        for place, layer in enumerate(self._open[number][1].layers):
            cache.update(layer.keys.index_select(0, chosen), layer.values.index_select(0, chosen), place)
        return self._forward(texts[:, -1:], cache, texts, length - 1)

    def _before(self, texts: Ids) -> tuple[int, Ids] | None:
        """A batch that holds every text but for its last token, and in which rows."""
        wanted = [row.tobytes() for row in np.ascontiguousarray(texts[:, :-1])]
        for number in reversed(self._open):
            known = self._open[number][0]
            if all(row in known for row in wanted):
                return number, np.array([known[row] for row in wanted])
        return None

    def _forward(self, given: Ids, cache: Any, texts: Ids, position: int) -> NDArray[np.float32]:
        ids = torch.from_numpy(np.ascontiguousarray(given)).to(self.model.device)
        kept: dict[str, Any] = {"use_cache": False}
        if cache is not None:
            at = torch.arange(position, position + given.shape[1], device=self.model.device).expand(len(given), -1)
            kept = {cache_name(self.model.network): cache, "use_cache": True, "position_ids": at}
        answer = self.model.network(input_ids=ids, logits_to_keep=1, **kept)
        self.read += given.size
        if cache is not None and texts.shape[1] < self.window:
            self._last += 1
            known = {row.tobytes(): place for place, row in enumerate(np.ascontiguousarray(texts))}
            self._open[self._last] = (known, cache, texts.size)
            self._held += texts.size
            while self._held > MOST_TOKENS:
                self._held -= self._open.popitem(last=False)[1][2]
        return answer.logits[:, -1].cpu().numpy()
