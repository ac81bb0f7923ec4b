"""Two roles talk to each other, both spoken by one model: how far is each turn from what it would say if reminded?

The transcript is plain text, so that any causal model can be asked. A turn's laws are compared with those after the
goal and the last turn alone, as if the talk had just begun (turn-wise divergence from a goal-consistent reference:
"Drift No More?", 2025, arXiv:2510.07777). With an error, one turn is replaced by text that has nothing to do with it.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from corrigible.chains.exact.regret import jensen_shannon
from corrigible.chains.sampled.chain import Spent, Tokens
from corrigible.chains.sampled.drift import Change, Curve, changed, curve, resampled
from corrigible.chains.sampled.walks import drawn_tokens, last
from corrigible.chains.sampled.windowed import Windowed
from corrigible.errors import BadInput

MARKERS: Final = ("\nAnna:", "\nBen:")
"""What each role's turn begins with."""

FIRST: Final = 2
"""Turns in which there is nothing but goal and last turn, so that no divergence is possible."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Turns:
    """clean, erring: (turns,) mean divergence of each turn's laws from those of a model that is reminded, nats.

    excess: erring less clean. change: of `clean`, from the first quarter of the turns after the second to the last.
    said: (n, T) transcripts.
    """

    clean: Curve
    erring: Curve
    excess: Curve
    change: Change
    said: Tokens
    spent: Spent


def turnwise(
    chain: Windowed,
    goal: str,
    wrong: Tokens,
    generator: np.random.Generator,
    *,
    count: int = 8,
    turns: int = 8,
    markers: tuple[str, str] = MARKERS,
) -> Turns:
    """`count` talks of `turns` turns; a turn is as long as `wrong` (L,), which takes the place of the third one.

    Raises BadInput for fewer than 4 talks or turns, or a goal that leaves no room in the window.
    """
    opening = chain.tokens(goal)
    if min(count, turns) < 4 or opening.size + 2 * wrong.size > chain.window:
        raise BadInput(
            value=f"{count} talks of {turns} turns, a goal of {opening.size} tokens",
            rule=f"there are 4 of both, and goal and two turns of {wrong.size} fit into a window of {chain.window}",
            remedy="use a larger --window, or a shorter goal",
        )
    before = chain.spent.copy()
    draws = generator.random((count, turns, wrong.size))
    begin = chain.tokens(markers[0]), chain.tokens(markers[1])
    clean, said = _talk(chain, opening, draws, None, markers=begin)
    erring, _ = _talk(chain, opening, draws, wrong, markers=begin)
    weights = resampled(count, generator)
    found = curve(clean, weights)
    return Turns(
        clean=found,
        erring=curve(erring, weights),
        excess=curve(erring - clean, weights),
        change=changed(found.mean[FIRST:], (weights @ clean / count)[:, FIRST:]),
        said=said,
        spent=chain.spent.since(before),
    )


def _talk(
    chain: Windowed,
    opening: Tokens,
    draws: NDArray[np.float64],
    wrong: Tokens | None,
    *,
    markers: tuple[Tokens, Tokens],
) -> tuple[NDArray[np.float64], Tokens]:
    """(n, turns) divergences and (n, T) transcripts."""
    count, turns, length = draws.shape
    whole = np.repeat(opening[None, :], count, axis=0)
    latest = whole[:, :0]
    found = np.empty((count, turns))
    for k in range(turns):
        marker = np.repeat(markers[k % 2][None, :], count, axis=0)
        text = np.concatenate([whole, marker], axis=1)
        reminded = np.concatenate([np.repeat(opening[None, :], count, axis=0), latest, marker], axis=1)
        begun, gaps = text.shape[1], np.empty((count, length))
        for t in range(length):
            law = chain.log_law(last(text, chain.window))
            other = chain.log_law(last(reminded, chain.window))
            gaps[:, t] = jensen_shannon(np.exp(law), np.exp(other))
            token = drawn_tokens(law, draws[:, k, t])
            if wrong is not None and k == FIRST:
                token = np.full(count, wrong[t])
            text, reminded = (np.concatenate([one, token[:, None]], axis=1) for one in (text, reminded))
        found[:, k] = gaps.mean(axis=1)
        latest = np.concatenate([marker, text[:, begun:]], axis=1)
        whole = text
    return found, whole
