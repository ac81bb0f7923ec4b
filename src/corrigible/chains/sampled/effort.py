"""How much an estimate may cost, and the coarse picture that so much buys."""

from dataclasses import dataclass
from typing import final

import numpy as np

from corrigible.chains.sampled.events import Question
from corrigible.chains.sampled.smc import learnt
from corrigible.chains.sampled.surrogate import Surrogate


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Effort:
    """How much is sampled. samples: of a run; runs: independent ones; sweeps: conditional ones that refresh them."""

    samples: int = 256
    runs: int = 8
    sweeps: int = 8
    texts: int = 64
    """From which the coarse picture is made."""
    groups: int = 4
    """Clusters of tokens in it."""
    rounds: int = 2
    """How often it is made anew from where it led."""
    splits: bool = True
    """Whether texts are split where nothing cheaper has a say; each of them costs many calls."""


def pictured(question: Question, effort: Effort, generator: np.random.Generator) -> Surrogate:
    """Fitted, and made anew from where it led."""
    return learnt(question, effort.samples, generator, groups=effort.groups, texts=effort.texts, rounds=effort.rounds)
