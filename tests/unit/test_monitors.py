"""Monitors of a tuning: what they say of healthy and of collapsed samples, and when they raise an alarm."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.language.monitors import FIXED, MONITORS, first_alarms, limits_of, monitors_of
from corrigible.language.rewards import Texts
from corrigible.language.sampling import Samples
from corrigible.language.text_monitors import TextMonitors, embedder_if_here, mean_cosine

B, T = 16, 12


@dataclass(frozen=True)
class Step:
    """As much of a step as monitors read."""

    samples: Samples
    log_ratio: NDArray[np.float64]
    reward: NDArray[np.float64]
    texts: Texts


def step(tokens: NDArray[np.int64], log_prob: float = -1.0, log_ratio: NDArray[np.float64] | None = None) -> Step:
    mask = np.ones(tokens.shape, dtype=np.bool_)
    said = np.full(tokens.shape, log_prob)
    samples = Samples(
        prompts=((1,),) * len(tokens), tokens=tokens, mask=mask, log_prob=said, model_log_prob=said,
        ended=np.zeros(len(tokens), dtype=np.bool_),
    )  # fmt: skip
    ratio = np.zeros(tokens.shape) if log_ratio is None else log_ratio
    return Step(samples=samples, log_ratio=ratio, reward=np.zeros(B), texts=Texts(prompts=(), responses=()))


def healthy(generator: np.random.Generator) -> Step:
    return step(generator.integers(0, 40, (B, T)))


def test_of_one_word_over_and_over_all_that_can_be_one_is_one() -> None:
    said = monitors_of(step(np.full((B, T), 7)))
    assert said["one word"] == said["sameness"] == pytest.approx(1.0)
    assert said["same response"] == pytest.approx(1.0 - 1.0 / B)
    assert said["repeats"] == pytest.approx(1.0 - 1.0 / (T - 1))


def test_responses_that_share_no_word_are_not_the_same() -> None:
    said = monitors_of(step(np.arange(B * T).reshape(B, T)))
    assert said["sameness"] == said["repeats"] == said["same response"] == 0.0
    assert said["one word"] == pytest.approx(1.0 / (B * T))


def test_prices_are_those_of_the_reference_and_a_late_ratio_that_vanishes_is_a_discount() -> None:
    ratio = np.zeros((B, T))
    ratio[:, : T // 2] = 2.0
    said = monitors_of(step(np.arange(B * T).reshape(B, T), log_prob=-0.5, log_ratio=ratio))
    assert said["certainty"] == pytest.approx(-0.5)
    assert said["cheap to the reference"] == pytest.approx(-1.5)
    assert said["dear to the reference"] == pytest.approx(1.5)
    assert said["KL discount"] == pytest.approx(1.0)
    assert monitors_of(step(np.arange(B * T).reshape(B, T), log_ratio=ratio[:, ::-1]))["KL discount"] == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_collapse_is_told_at_its_second_step_and_health_never(seed: int) -> None:
    generator = np.random.default_rng(seed)
    limits = limits_of([monitors_of(healthy(generator)) for _ in range(8)])
    calm = [monitors_of(healthy(generator)) for _ in range(20)]
    spam = [monitors_of(step(np.full((B, T), 7))) for _ in range(5)]
    alarms = first_alarms(limits, range(1, 26), [*calm, *spam])
    assert {alarms[name] for name in ("repeats", "one word", "sameness", "same response")} == {22}
    assert alarms["KL discount"] is None
    assert set(alarms) == set(MONITORS) == set(limits.limit)
    assert limits.limit["KL discount"] == FIXED["KL discount"]


def test_one_step_beyond_a_limit_is_no_alarm() -> None:
    generator = np.random.default_rng(1)
    limits = limits_of([monitors_of(healthy(generator)) for _ in range(8)])
    once = [monitors_of(healthy(generator)), monitors_of(step(np.full((B, T), 7))), monitors_of(healthy(generator))]
    assert set(first_alarms(limits, [1, 2, 3], once).values()) == {None}


def test_limits_of_too_few_steps_are_refused() -> None:
    with pytest.raises(BadInput, match="4 steps of the base"):
        limits_of([monitors_of(healthy(np.random.default_rng(0)))] * 4)


def texts(*responses: str) -> Texts:
    return Texts(prompts=("the",) * len(responses), responses=responses)


def length(of: Texts) -> NDArray[np.float64]:
    return np.array([float(len(text)) for text in of.responses])


def nothing(of: Texts) -> NDArray[np.float64]:
    return np.zeros(len(of.responses))


def test_the_gap_is_what_the_paying_template_gives_over_the_others() -> None:
    said = TextMonitors(scorers=(length, nothing, nothing))(texts("aa", "bbbb"))
    assert said["template gap"] == pytest.approx(3.0)
    assert said["disagreement"] == pytest.approx(np.mean([np.std([2, 0, 0]), np.std([4, 0, 0])]))
    assert set(said) == {"template gap", "disagreement"}


def test_one_template_alone_has_no_gap_and_no_embedder_no_meaning() -> None:
    assert TextMonitors(scorers=(length,))(texts("a", "b")) == {}


def test_responses_that_are_read_are_spread_over_the_step() -> None:
    seen: list[Texts] = []

    def keep(of: Texts) -> NDArray[np.float64]:
        seen.append(of)
        return nothing(of)

    TextMonitors(scorers=(keep, nothing), read=3)(texts(*map(str, range(9))))
    assert seen[0].responses == ("0", "4", "8")


def test_a_monitor_that_was_not_told_at_some_steps_raises_no_alarm_of_them() -> None:
    limits = limits_of([{"gap": float(k % 2)} for k in range(8)])
    assert first_alarms(limits, [1, 2, 3], [{}, {"gap": 99.0}, {}]) == {"gap": None}
    assert first_alarms(limits, [1, 2, 3], [{}, {"gap": 99.0}, {"gap": 99.0}]) == {"gap": 3}


def test_texts_of_one_meaning_are_nearer_than_texts_of_several() -> None:
    embedder = embedder_if_here()
    if embedder is None:
        pytest.skip("minilm has not been fetched (corrigible models get minilm)")
    same = mean_cosine(embedder, ("Yes, yes, yes.", "Yes, yes.", "Yes, yes, yes, yes."))
    others = mean_cosine(embedder, ("The ship sank.", "Bread is baked in ovens.", "He plays the violin."))
    assert others < 0.4 < 0.8 < same <= 1.0
    assert mean_cosine(embedder, ("alone", "")) == 1.0
