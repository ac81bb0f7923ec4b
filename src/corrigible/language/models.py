"""Loads causal language models of transformers: the tiny one of this package, packaged ones, folders, hub names.

Files are local unless the user says `download=True`; code that comes with a model is never run, and weights are read
from safetensors only, so that nothing is unpickled.
"""

import json
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final, final

from corrigible.errors import BadInput
from corrigible.language.packaged import PACKAGED, TINY, ready_folder
from corrigible.language.requirements import missing_packages

try:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging as transformers_logging
except ImportError as error:
    raise missing_packages(error) from error

DEFAULT: Final = "smollm2"
UNBOUNDED: Final = 1 << 20
"""The context of a model that names none."""


@final
@dataclass(frozen=True, kw_only=True)
class LanguageModel:
    """A causal model with its tokenizer. Weights are float32 and in evaluation mode as loaded."""

    name: str
    source: str
    """The folder or hub name it was read from."""
    licence: str
    """As its source states it, or "not stated"."""
    network: Any
    """The module of transformers; `network(input_ids=(B, T)).logits` is (B, T, vocabulary)."""
    tokenizer: Any
    end_tokens: tuple[int, ...]
    """Ids at which a text ends."""
    control_tokens: tuple[int, ...]
    """Ids that are no text: special tokens, and rows of the output that have no token. End tokens may be among them."""
    padding: int
    context: int
    """Tokens that it can read at once."""
    vocabulary: int
    """Columns of the logits."""

    @property
    def device(self) -> Any:
        """Where the weights are (torch.device)."""
        return self.network.device

    def encode(self, text: str, *, beginning: bool = True) -> list[int]:
        """Token ids of `text`; with `beginning`, preceded by what the model's texts begin with, if anything.

        Raises BadInput where a word is foreign to the model.
        """
        ids: list[int] = self.tokenizer(text, add_special_tokens=beginning)["input_ids"]
        unknown = self.tokenizer.unk_token_id
        if unknown is not None and unknown in ids and self.tokenizer.unk_token not in text:
            raise BadInput(
                value=f"text {text[:80]!r}",
                rule=f"every word must be in the vocabulary of {self.name}",
                remedy="use its words (for the tiny model: corrigible.language.grammar_words)",
            )
        return ids

    def decode(self, tokens: list[int], *, control: bool = True) -> str:
        """The text of token ids; control tokens are shown unless `control` is False."""
        return self.tokenizer.decode(tokens, skip_special_tokens=not control)

    def chat(self, message: str) -> list[int]:
        """Token ids of one user message in the model's chat template, up to where the assistant speaks.

        Raises BadInput where the model has no chat template.
        """
        if not self.tokenizer.chat_template:
            raise BadInput(value=f"model {self.name}", rule="it has no chat template", remedy="use a plain prompt")
        said = [{"role": "user", "content": message}]
        text: str = self.tokenizer.apply_chat_template(said, add_generation_prompt=True, tokenize=False)
        return self.encode(text, beginning=False)


def load_model(
    name: str = DEFAULT, *, download: bool = False, revision: str | None = None, device: str = "cpu"
) -> LanguageModel:
    """The model of that name.

    Args:
        name: "tiny", a packaged model (`corrigible models list`), a folder, or a hub name such as "owner/name".
        download: whether a hub name may be fetched over the network.
        revision: commit, tag or branch of a hub name.
        device: "cpu" or "cuda".

    Raises BadInput where there is no such model here, it is no causal one, or it has no safetensors.
    """
    if name == TINY:
        with as_file(files("corrigible.language") / "data" / "tiny") as folder:
            return _load(name, str(folder), download=False, revision=None, device=device)
    if name in PACKAGED:
        if PACKAGED[name].use != "text":
            raise BadInput(value=f"model {name!r}", rule="it embeds and writes no text", remedy="use load_embedder")
        return _load(name, str(ready_folder(name)), download=False, revision=None, device=device)
    if not Path(name).is_dir() and Path(name).exists():
        raise BadInput(value=f"model {name!r}", rule="it must be a folder of transformers", remedy="name its folder")
    return _load(name, name, download=download and not Path(name).is_dir(), revision=revision, device=device)


def _load(name: str, source: str, *, download: bool, revision: str | None, device: str) -> LanguageModel:
    options: dict[str, Any] = {"local_files_only": not download, "trust_remote_code": False}
    if revision is not None:
        options["revision"] = revision
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(source, **options)
        network: Any = AutoModelForCausalLM.from_pretrained(
            source, use_safetensors=True, dtype=torch.float32, **options
        )
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise _cannot_load(name, source, error) from error
    finally:
        if bars:
            transformers_logging.enable_progress_bar()
    network = network.to(device).eval()
    vocabulary = int(network.get_output_embeddings().weight.shape[0])
    ends = _end_tokens(network, tokenizer)
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    beyond = set(range(len(tokenizer), vocabulary))
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else (ends[0] if ends else 0)
    return LanguageModel(
        name=name,
        source=source,
        licence=licence_of(Path(source)),
        network=network,
        tokenizer=tokenizer,
        end_tokens=ends,
        control_tokens=tuple(sorted(special | set(tokenizer.all_special_ids) | beyond)),
        padding=int(padding),
        context=int(getattr(network.config, "max_position_embeddings", None) or UNBOUNDED),
        vocabulary=vocabulary,
    )


def licence_of(folder: Path) -> str:
    """What SOURCE.json in a model's folder says of its licence."""
    try:
        told = json.loads((folder / "SOURCE.json").read_text(encoding="utf-8"))
        return str(told["licence"])
    except (OSError, ValueError, KeyError, TypeError):
        return "not stated"


def _end_tokens(network: Any, tokenizer: Any) -> tuple[int, ...]:
    """Those of the generation settings, and the tokenizer's."""
    named = network.generation_config.eos_token_id
    found = set(named if isinstance(named, list) else [] if named is None else [named])
    if tokenizer.eos_token_id is not None:
        found.add(tokenizer.eos_token_id)
    return tuple(sorted(int(token) for token in found))


def _cannot_load(name: str, source: str, error: Exception) -> BadInput:
    words = str(error).strip().splitlines() or [type(error).__name__]
    if not Path(source).is_dir():
        return BadInput(
            value=f"model {name!r}",
            rule="it is neither a packaged model, nor a folder, nor a hub name whose files are on this machine",
            remedy="see `corrigible models list`; `corrigible models get NAME` fetches one",
        )
    return BadInput(
        value=f"model {name!r}",
        rule=f"transformers must be able to read its folder, but says: {words[0][:200]}",
        remedy="give a folder with config.json, tokenizer.json and model.safetensors of a causal model",
    )
