"""The sampler: what it says it sampled is how likely that was; alone as in a batch; nothing that is banned."""

import numpy as np
import pytest

pytest.importorskip("transformers")

from corrigible.errors import BadInput
from corrigible.language.grammar_words import IDS
from corrigible.language.models import LanguageModel, load_model
from corrigible.language.sampling import SamplingRule, rule_log_probs, sample, score

RULES = {
    "plain": SamplingRule(),
    "hot": SamplingRule(temperature=1.7),
    "top-k": SamplingRule(top_k=3),
    "top-p": SamplingRule(top_p=0.8),
    "banned": SamplingRule(banned=(IDS["yes"],), least_tokens=5),
}


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return load_model("tiny")


def prompts(model: LanguageModel) -> list[list[int]]:
    return [model.encode(text) for text in ("the", "the girl said", "question sea ? the gull was")]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_what_was_sampled_is_scored_the_same_when_it_is_read_again(model: LanguageModel, rule: SamplingRule) -> None:
    found = sample(model, prompts(model), new_tokens=20, generator=np.random.default_rng(0), rule=rule)
    rows = [found.row(k) for k in range(3)]
    under_rule, under_model = score(model, prompts(model), rows, rule=rule)
    np.testing.assert_allclose(under_rule, found.log_prob, atol=2e-5)
    np.testing.assert_allclose(under_model, found.model_log_prob, atol=2e-5)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_law_that_is_sampled_from_sums_to_one_and_gives_the_same_numbers(
    model: LanguageModel, rule: SamplingRule
) -> None:
    found = sample(model, prompts(model), new_tokens=12, generator=np.random.default_rng(1), rule=rule)
    rows = [found.row(k) for k in range(3)]
    law = rule_log_probs(model, prompts(model), rows, rule=rule).detach().numpy()
    for k, row in enumerate(rows):
        np.testing.assert_allclose(np.exp(law[k, : len(row)]).sum(1), 1, atol=1e-5)
        np.testing.assert_allclose(law[k, np.arange(len(row)), row], found.log_prob[k, : len(row)], atol=2e-5)


def test_a_row_is_the_same_alone_as_in_a_batch(model: LanguageModel) -> None:
    """Draws are laid out row by row, so the rows' own are given to each."""
    rows = prompts(model)
    together = sample(model, rows, new_tokens=16, generator=np.random.default_rng(2))
    draws = np.random.default_rng(2).random((3, 16))

    class Given:
        def __init__(self, numbers: np.ndarray) -> None:
            self.numbers = numbers

        def random(self, shape: tuple[int, int]) -> np.ndarray:
            assert shape == self.numbers.shape
            return self.numbers

    for k, row in enumerate(rows):
        alone = sample(model, [row], new_tokens=16, generator=Given(draws[k : k + 1]))  # type: ignore[arg-type]
        assert alone.row(0) == together.row(k)
        length = len(alone.row(0))
        np.testing.assert_allclose(alone.log_prob[0], together.log_prob[k, :length], atol=2e-5)


def test_frequencies_are_those_of_the_law(model: LanguageModel) -> None:
    row = model.encode("the girl said")
    law = np.exp(rule_log_probs(model, [row], [[IDS["yes"]]]).detach().numpy()[0, 0])
    found = sample(model, [row] * 4000, new_tokens=1, generator=np.random.default_rng(3))
    counts = np.bincount(found.tokens[:, 0], minlength=len(law)) / 4000
    np.testing.assert_allclose(counts, law, atol=4 * np.sqrt(0.25 / 4000))


def test_nothing_banned_is_said_and_no_text_ends_before_it_may(model: LanguageModel) -> None:
    rule = RULES["banned"]
    found = sample(
        model, [model.encode("the girl said")] * 64, new_tokens=12, generator=np.random.default_rng(4), rule=rule
    )
    assert IDS["yes"] not in found.tokens[found.mask]
    assert found.mask[:, :5].all()
    assert not np.isin(found.tokens[found.mask], [IDS["<user>"], IDS["<pad>"], IDS["<bos>"]]).any()


def test_after_the_end_nothing_counts(model: LanguageModel) -> None:
    found = sample(model, [model.encode("the")] * 32, new_tokens=60, generator=np.random.default_rng(5))
    assert found.ended.any()
    assert (found.log_prob[~found.mask] == 0).all()
    for k in np.flatnonzero(found.ended):
        assert found.row(k)[-1] == IDS["<eos>"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"temperature": 0.0}, "temperature"),
        ({"top_k": 0}, "top_k"),
        ({"top_p": 1.5}, "top_p"),
        ({"least_tokens": -1}, "least_tokens"),
    ],
)
def test_rules_outside_their_range_are_refused(given: dict[str, float], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        SamplingRule(**given)  # type: ignore[arg-type]


def test_what_does_not_fit_the_context_is_refused(model: LanguageModel) -> None:
    with pytest.raises(BadInput, match="context"):
        sample(model, [[IDS["the"]] * 250], new_tokens=10, generator=np.random.default_rng(0))
    with pytest.raises(BadInput, match="vocabulary"):
        model.encode("the dragon said yes .")
