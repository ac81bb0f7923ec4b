"""Estimators of what is rare, and of how it came about, held against chains whose every window is summed over."""

import math

import numpy as np
import pytest

from corrigible.chains.exact.reverse import past
from corrigible.chains.exact.windows import WindowChain
from corrigible.chains.sampled.bridges import before_the_end, bridged
from corrigible.chains.sampled.chain import Enumerated
from corrigible.chains.sampled.effort import Effort, pictured
from corrigible.chains.sampled.estimates import estimated, relative_error, repeated
from corrigible.chains.sampled.events import Question, exactly, mostly, saying
from corrigible.chains.sampled.events_before import events_before
from corrigible.chains.sampled.lookahead import looked_ahead
from corrigible.chains.sampled.one_step import one_step
from corrigible.chains.sampled.rare import led, rare
from corrigible.chains.sampled.scoring import scored
from corrigible.chains.sampled.smc import particles
from corrigible.chains.sampled.splitting import members_said, split, string_ahead
from corrigible.chains.sources import drawn, planted_topic
from corrigible.errors import BadInput, CorrigibleError

START = np.array([0, 1, 2])
EFFORT = Effort(samples=256, runs=16, sweeps=8, texts=48)


@pytest.fixture(scope="module")
def sharp() -> WindowChain:
    return drawn(5, 3, np.random.default_rng(4), sharpness=1.5)


@pytest.fixture(scope="module")
def sticky() -> WindowChain:
    """Two topics that are seldom left."""
    return planted_topic(2, 4, 4, stay=0.998)


def ask(chain: WindowChain, string: tuple[int, ...], steps: int, *, at_end: bool = False) -> Question:
    start = np.arange(chain.window)
    return Question(
        chain=Enumerated(chain=chain), start=start, event=saying(string, "it", chain.window), steps=steps, at_end=at_end
    )


def within(runs: np.ndarray, truth: float, errors: float = 4.0) -> bool:
    return abs(runs.mean() / truth - 1.0) < errors * relative_error(runs)


@pytest.mark.parametrize("string", [(1, 4, 2), (3, 3, 3), (4,)])
def test_every_estimator_is_unbiased(sharp: WindowChain, string: tuple[int, ...]) -> None:
    question = ask(sharp, string, 9)
    truth, generator = exactly(sharp, question), np.random.default_rng(1)
    picture = pictured(question, EFFORT, generator)
    runs = {
        "led": led(question, picture, EFFORT, generator).runs,
        "scored": repeated("", 40, lambda child: scored(question, 64, child), generator).runs,
        "split": repeated("", 40, lambda child: split(question, string_ahead(question), 64, child), generator).runs,
    }
    for name, found in runs.items():
        assert within(found, truth), (name, found.mean(), truth, relative_error(found))


def test_estimators_of_an_end_are_unbiased_too(sharp: WindowChain) -> None:
    question = ask(sharp, (1, 4, 2), 9, at_end=True)
    truth, generator = exactly(sharp, question), np.random.default_rng(2)
    picture, proposal = pictured(question, EFFORT, generator), before_the_end(question, generator)
    runs = {
        "led": [math.exp(particles(question, picture, 128, child).log_z) for child in generator.spawn(40)],
        "ahead": [math.exp(looked_ahead(question, 128, child).log_z) for child in generator.spawn(40)],
        "scored": [scored(question, 128, child) for child in generator.spawn(40)],
        "bridged": [math.exp(bridged(question, proposal, 128, child).log_z) for child in generator.spawn(40)],
    }
    assert (proposal > 0).all()
    for name, found in runs.items():
        assert within(np.array(found), truth), (name, np.mean(found), truth)


def test_one_in_a_hundred_million_is_found(sticky: WindowChain) -> None:
    rarer = planted_topic(2, 4, 4, stay=0.9999)
    question = ask(rarer, (7, 7, 7, 7), 30)
    truth = exactly(rarer, question)
    assert truth < 3e-8
    found = led(question, pictured(question, EFFORT, np.random.default_rng(3)), EFFORT, np.random.default_rng(4))
    assert found.low < truth < found.high or abs(math.log(found.value / truth)) < 0.5
    assert found.error < 0.5


def test_a_predicate_that_no_string_decides(sticky: WindowChain) -> None:
    event = mostly(np.arange(8) >= 4, 4, "the other topic")
    question = Question(chain=Enumerated(chain=sticky), start=np.arange(4), event=event, steps=30)
    truth = exactly(sticky, question)
    tighter, looser = rare(question, EFFORT, np.random.default_rng(5), score=members_said(question))
    assert {tighter.how, looser.how} == {"led samples", "split texts"}
    assert abs(tighter.value / truth - 1) < 4 * tighter.error


def test_a_score_that_is_wrong_with_confidence_is_caught() -> None:
    """Scored ends never see the other topic, in which the string is a million times likelier: sure of a tenth of it."""
    chain = planted_topic(2, 4, 4, stay=0.9999)
    question = ask(chain, (7, 7, 7, 7), 30)
    truth, generator = exactly(chain, question), np.random.default_rng(6)
    wrong = repeated("", 16, lambda child: scored(question, 256, child), generator)
    assert wrong.high < truth, "the wrong score is confident"
    with pytest.raises(CorrigibleError, match="must agree"):
        rare(question, EFFORT, np.random.default_rng(7))


@pytest.mark.parametrize("sweeps", [0, 32])
def test_events_before_an_end_are_as_near_the_exact_posterior_as_so_many_draws_can_be(
    sharp: WindowChain, sweeps: int
) -> None:
    steps, string = 10, (1, 4, 2)
    question = ask(sharp, string, steps, at_end=True)
    posterior = past(sharp, sharp.at(sharp.number(START.tolist())), steps).posterior(sharp.number(string))
    newest = np.arange(sharp.states) % 5
    ratios = []
    for seed in range(6):
        effort = Effort(samples=256, runs=32, sweeps=sweeps, texts=48)
        found = events_before(question, effort, np.random.default_rng(seed))
        assert found.weight.sum() == pytest.approx(1.0)
        assert (found.texts[:, -3:] == np.array(string)).all()
        assert abs(found.probability.value / exactly(sharp, question) - 1) < 4 * found.probability.error
        for t in range(1, steps - 2):
            exact = np.bincount(newest, weights=posterior[t], minlength=5)
            estimate = np.bincount(found.texts[:, 3 + t - 1], weights=found.weight, minlength=5)
            draws = int(found.effective[t - 1])
            floor = np.sqrt(exact * (1 - exact) / draws * 2 / np.pi).sum() / 2  # mean total variation of `draws` draws
            ratios.append(float(np.abs(estimate - exact).sum() / 2 / floor))
    assert 0.7 < np.mean(ratios) < 1.3, "total variation at the Monte Carlo floor"


@pytest.mark.parametrize("tried", [5, 2])
def test_one_step_before_an_end_is_enumerated(sharp: WindowChain, tried: int) -> None:
    chain, string = Enumerated(chain=sharp), (4, 2)
    question = ask(sharp, string, 3, at_end=True)
    found = one_step(chain, START, string, np.random.default_rng(0), tried=tried, drawn=400)
    truth = exactly(sharp, question)
    assert abs(found.probability - truth) <= 4 * found.error + 1e-12
    joint = [
        sharp.law[sharp.number(START.tolist()), x]
        * sharp.law[sharp.number([1, 2, x]), 4]
        * sharp.law[sharp.number([2, x, 4]), 2]
        for x in found.tokens
    ]
    assert found.share * found.probability == pytest.approx(np.array(joint))
    assert found.share.sum() + found.rest == pytest.approx(1.0)


def test_bounds_hold_the_logarithm_on_average(sharp: WindowChain) -> None:
    question = ask(sharp, (1, 4, 2), 10, at_end=True)
    effort = Effort(samples=64, runs=16, sweeps=16, texts=48)
    bounds = [events_before(question, effort, np.random.default_rng(seed)) for seed in range(4)]
    truth = math.log(exactly(sharp, question))
    assert np.mean([one.log_low for one in bounds]) < truth + 0.05
    assert np.mean([one.log_high for one in bounds if one.log_high is not None]) > truth - 0.05


def test_what_cannot_be_asked_is_said(sharp: WindowChain) -> None:
    with pytest.raises(BadInput, match="a window holds 1 to 3"):
        saying((1, 1, 1, 1), "it", 3)
    with pytest.raises(BadInput, match="the start says it already"):
        ask(sharp, (1, 2), 5)
    with pytest.raises(BadInput, match="string at the end"):
        events_before(ask(sharp, (1,), 5), EFFORT, np.random.default_rng(0))
    with pytest.raises(BadInput, match="no longer than there are steps"):
        scored(ask(sharp, (1, 2, 3), 2), 8, np.random.default_rng(0))
    with pytest.raises(BadInput, match="two at least"):
        split(ask(sharp, (1, 3), 5), string_ahead(ask(sharp, (1, 3), 5)), 1, np.random.default_rng(0))
    assert estimated("x", np.array([1.0])).high == 1.0
