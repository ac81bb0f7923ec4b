"""Trains the tiny model on the tiny language and writes it as a folder of transformers.

    python -m corrigible.language.tiny_training FOLDER [--steps N] [--seed N]

The weights in the package came from this command with its defaults. Streams ("tiny model", "weights") and
("tiny model", "documents") of the seed decide everything; on another machine the last bits may differ.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from tokenizers.processors import TemplateProcessing
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from corrigible.language.grammar import Grammar, tiny_grammar
from corrigible.language.grammar_words import ASSISTANT, BEGIN, CONTROL, END, IDS, PADDING, UNKNOWN, WORDS
from corrigible.seeding import stream

SEED: Final = 0
STEPS: Final = 6000
BATCH: Final = 64
LARGEST_RATE: Final = 2e-3
ANSWER_WEIGHT: Final = 10.0
WARM_UP: Final = 100
"""Steps over which the learning rate rises; it then falls by a cosine to nothing."""
LICENCE: Final = "Apache-2.0, as Corrigible; trained by `python -m corrigible.language.tiny_training`"


def tiny_config() -> LlamaConfig:
    """132,352 parameters; the same architecture as SmolLM2."""
    return LlamaConfig(
        vocab_size=len(WORDS),
        hidden_size=64,
        intermediate_size=160,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        bos_token_id=IDS[BEGIN],
        eos_token_id=IDS[END],
        pad_token_id=IDS[PADDING],
    )


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Words and punctuation marks; what it decodes is separated by blanks."""
    tokenizer: Any = Tokenizer(WordLevel(dict(IDS), unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = Split(Regex(r"\w+|[^\w\s]"), behavior="removed", invert=True)
    tokenizer.post_processor = TemplateProcessing(single=f"{BEGIN} $A", special_tokens=[(BEGIN, IDS[BEGIN])])
    tokenizer.add_special_tokens(list(CONTROL))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=BEGIN, eos_token=END, pad_token=PADDING, unk_token=UNKNOWN
    )


def fresh_model(generator: np.random.Generator) -> LlamaForCausalLM:
    """An untrained model whose matrices are drawn from `generator`: Normal with deviation 0.02 * 3, norms at one."""
    model = LlamaForCausalLM(tiny_config())
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.copy_(torch.from_numpy(generator.normal(0, 0.06, tuple(parameter.shape)).astype(np.float32)))
    return model


def cross_entropy(model: Any, rows: NDArray[np.int64], *, answer_weight: float = 1.0) -> torch.Tensor:
    """Nats per token after <bos>, in the mean over all of a (B, T) batch; padding does not count.

    Answers count `answer_weight` times. Any weights leave the best model the same; answers are one token in twenty, and
    without weight, evidence is not learned to be counted in the steps that there are.
    """
    tokens = torch.from_numpy(rows)
    targets = tokens[:, 1:]
    logits = model(input_ids=tokens[:, :-1]).logits
    each = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), reduction="none")
    counted = (targets != IDS[PADDING]).float()
    weights = counted + (answer_weight - 1) * torch.from_numpy(answers(rows)).float()
    return (each.view_as(counted) * weights).sum() / counted.sum()


def answers(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(B, T - 1): which tokens after <bos> are answers: the yes or no before the full stop before <eos>."""
    said = np.isin(rows[:, 1:], [IDS["yes"], IDS["no"]])
    found = np.zeros_like(said)
    ends = (rows[:, 2:-1] == IDS["."]) & (rows[:, 3:] == IDS[END])
    asked = np.isin(rows[:, :-3], [IDS[":"], IDS[ASSISTANT]])
    found[:, :-2] = said[:, :-2] & ends & asked
    return found


def train(grammar: Grammar, *, seed: int, steps: int, say: Callable[[str], None]) -> LlamaForCausalLM:
    """AdamW on fresh documents at every step (no epoch is repeated, so there is nothing to overfit)."""
    model = fresh_model(stream(seed, "tiny model", "weights"))
    documents = stream(seed, "tiny model", "documents")
    optimiser = torch.optim.AdamW(model.parameters(), lr=LARGEST_RATE, betas=(0.9, 0.98), weight_decay=0.01)
    started = time.monotonic()
    for step in range(steps):
        rising = min(1.0, (step + 1) / WARM_UP)
        for group in optimiser.param_groups:
            group["lr"] = LARGEST_RATE * rising * 0.5 * (1 + math.cos(math.pi * step / steps))
        loss = cross_entropy(model, grammar.sample_many(BATCH, documents), answer_weight=ANSWER_WEIGHT)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step % 100 == 0 or step == steps - 1:
            say(f"step {step}: {loss.item():.4f} nats a token, {time.monotonic() - started:.0f} s")
    return model.eval()


def write(model: LlamaForCausalLM, folder: Path, *, seed: int, steps: int) -> None:
    """Weights as float16, which halves the file; everything that is measured is measured on the rounded weights."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        n: p.detach().to(torch.float16).contiguous() for n, p in model.named_parameters() if n != "lm_head.weight"
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    model.config.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    source = {"name": "tiny", "licence": LICENCE, "seed": seed, "steps": steps}
    (folder / "SOURCE.json").write_text(json.dumps(source, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    grammar = tiny_grammar()
    sys.stderr.write(f"entropy {grammar.entropy / grammar.mean_tokens:.4f} nats a token\n")
    model = train(grammar, seed=given.seed, steps=given.steps, say=lambda words: print(words, file=sys.stderr))  # noqa: T201
    write(model, given.folder, seed=given.seed, steps=given.steps)


if __name__ == "__main__":
    main()
