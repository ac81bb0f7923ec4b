"""Long conversations: what they are let do, what is named, and what an edit changes."""

from dataclasses import replace

import numpy as np
import pytest

from corrigible.chains.exact.windows import WindowChain
from corrigible.chains.talks.sandbox import TalkSandbox, learn, on_the_rails, said
from corrigible.chains.talks.talking import chances, converse, derailed
from corrigible.chains.talks.world import Reading, Talk, is_off, read, source_of
from corrigible.errors import BadInput
from corrigible.types import Setup

TALK = Talk()


@pytest.fixture(scope="module")
def chain() -> WindowChain:
    return read(TALK, Reading(), np.random.default_rng(0))


def talk_of(chain: WindowChain, talk: Talk, count: int = 400, seed: int = 1) -> np.ndarray:
    return converse(chain, talk, count, np.random.default_rng(seed)).tokens


def texts(talk: Talk, tokens: np.ndarray) -> np.ndarray:
    return np.concatenate([np.repeat(np.array(talk.opening)[None, :], len(tokens), axis=0), tokens], axis=1)


def test_a_talk_as_it_is_follows_the_chain(chain: WindowChain) -> None:
    found = converse(chain, TALK, 50, np.random.default_rng(0))
    assert found.log_prob == pytest.approx(found.plain)
    whole = texts(TALK, found.tokens)
    assert (found.windows[:, 7] == whole[:, 7:11]).all()
    assert found.plain[:, 7] == pytest.approx(
        np.log([chain.law[chain.number(row[7:11].tolist()), row[11]] for row in whole])
    )


def test_the_chance_of_the_end_is_exact(chain: WindowChain) -> None:
    """The mean over conversations of being off at the end is what was foreseen at the beginning."""
    tokens = talk_of(chain, TALK, 6000)
    near = chances(chain, TALK, texts(TALK, tokens))
    off = is_off(tokens[:, -4:]).mean(axis=1) >= 0.5
    assert (near[:, -1] == off).all()
    error = off.std() / np.sqrt(len(off))
    assert abs(off.mean() - near[0, 0]) < 4 * error
    middle = near[:, 5]
    assert abs(middle.mean() - near[0, 0]) < 4 * middle.std() / np.sqrt(len(middle)), "a martingale"


def test_what_keeps_a_talk_on_the_rails_does_so_as_it_says(chain: WindowChain) -> None:
    opening = np.array(TALK.opening)
    limited = converse(chain, replace(TALK, limit=2), 20, np.random.default_rng(2))
    assert (limited.windows[:, 32] == opening).all(), "after four turns it begins anew"
    assert (limited.windows[:, 33, :3] == opening[1:]).all()
    assert (limited.windows[:, 33, 3] == limited.tokens[:, 32]).all()
    anchored = converse(chain, replace(TALK, anchored=1), 20, np.random.default_rng(2))
    assert (anchored.windows[:, :, 0] == opening[0]).all()
    cool = converse(chain, replace(TALK, temperature=0.5), 200, np.random.default_rng(2))
    assert is_off(cool.tokens).mean() < is_off(talk_of(chain, TALK, 200, 2)).mean()
    charged = converse(chain, replace(TALK, penalty=5.0), 50, np.random.default_rng(2)).tokens
    assert (charged[:, 1:] == charged[:, :-1]).mean() < 0.1, "what was just said is hardly said again"


def test_a_planted_error_is_named_and_undone_by_an_edit(chain: WindowChain) -> None:
    planted = replace(TALK, error=4)
    found = converse(chain, planted, 400, np.random.default_rng(3))
    assert is_off(found.tokens[:, 32:40]).all()
    off = derailed(planted, found.tokens)
    assert off.mean() > 0.5
    assert (found.named[off] == 4).mean() > 0.7
    assert (found.named[~off] == -1).all()
    edited = converse(chain, replace(planted, edit="named"), 400, np.random.default_rng(3))
    assert derailed(planted, edited.tokens).mean() < 0.5 * off.mean()
    assert (edited.tokens[:, :32] == found.tokens[:, :32])[found.named == 4].all(), "what came before stays"
    assert (edited.tokens == found.tokens)[found.named == -1].all(), "what was on the rails is not touched"


def test_the_learner_reads_texts_and_not_the_source() -> None:
    few, many = (read(TALK, Reading(texts=n), np.random.default_rng(0)) for n in (50, 5000))
    source = source_of(TALK.window, TALK.stay)
    start = source.number(TALK.opening)
    assert np.abs(many.law[start] - source.law[start]).sum() < np.abs(few.law[start] - source.law[start]).sum()


def test_the_sandbox_pays_what_is_said_and_means_what_is_of_the_topic() -> None:
    setup = Setup(world=TALK, paid=said, truth=on_the_rails, settings=Reading())
    (checkpoint,) = learn(replace(setup, truth=None), generator=np.random.default_rng(0))
    rollout = TalkSandbox().rollout(setup, checkpoint, episodes=5, generator=np.random.default_rng(1))
    assert rollout.views.trajectory.reward.sum() == 5 * TALK.tokens
    off = rollout.truth.events["off"]
    assert rollout.truth.intended_reward == pytest.approx((~off).astype(np.float32))
    shown = TalkSandbox().picture(setup, rollout.views.trajectory, 0)
    assert len(shown.frames) == TALK.turns + 1
    with pytest.raises(BadInput, match="column 9"):
        TalkSandbox().picture(setup, rollout.views.trajectory, 9)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"turns": 0}, "at least 1"), ({"stay": 1.0}, "between 0 and 1"), ({"temperature": 0.0}, "above 0"),
     ({"anchored": 4}, "less than the window"), ({"opening": (0,)}, "fills the window"),
     ({"error": 10}, "turns exist")],
)  # fmt: skip
def test_numbers_outside_their_range_are_refused(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        replace(TALK, **wrong)  # type: ignore[arg-type]
