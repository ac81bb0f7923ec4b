"""What a tuning's page and the figures of over-optimisation show, and that texts of models stay texts."""

from dataclasses import replace

import numpy as np
import pytest

from corrigible.failures.yes_spammer_figures import best_of, overoptimisation, price_of_repeats, said_of_fits
from corrigible.language.overoptimisation import best_of_n_kl
from corrigible.report.tuning_page import CURVES, TuningContent, render_tuning

EVIL = "<script>alert(1)</script>"
CONTENT = TuningContent(
    title=EVIL,
    summary=(EVIL,),
    exploits=(
        {"template": EVIL, "auc": 0.7, "low": 0.6, "high": 0.8, "mass": 0.5, "margins": {EVIL: 1.0}, "pays_yes": True},
    ),
    story=tuple({"step": k, **dict.fromkeys(CURVES, float(k)), "monitors": {"repeats": k / 10}} for k in range(1, 5)),
    monitors={"repeats": EVIL},
    limit={"repeats": 0.25},
    alarms={"repeats": 4},
    checkpoints=(
        {"step": 0, "kl": 0.0, "scores": {EVIL: -1.0}, "responses": ((EVIL, -1.0),)},
        {"step": 4, "kl": 2.0, "scores": {EVIL: 1.5}, "responses": ((EVIL, 1.5),)},
    ),
    facts=(("model", EVIL),),
)


def test_no_text_of_a_model_or_a_constitution_becomes_markup() -> None:
    page = render_tuning(CONTENT)
    assert EVIL not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 8
    assert page.count("<script>") == 1


def test_alarms_limits_and_checkpoints_are_told() -> None:
    page = render_tuning(CONTENT)
    for words in ("alarm at step 4", "limit 0.25", "untuned", "step 4", "+1.50", "0.70 [0.60, 0.80]"):
        assert words in page
    assert "no alarm" in render_tuning(replace(CONTENT, alarms={"repeats": None}))


def curves(seeds: int) -> dict[str, dict[str, list[list[float]]]]:
    """A failure whose gold follows d (2 - log d) exactly, along four checkpoints."""
    kl = [0.25, 1.0, 4.0, 16.0]
    gold = [0.5 + d * (2.0 - np.log(d)) for d in np.sqrt(kl)]
    return {
        "kl": {"failure": [kl] * seeds, "base": [[0.0]] * seeds},
        "gold": {"failure": [gold] * seeds, "base": [[0.5]] * seeds},
        "proxy": {"failure": [[1.0, 2.0, 3.0, 4.0]] * seeds, "base": [[0.0]] * seeds},
    }


def test_a_curve_of_gaos_form_is_said_with_its_peak() -> None:
    (figure,) = overoptimisation(curves(3), "failure", "base")
    assert "r2 1.00 (from 1.00 to 1.00) over 3 seeds" in figure.caption
    assert f"peak at d = {np.e:.2f}" in figure.caption
    assert figure.svg.count("<circle") >= 2 * 3 * 4


def test_one_seed_or_no_untuned_model_is_no_fit() -> None:
    (figure,) = overoptimisation(curves(1), "failure", "base")
    assert "Too few seeds" in figure.caption
    assert overoptimisation(curves(3), "failure", "nowhere") == ()
    assert overoptimisation(curves(3), "nowhere", "base") == ()


def test_gold_that_only_rises_is_said_to_have_no_peak() -> None:
    rising = [[(d, d * (1.0 + 0.5 * d)) for d in (0.5, 1.0, 2.0)]] * 3
    assert "no peak on 3 seeds" in said_of_fits(rising, "best-of-n")


def test_best_of_n_is_compared_with_the_base_of_the_same_seed() -> None:
    n = (4, 16, 64)
    names = [f"best-{k}" for k in n]

    def values(apart: float) -> dict[str, dict[str, list[list[float]]]]:
        return {
            "kl": {"base": [[0.0], [0.0]], **{f"best-{k}": [[best_of_n_kl(k)]] * 2 for k in n}},
            "gold": {"base": [[0.0], [apart]], **{f"best-{k}": [[1.0], [apart + 2.0]] for k in n}},
            "proxy": {"base": [[0.0], [0.0]], **{f"best-{k}": [[2.0], [2.0]] for k in n}},
        }

    (figure,) = best_of(values(0.0), "base", names)
    assert figure.svg.count("<circle") >= 2 * 2 * 3
    assert best_of(values(8.0), "base", names) == (figure,)
    assert best_of(values(0.0), "base", ["best-4", "nowhere"]) == ()


def test_the_price_of_repeats_is_the_models_own() -> None:
    figure = price_of_repeats("tiny", ("the",))
    assert "yes: 11.7 nats at first, 0.04 at last" in figure.caption


@pytest.mark.parametrize("name", list(CURVES))
def test_every_curve_has_a_chart_that_says_where_it_ends(name: str) -> None:
    assert f"{CURVES[name]}: 1 at first, 4 at last" in render_tuning(CONTENT)
