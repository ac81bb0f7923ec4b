"""A store of episodes from which the worth of an unfinished response is looked up.

The states of an episode are the embeddings of its beginnings. Worth is assigned backwards from the outcome: the value
of a state is the mean, over the states most like it at the same place, of the values of what came next (kernel-based
dynamic programming, Ormoneit & Sen 2002, with a nearest-neighbour kernel; episodic control, Blundell et al. 2016, arXiv
1606.04460, keeps values in such a store). Away from all that is stored nothing is known, and nothing is worth more than
the worst of the store.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
import torch
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.language.models import LanguageModel
from corrigible.language.packing import packed
from corrigible.language.sampling import padded_left

EVERY: Final = 4
"""Tokens between two states of an episode."""

NEIGHBOURS: Final = 8
LEAST: Final = 2 * NEIGHBOURS
"""Episodes that must reach a place for it to be stored."""

BATCH: Final = 64
Floats = NDArray[np.float64]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class ValueStore:
    """States of N episodes by place. texts: (N,) what was said. outcome: (N,) what each was worth in the end.

    states[p]: (N_p, D) unit embeddings of the beginnings of the episodes that reach place p. values[p]: (N_p,).
    usual[p]: distance from a stored state to its nearest others that 95 in 100 of them do not exceed. reach[p]: numbers
    of the episodes that reach it.
    """

    texts: tuple[str, ...]
    outcome: Floats
    states: tuple[Floats, ...]
    values: tuple[Floats, ...]
    usual: tuple[float, ...]
    reach: tuple[list[int], ...]

    def process(self, episode: Floats) -> float:
        """(P, D) states of an episode to its mean value over places; of one without any, the worst of the store."""
        values = [self.value(place, state) for place, state in enumerate(episode)]
        return float(np.mean(values)) if values else float(self.values[0].min())

    def value(self, place: int, state: Floats) -> float:
        """(D,) a state to its value: that of its nearest, less where these are farther than is usual in the store.

        Places beyond the store count as its last.
        """
        place = min(place, len(self.states) - 1)
        near, distance = _nearest(self.states[place], state[None])
        known = float(self.values[place][near[0]].mean())
        trust = float(np.exp(-max(0.0, distance[0] / self.usual[place] - 1.0)))
        return trust * known + (1.0 - trust) * float(self.values[place].min())

    def nearest_texts(self, embedded: Floats, count: int = 3) -> tuple[str, ...]:
        """(D,) an embedding decoded: the stored texts whose beginnings lie nearest, each once, nearest first."""
        far: list[tuple[float, int]] = []
        for place, states in enumerate(self.states):
            far += zip(np.linalg.norm(states - embedded, axis=1).tolist(), self.reach[place], strict=True)
        order = dict.fromkeys(self.texts[number] for _, number in sorted(far))
        return tuple(order)[:count]


def store_of(texts: tuple[str, ...], episodes: list[Floats], outcome: Floats) -> ValueStore:
    """A store of N texts with their states, (P_n, D) each, and (N,) outcomes.

    Raises BadInput where fewer than LEAST episodes have a state.
    """
    reach: list[list[int]] = []
    for place in range(max(map(len, episodes), default=0)):
        there = [k for k, states in enumerate(episodes) if len(states) > place]
        if len(there) < LEAST:
            break
        reach.append(there)
    if not reach:
        raise BadInput(value=f"{len(texts)} episodes", rule=f"{LEAST} of them must have a state", remedy="store more")
    states = tuple(np.stack([episodes[k][place] for k in there]) for place, there in enumerate(reach))
    return ValueStore(
        texts=texts,
        outcome=outcome,
        states=states,
        values=credit(states, reach, outcome),
        usual=tuple(_usual(some) for some in states),
        reach=tuple(reach),
    )


def credit(states: tuple[Floats, ...], reach: list[list[int]], outcome: Floats) -> tuple[Floats, ...]:
    """Values of all states, from the last place backwards.

    The value of a state is the mean, over the states most like it at its place, itself among them, of what follows
    each: its value at the next place, or its outcome where the episode ends.
    """
    found: list[Floats] = [np.empty(0)] * len(reach)
    later: dict[int, float] = {}
    for place in reversed(range(len(reach))):
        follows = np.array([later.get(k, outcome[k]) for k in reach[place]])
        near, _ = _nearest(states[place], states[place])  # a state is among its own nearest
        found[place] = follows[near].mean(axis=1)
        later = dict(zip(reach[place], found[place].tolist(), strict=True))
    return tuple(found)


def telescoped(potential: Floats) -> Floats:
    """(B, P) potentials of states to (B, P) process rewards: each state's less the one before, nothing after the end.

    A row's rewards are the potential of the next state less that of the present one, and at last minus that of the last
    state, since an ended episode has no potential: they add up to minus the potential of the first (Ng, Harada &
    Russell 1999). What all episodes begin with is the same for all, so that such a reward changes no comparison.
    """
    after = np.concatenate([potential[:, 1:], np.zeros((len(potential), 1))], axis=1)
    return after - potential


@torch.no_grad()
def prefix_states(model: LanguageModel, texts: tuple[str, ...], every: int = EVERY) -> list[Floats]:
    """(P, D) a text: unit means of the last hidden states over its first 4, 8, .. tokens, and over all.

    (0, D) of an empty text. The last one is the text's `embedding_distance.embed`.
    """
    rows = [model.encode(text, beginning=False) if text else [] for text in texts]
    width = int(model.network.config.hidden_size)
    found: list[Floats] = [np.zeros((0, width)) for _ in rows]
    full = [k for k, row in enumerate(rows) if row]
    body = model.network.get_decoder()
    with packed(model.network):
        for start in range(0, len(full), BATCH):
            some = full[start : start + BATCH]
            tokens, mask = padded_left([rows[k] for k in some], padding=model.padding, device=model.device)
            position = (mask.cumsum(1) - 1).clamp(min=0)
            hidden = body(input_ids=tokens, attention_mask=mask, position_ids=position, use_cache=False)[0]
            for k, states in zip(some, hidden.double().cpu().numpy(), strict=True):
                found[k] = _means(states[-len(rows[k]) :], every)
    return found


def _means(states: Floats, every: int) -> Floats:
    length = len(states)
    cuts = sorted({*range(every, length, every), length})
    mean = states.cumsum(axis=0)[np.array(cuts) - 1] / np.array(cuts)[:, None]
    return mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)


def _nearest(stored: Floats, asked: Floats) -> tuple[NDArray[np.int64], Floats]:
    """(A, K) numbers of the stored states nearest to each that is asked for, and (A,) their mean distance."""
    square = (asked**2).sum(1)[:, None] + (stored**2).sum(1)[None, :] - 2.0 * asked @ stored.T
    near = np.argsort(square, axis=1, kind="stable")[:, : min(NEIGHBOURS, len(stored))]
    return near, np.sqrt(np.maximum(np.take_along_axis(square, near, axis=1), 0.0)).mean(axis=1)


def _usual(states: Floats) -> float:
    distance = np.array([_nearest(np.delete(states, k, axis=0), states[k : k + 1])[1][0] for k in range(len(states))])
    return max(float(np.quantile(distance, 0.95)), 1e-6)
