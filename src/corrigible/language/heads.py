"""Attention heads, switched off one at a time: what a model does without what a head passes on."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch

from corrigible.errors import BadInput
from corrigible.language.models import LanguageModel


def heads_of(model: LanguageModel) -> list[tuple[int, int]]:
    """(layer, head) of every attention head, from the first layer on.

    Raises BadInput where the network is not built like Llama's (`network.model.layers[i].self_attn.o_proj`).
    """
    config: Any = model.network.config
    layers = getattr(getattr(model.network, "model", None), "layers", None)
    if layers is None or not all(hasattr(getattr(layer, "self_attn", None), "o_proj") for layer in layers):
        raise BadInput(
            value=f"model {model.name}", rule="its heads must be laid out as Llama's are", remedy="use such a model"
        )
    return [(layer, head) for layer in range(len(layers)) for head in range(int(config.num_attention_heads))]


@contextmanager
def without_head(model: LanguageModel, layer: int, head: int) -> Generator[None]:
    """Inside, what that head hands to the layer's output projection is zero."""
    attention: Any = model.network.model.layers[layer].self_attn
    heads = int(model.network.config.num_attention_heads)

    def silence(_: Any, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        passed = given[0].clone()
        width = passed.shape[-1] // heads
        passed[..., head * width : (head + 1) * width] = 0.0
        return (passed, *given[1:])

    hook = attention.o_proj.register_forward_pre_hook(silence)
    try:
        yield
    finally:
        hook.remove()
