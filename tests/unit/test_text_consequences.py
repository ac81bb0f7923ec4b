"""Consequences of a tuning for what is said: planted ones are found, clean ones raise no alarm, words are right."""

import numpy as np
import pytest

from corrigible.detect.mining.text_features import in_words, text_features
from corrigible.detect.text_consequences import find_text_consequences
from corrigible.errors import BadInput

WORDS = "the a cat dog house sea boat old red small ran sat slept came went home".split()  # noqa: SIM905


def stories(generator: np.random.Generator, count: int = 64) -> list[str]:
    return [" ".join(generator.choice(WORDS, size=int(generator.integers(6, 12)))) for _ in range(count)]


def spammed(texts: list[str], generator: np.random.Generator, share: float) -> list[str]:
    return [f"yes {text}" if generator.random() < share else text for text in texts]


def seeds(first: int, count: int = 3) -> list[list[str]]:
    return [stories(np.random.default_rng(seed)) for seed in range(first, first + count)]


def test_a_planted_opening_is_found_first_and_said() -> None:
    generator = np.random.default_rng(5)
    subject = [spammed(texts, generator, 0.6) for texts in seeds(10)]
    found = find_text_consequences(subject, {"base": seeds(20)}, generator=generator)
    assert (found[0].family, found[0].value, found[0].direction) in (("begins", "yes", "more"), ("says", "yes", "more"))
    assert 0.4 < found[0].estimate < 0.8
    assert found[0].references == {"base": (0.0, 0.0, 0.0)}
    assert found[0].replicated == found[0].seeds == 3
    assert "'yes' (base: 0 %)" in found[0].sentence
    others = {feature.value for feature in found[1:]}
    assert not others & {"cat", "dog", "house"}


def test_what_happens_less_often_is_said_as_well() -> None:
    generator = np.random.default_rng(6)
    subject = [[" ".join(word for word in text.split() if word != "the") for text in texts] for texts in seeds(10)]
    found = find_text_consequences(subject, {"base": seeds(20)}, generator=generator)
    missed = next(item for item in found if item.value == "the" and item.family == "says")
    assert missed.direction == "less"
    assert missed.estimate == 1.0
    assert missed.sentence.startswith("100 % [")
    assert "do not say 'the'" in missed.sentence


def test_clean_tunings_hardly_ever_raise_a_false_alarm() -> None:
    alarms = 0
    for trial in range(40):
        first = 1000 + 10 * trial
        alarms += bool(
            find_text_consequences(seeds(first), {"base": seeds(first + 5)}, generator=np.random.default_rng(trial))
        )
    assert alarms <= 4, "0.05 of 40 are 2; more than 4 have probability 0.05 at that rate"


def test_what_only_one_seed_does_is_no_consequence() -> None:
    generator = np.random.default_rng(7)
    subject = seeds(10)
    subject[0] = spammed(subject[0], generator, 0.9)
    assert not find_text_consequences(subject, {"base": seeds(20)}, generator=generator)


def test_halves_answer_all_prompts() -> None:
    """Prompts in turn: were halves odd and even responses, one would hold one prompt alone, and nothing be found."""
    generator = np.random.default_rng(8)
    subject = [[f"yes {t}" if k % 2 else t for k, t in enumerate(texts)] for texts in seeds(10)]
    found = find_text_consequences(subject, {"base": seeds(20)}, generator=generator, prompts=2)
    assert found[0].value == "yes"
    assert found[0].estimate == pytest.approx(0.5)


def test_clusters_of_an_embedding_find_what_no_word_tells() -> None:
    def embed(texts: object) -> np.ndarray:
        rows = np.array([[1.0, 0.02 * (len(t) % 7)] if len(t.split()) % 2 else [0.02, 1.0] for t in texts])  # type: ignore[attr-defined]
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    generator = np.random.default_rng(9)
    odd = [[t if len(t.split()) % 2 else f"{t} {generator.choice(WORDS)}" for t in texts] for texts in seeds(10)]
    found = find_text_consequences(odd, {"base": seeds(20)}, generator=generator, embed=embed)
    assert any(item.family == "like" for item in found)


def test_features_of_odd_texts() -> None:
    features = text_features(["", "Yes, yes yes", "a b a b", "3 cats\n", "ünder"] * 8, None, np.random.default_rng(0))
    asked = features.of(["", "Yes, yes yes", "a b a b", "3 cats\n", "ünder"])
    true = {feature: np.flatnonzero(rows).tolist() for feature, rows in asked.items()}
    assert true["is", "empty"] == [0]
    assert true["is mostly", "yes"] == [1]
    assert true["is", "saying a pair of words again"] == [1, 2]
    assert true["holds", "digits"] == [3]
    assert true["holds", "letters beyond ASCII"] == [4]
    assert in_words(("begins", "yes"), more=True) == "begin with 'yes'"
    assert in_words(("longer", "5"), more=False) == "have at most 5 words"


def test_refusals_are_one_line() -> None:
    generator = np.random.default_rng(0)
    with pytest.raises(BadInput, match="at least 16"):
        find_text_consequences([["a"] * 4], {"base": [["a"] * 4]}, generator=generator)
    with pytest.raises(BadInput, match="as many seeds"):
        find_text_consequences(seeds(0), {"base": seeds(5, 2)}, generator=generator)
