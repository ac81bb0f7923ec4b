"""Text that a chain's own is held against: written by people, said by the tiny language's grammar, or a user's."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml
from numpy.typing import NDArray

from corrigible.chains.sampled.chain import Enumerated, TextChain, Tokens
from corrigible.errors import BadInput
from corrigible.language.packaged import TINY

SHIPPED: Final = files("corrigible.chains") / "data" / "reference_texts.yaml"
LARGEST: Final = 16 << 20
"""Bytes of a file."""


def shipped_texts() -> list[str]:
    """Openings of books and speeches that are in the public domain."""
    told: dict[str, Any] = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    return [str(item["text"]) for item in told["texts"]]


def passages_of(path: Path) -> list[str]:
    """Passages of a text file, parted by empty lines. Raises BadInput where it cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput(value=str(path), rule=f"it has at most {LARGEST >> 20} MiB", remedy="give a part of it")
        told = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(value=str(path), rule=f"it can be read as UTF-8: {error}", remedy="give a text file") from error
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", told) if part.strip()]


def reference_tokens(
    chain: TextChain, *, length: int, count: int, generator: np.random.Generator, path: Path | None = None
) -> tuple[Tokens, str]:
    """(n, length) tokens of at most `count` texts, and what they are, in words.

    Raises BadInput where there is no reference for that chain, or none of its texts is that long.
    """
    if path is not None:
        texts, told = passages_of(path), f"passages of {path.name}"
    elif isinstance(chain, Enumerated):
        raise BadInput(
            value="no --reference", rule="an n-gram has no text of its own to be held against", remedy="give a file"
        )
    elif _is_tiny(chain):
        return _grammar_tokens(chain, length, count, generator), "documents of the tiny language's own grammar"
    else:
        texts, told = shipped_texts(), "openings of books in the public domain, which models have read"
    rows = [row[:length] for row in (_tokens(chain, text) for text in texts) if len(row) >= length][:count]
    if len(rows) < min(4, count):
        raise BadInput(
            value=f"{len(rows)} of {len(texts)} texts of at least {length} tokens",
            rule="4 are needed",
            remedy="ask for fewer steps, or give longer passages, parted by empty lines",
        )
    return np.array(rows), told


def _tokens(chain: TextChain, text: str) -> NDArray[np.int64]:
    if isinstance(chain, Enumerated):
        places = {word: k for k, word in enumerate(chain.chain.vocabulary)}
        unknown = next((word for word in text.split() if word not in places), None)
        if unknown is not None:
            raise BadInput(value=f"token {unknown!r}", rule="it is in the vocabulary", remedy="mend the reference")
        return np.array([places[word] for word in text.split()])
    return _windowed(chain).tokens(text)


def _windowed(chain: TextChain) -> Any:
    from corrigible.chains.sampled.windowed import Windowed

    if not isinstance(chain, Windowed):
        raise BadInput(value=chain.name, rule="its text can be read as tokens", remedy="use a language model")
    return chain


def _is_tiny(chain: TextChain) -> bool:
    return _windowed(chain).model.name == TINY


def _grammar_tokens(chain: TextChain, length: int, count: int, generator: np.random.Generator) -> Tokens:
    from corrigible.language.grammar import tiny_grammar

    said = tiny_grammar().sample_many(max(400, 8 * count), generator)
    model = _windowed(chain)
    never = np.array(sorted({*model.model.control_tokens, *model.model.end_tokens, model.model.padding}))
    body = said[:, 1:]  # without the begin token
    plain = (~np.isin(body, never)).cumprod(axis=1).sum(axis=1)
    rows = body[plain >= length][:count, :length]
    if len(rows) < min(4, count):
        raise BadInput(
            value=f"texts of {length} tokens",
            rule=f"documents of the tiny language are at most {int(plain.max())} tokens long",
            remedy="ask for fewer steps",
        )
    return np.stack([model.placed(row.tolist()) for row in rows])
