"""Turns a GGUF file of a Llama model into a folder of transformers: config, safetensors, tokenizer."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from corrigible.errors import BadInput
from corrigible.language.gguf import GgufFile, read_gguf
from corrigible.language.requirements import missing_packages

_OUTER: Final = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
_INNER: Final = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_CONTROL: Final = 3
"""GGUF's type of a token that is no text."""


def convert_llama(file: Path, folder: Path) -> None:
    """Write the model in `file` into `folder`, which exists, as float32.

    Raises BadInput: it is no GGUF file, no Llama model, or has another tokenizer than SmolLM's.
    """
    read = read_gguf(file)
    kind, tokenizer = read.metadata.get("general.architecture"), read.metadata.get("tokenizer.ggml.pre")
    if kind != "llama" or tokenizer != "smollm":
        raise BadInput(
            value=f"file {file.name}",
            rule=f"it must be a Llama model with SmolLM's tokenizer, and is {kind!r} with {tokenizer!r}",
            remedy="convert it to a folder of transformers by its maker's means, and name that",
        )
    heads, groups = (int(read.metadata[f"llama.attention.head_count{end}"]) for end in ("", "_kv"))
    weights = {_name(name): _rows(name, array, heads, groups) for name, array in read.tensors.items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    _write_config(read, folder, tied="output.weight" not in read.tensors)
    _write_tokenizer(read.metadata, folder)


def _name(name: str) -> str:
    if name in _OUTER:
        return _OUTER[name]
    block, number, inner, end = name.split(".")
    if block != "blk" or inner not in _INNER:
        raise BadInput(value=f"tensor {name}", rule="Llama models have no such", remedy="give another file")
    return f"model.layers.{number}.{_INNER[inner]}.{end}"


def _rows(name: str, array: NDArray[np.float32], heads: int, groups: int) -> NDArray[np.float32]:
    """GGUF interleaves the two halves of each head's rows of queries and keys; transformers keeps them apart."""
    number = heads if ".attn_q." in name else groups if ".attn_k." in name else 0
    if not number:
        return np.ascontiguousarray(array)
    halves = array.reshape(number, -1, 2, array.shape[1])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(array.shape))


def _write_config(read: GgufFile, folder: Path, *, tied: bool) -> None:
    try:
        from transformers import LlamaConfig
    except ImportError as error:
        raise missing_packages(error) from error
    told = read.metadata
    config = LlamaConfig(
        architectures=["LlamaForCausalLM"],
        vocab_size=int(read.tensors["token_embd.weight"].shape[0]),
        hidden_size=int(told["llama.embedding_length"]),
        intermediate_size=int(told["llama.feed_forward_length"]),
        num_hidden_layers=int(told["llama.block_count"]),
        num_attention_heads=int(told["llama.attention.head_count"]),
        num_key_value_heads=int(told["llama.attention.head_count_kv"]),
        max_position_embeddings=int(told["llama.context_length"]),
        rms_norm_eps=float(told["llama.attention.layer_norm_rms_epsilon"]),
        rope_parameters={"rope_type": "default", "rope_theta": float(told["llama.rope.freq_base"])},
        tie_word_embeddings=tied,
        bos_token_id=int(told["tokenizer.ggml.bos_token_id"]),
        eos_token_id=int(told["tokenizer.ggml.eos_token_id"]),
        pad_token_id=int(told["tokenizer.ggml.padding_token_id"]),
    )
    config.save_pretrained(folder)


def _write_tokenizer(told: dict[str, Any], folder: Path) -> None:
    """Byte-level BPE over single digits, as in llama.cpp's pre-tokenizer "smollm"."""
    try:
        from tokenizers import AddedToken, Tokenizer
        from tokenizers.decoders import ByteLevel as ByteLevelDecoder
        from tokenizers.models import BPE
        from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
        from transformers import PreTrainedTokenizerFast
    except ImportError as error:
        raise missing_packages(error) from error
    tokens: list[str] = told["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in told["tokenizer.ggml.merges"]]
    built: Any = Tokenizer(BPE({token: number for number, token in enumerate(tokens)}, merges))
    built.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])
    built.decoder = ByteLevelDecoder()
    control = [token for token, kind in zip(tokens, told["tokenizer.ggml.token_type"], strict=True) if kind == _CONTROL]
    built.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in control])
    named = {
        f"{ours}_token": tokens[int(told[f"tokenizer.ggml.{theirs}_token_id"])]
        for ours, theirs in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding"))
    }
    finished = PreTrainedTokenizerFast(tokenizer_object=built, clean_up_tokenization_spaces=False, **named)
    finished.chat_template = told.get("tokenizer.chat_template")
    finished.save_pretrained(folder)
