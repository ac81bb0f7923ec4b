"""Embeds texts by a packaged sentence model (MiniLM): mean of its last states, at length one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.language.packaged import PACKAGED, packaged, ready_folder
from corrigible.language.requirements import missing_packages

try:
    import torch
    from transformers import AutoModel, AutoTokenizer
except ImportError as error:
    raise missing_packages(error) from error

LONGEST: Final = 256
"""Tokens that all-MiniLM-L6-v2 was made for; what is longer is cut (sentence_bert_config.json)."""


@final
@dataclass(frozen=True, kw_only=True)
class Embedder:
    """A sentence model with its tokenizer."""

    name: str
    network: Any
    tokenizer: Any

    @torch.no_grad()
    def embed(self, texts: Sequence[str], *, batch: int = 32) -> NDArray[np.float32]:
        """(N, 384) float32, each row of Euclidean length one, so that a scalar product is a cosine.

        Source: Reimers and Gurevych 2019, "Sentence-BERT" (mean pooling). Raises BadInput for no text at all.
        """
        if not texts:
            raise BadInput(value="no text", rule="there must be one to embed", remedy="give some")
        rows: list[NDArray[np.float32]] = []
        for start in range(0, len(texts), batch):
            read = self.tokenizer(
                list(texts[start : start + batch]),
                padding=True,
                truncation=True,
                max_length=LONGEST,
                return_tensors="pt",
            )
            states = self.network(**read.to(self.network.device)).last_hidden_state
            mask = read["attention_mask"].unsqueeze(-1).to(states.dtype)
            mean = (states * mask).sum(1) / mask.sum(1)
            rows.append(torch.nn.functional.normalize(mean, dim=1).cpu().numpy())
        return np.concatenate(rows)


def load_embedder(name: str = "minilm", *, device: str = "cpu") -> Embedder:
    """A packaged embedding model; nothing is downloaded.

    Raises BadInput: no such model, it is no embedding model, or it has not been fetched.
    """
    if packaged(name).use != "embedding":
        told = ", ".join(other for other, model in PACKAGED.items() if model.use == "embedding")
        raise BadInput(value=f"model {name!r}", rule="it does not embed", remedy=f"choose from {told}")
    folder = str(ready_folder(name))
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    network: Any = AutoModel.from_pretrained(folder, use_safetensors=True, dtype=torch.float32, **options)
    return Embedder(
        name=name, network=network.to(device).eval(), tokenizer=AutoTokenizer.from_pretrained(folder, **options)
    )
