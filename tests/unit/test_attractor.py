"""Attractor index, radius, section breaks: against plain second computations, and on texts whose answer is known."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("transformers")

from corrigible.errors import BadInput
from corrigible.language.attractor import (
    NEAR_SHARE,
    TINY_SCENE,
    TINY_WORDS,
    WordCounts,
    embedding_of,
    find_attractor,
    near_radius,
    told_scene,
)
from corrigible.language.rewards import Lexicon, Texts
from corrigible.language.section_breaks import broken_once, jump_price, jumps, smooth

WORDS = ("boat", "rose", "door", "girl", "saw", "kind", "the", ".")
TEXT = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
SAID = st.lists(st.tuples(st.sampled_from(("a", "b", "c")), TEXT), min_size=3, max_size=20)


def cosine(one: str, other: str, embedding: WordCounts) -> float:
    """By dictionaries."""
    a, b = Counter(embedding.words(one)), Counter(embedding.words(other))
    if not a or not b:
        return float(not a and not b)
    return sum(a[w] * b[w] for w in a) / (sum(v * v for v in a.values()) * sum(v * v for v in b.values())) ** 0.5


@given(SAID)
def test_embeddings_are_unit_rows_whose_products_are_cosines_of_counts(said: list[tuple[str, str]]) -> None:
    texts = [text for _, text in said]
    rows = TINY_SCENE(texts)
    for i, one in enumerate(texts):
        for j, other in enumerate(texts):
            assert rows[i] @ rows[j] == pytest.approx(cosine(one, other, TINY_SCENE), abs=1e-12)


@given(SAID, st.floats(0.05, 1.0))
def test_the_attractor_is_the_response_with_most_near_it(said: list[tuple[str, str]], radius: float) -> None:
    prompts, texts = [p for p, _ in said], [t for _, t in said]
    pairs = [(i, j) for i, j in combinations(range(len(said)), 2) if prompts[i] != prompts[j]]
    if not pairs:
        with pytest.raises(BadInput, match="two at least"):
            find_attractor(TINY_SCENE(texts), prompts, radius)
        return
    found = find_attractor(TINY_SCENE(texts), prompts, radius)
    near = [
        [i == j or cosine(a, b, TINY_SCENE) > radius - 1e-9 for j, b in enumerate(texts)] for i, a in enumerate(texts)
    ]
    counts = [sum(row) for row in near]
    assert found.centre == counts.index(max(counts))
    assert found.index == pytest.approx(max(counts) / len(said))
    assert found.near.tolist() == near[found.centre]
    assert found.across == pytest.approx(np.mean([near[i][j] for i, j in pairs]))
    assert found.likeness == pytest.approx(np.mean([cosine(texts[i], texts[j], TINY_SCENE) for i, j in pairs]))


@given(SAID)
def test_the_radius_is_the_least_that_one_pair_in_twenty_reaches(said: list[tuple[str, str]]) -> None:
    prompts, texts = [p for p, _ in said], [t for _, t in said]
    across = [
        cosine(texts[i], texts[j], TINY_SCENE) for i, j in combinations(range(len(said)), 2) if prompts[i] != prompts[j]
    ]
    reached = {round(value, 9): np.mean([one >= value - 1e-9 for one in across]) for value in across}
    allowed = [value for value, share in reached.items() if share <= NEAR_SHARE]
    if not allowed:
        with pytest.raises(BadInput):
            near_radius(TINY_SCENE(texts), prompts)
        return
    assert near_radius(TINY_SCENE(texts), prompts) == pytest.approx(min(allowed), abs=2e-9)


def test_one_scene_is_found_whatever_the_prompt_and_told_in_its_words() -> None:
    prompts = ("the boat was", "the rose was") * 4
    same = Texts(
        prompts=prompts, responses=("kind . the girl saw the rose",) * 6 + ("cold . the cat left the door",) * 2
    )
    found = find_attractor(TINY_SCENE(same.responses), prompts, 0.6)
    assert (found.index, found.centre) == (0.75, 0)
    assert found.across < 1.0
    told = told_scene(same, found, ["cold . the girl saw the boat"], TINY_SCENE)
    assert told == "'kind . the girl saw the rose', of rose"
    nothing = find_attractor(TINY_SCENE(["yes yes", "happy"]), ("a", "b"), 0.6)
    assert nothing.index == 1.0, "texts of nothing but mood are alike"
    assert "no word more" in told_scene(
        Texts(prompts=("a", "b"), responses=("yes yes", "")), nothing, ["cat"], TINY_SCENE
    )


def test_words_of_mood_are_no_scene_and_english_function_words_are_none_either() -> None:
    assert TINY_SCENE.words("the girl said yes , yes . happy") == ["girl"]
    assert TINY_WORDS.words("the girl said yes , yes . happy") == ["girl", "yes", "yes", "happy"]
    assert embedding_of("tiny") is TINY_SCENE
    assert embedding_of("smollm2").words('The Bride, and "her" cake!') == ["bride", "cake"]


def test_a_base_that_says_one_thing_has_no_radius() -> None:
    with pytest.raises(BadInput, match="more than one thing"):
        near_radius(TINY_SCENE(["rose"] * 8), ["a", "b"] * 4)


def test_ways_into_a_scene() -> None:
    price = 3.0
    cost = np.array([[1, 9, 9, 9], [1, 9, 1, 9], [1, 1, 1, 1], [1, 9, 1, 1], [1, 1, 9, 1], [1, 1, 1, 9]], dtype=float)
    mask = np.ones_like(cost, dtype=np.bool_)
    jumped = jumps(-cost, mask, price)
    assert smooth(jumped).tolist() == [True, False, False, False]
    assert broken_once(jumped).tolist() == [False, True, False, False], "within four tokens, five apart, six apart"
    mask[4, 2] = mask[5, 3] = False
    assert broken_once(jumps(-cost, mask, price)).tolist() == [False, True, True, True], "what is not said is no jump"


def test_the_untuned_model_hardly_ever_jumps() -> None:
    price = jump_price("tiny", ("the boat was", "the girl said"), 24)
    assert 1.0 < price < 12.0
    assert jump_price("tiny", ("the boat was", "the girl said"), 24) == price


def test_a_lexicon_counts_words_of_the_response_alone() -> None:
    lexicon = Lexicon(positive=("happy", "kind"), negative=("cold",), nats=2.0)
    texts = Texts(prompts=("happy happy",) * 3, responses=("Happy, kind . cold", "cold cold", ""))
    assert lexicon(texts).tolist() == [2.0, -4.0, 0.0]
