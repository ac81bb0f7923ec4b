"""`corrigible game ..`: reference values to 1e-6 by command and by function, pictures, and one line for bad input."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from corrigible.cli import main
from corrigible.sandbox.games import finite_groups, finite_population, global_game, off_switch, stag_hunt
from corrigible.sandbox.games.beliefs import DiscreteBelief, NormalBelief

WITHIN = 1e-6


def answered(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    """The one JSON object that a game prints."""
    assert main(["game", *arguments, "--json"]) == 0
    said = capsys.readouterr()
    assert said.out.count("\n") == 1
    found = json.loads(said.out)
    assert isinstance(found, dict)
    return found


def off_switch_value(mu: float, sigma: float, beta: float | None = None) -> float:
    return off_switch.solve(NormalBelief(mu=mu, sigma=sigma), beta).gain


def mixed(n: int, m: int, r: float) -> float:
    return stag_hunt.solve(n, m, r).mixed[0].hunt


OFF_SWITCH = (
    (0, 1, None, 0.3989422804014327),
    (0.5, 1, None, 0.19779655740130603),
    (1, 1, None, 0.08331547058768629),
    (-1, 1, None, 0.08331547058768629),
    (2, 3, None, 0.4533589414732109),
    (0, 1, 1, 0.20662096414190878),
    (1, 1, 1, -0.12532194969145116),
    (0.5, 1, 1, 0.0),
    (0.25, 2, 0.5, 0.6110698261434433),
)
STAG_HUNT = (
    (10, 7, 0.3, 0.5224388596620713),
    (5, 3, 0.5, 0.38572756813238956),
    (20, 18, 0.6, 0.8805976224611024),
    (10, 10, 0.5, 0.9258747122872905),
    (1000, 1000, 0.5, 0.9993063996304388),
)
REGIME_CHANGE = ((0.3, 0.1, 0.7, 0.752440051270804), (0.6, 0.2, 0.4, 0.34933057937284007))
GROUPS = (
    (10, 5, 8, (0.34679802272126264, 0.7067953694318649)),
    (20, 10, 12, (0.4014903590291701, 0.6168764551607658)),
)


@pytest.mark.parametrize(("mu", "sigma", "beta", "value"), OFF_SWITCH)
def test_the_off_switch_game_has_its_reference_values(
    capsys: pytest.CaptureFixture[str], mu: float, sigma: float, beta: float | None, value: float
) -> None:
    said = ["off-switch", f"--mu={mu}", f"--sigma={sigma}", *([] if beta is None else [f"--beta={beta}"])]
    assert answered(capsys, *said)["value"] == pytest.approx(value, abs=WITHIN)
    assert off_switch_value(mu, sigma, beta) == pytest.approx(value, abs=WITHIN)


@pytest.mark.parametrize(("n", "m", "r", "value"), STAG_HUNT)
def test_the_stag_hunt_has_its_reference_values(
    capsys: pytest.CaptureFixture[str], n: int, m: int, r: float, value: float
) -> None:
    found = answered(capsys, "stag-hunt", "--n", str(n), "--m", str(m), "--r", str(r))
    assert found["value"] == pytest.approx(value, abs=WITHIN)
    assert mixed(n, m, r) == pytest.approx(value, abs=WITHIN)


@pytest.mark.parametrize(("c", "sigma", "theta", "x"), REGIME_CHANGE)
def test_regime_change_without_a_tone_has_its_reference_values(
    capsys: pytest.CaptureFixture[str], c: float, sigma: float, theta: float, x: float
) -> None:
    by_noise = answered(capsys, "tone", "--c", str(c), "--sigma", str(sigma))
    by_precision = answered(capsys, "tone", "--c", str(c), "--alpha", "0", "--beta", str(sigma**-2), "--y", "0.4")
    for found in (by_noise, by_precision):
        assert found["theta"] == pytest.approx(theta, abs=WITHIN)
        assert found["x"] == pytest.approx(x, abs=WITHIN)
    point = global_game.flat_prior(c, sigma)
    assert (point.theta, point.x) == pytest.approx((theta, x), abs=WITHIN)


@pytest.mark.parametrize(("n", "m", "enhancement", "roots"), GROUPS)
def test_groups_have_their_reference_values(
    capsys: pytest.CaptureFixture[str], n: int, m: int, enhancement: float, roots: Sequence[float]
) -> None:
    found = answered(capsys, "groups", "--n", str(n), "--m", str(m), "--enhancement", str(enhancement))
    assert found["roots"] == pytest.approx(list(roots), abs=WITHIN)
    points = finite_groups.solve(n, m, enhancement).interior
    assert [point.cooperate for point in points] == pytest.approx(list(roots), abs=WITHIN)


def test_a_loud_tone_leaves_several_equilibria_and_a_command_names_them_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = answered(capsys, "tone", "--c", "0.5", "--alpha", "10", "--beta", "1", "--y", "0.5")
    assert (found["theta"], found["x"]) == (None, None)
    points = found["equilibria"]
    assert isinstance(points, list)
    expected = [point.theta for point in global_game.thresholds(0.5, 10, 1, 0.5)]
    assert [point["theta"] for point in points] == pytest.approx(expected, abs=1e-15)
    assert main(["game", "tone", "--c", "0.5", "--sigma", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1  # nothing is said of a signal that nobody gave


def test_a_discrete_belief_is_given_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    found = answered(capsys, "off-switch", "--values", "-1", "2", "--probabilities", "0.4", "0.6", "--beta", "0.5")
    belief = DiscreteBelief(values=(-1, 2), probabilities=(0.4, 0.6))
    assert found["value"] == off_switch.solve(belief, 0.5).gain


def test_groups_tell_where_the_replicator_goes_and_what_a_finite_population_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    game = ["groups", "--n", "10", "--m", "5", "--enhancement", "8"]
    assert answered(capsys, *game)["finite"] is None
    for start, end in ((0.3, 0.0), (0.4, 0.7067953694318649), (0.9, 0.7067953694318649)):
        assert answered(capsys, *game, "--start", str(start))["tends_to"] == pytest.approx(end, abs=WITHIN)
    found = answered(capsys, *game, "--population", "40", "--selection", "0.5", "--mutation", "0.01")["finite"]
    assert isinstance(found, dict)
    expected = finite_population.solve(40, 10, 5, 8, selection=0.5, mutation=0.01)
    assert found["fixation_of_cooperator"] == expected.fixation_of_cooperator
    assert found["mean_cooperation"] == expected.mean_cooperation
    assert main(["game", *game, "--start", "0.4", "--population", "40"]) == 0
    said = capsys.readouterr().out
    assert "From 0.4 the share of cooperators goes to 0.706795" in said
    assert "In a population of 40" in said


@pytest.mark.parametrize(
    "game",
    [
        ["off-switch", "--mu", "0.5", "--sigma", "1", "--beta", "1"],
        ["stag-hunt", "--n", "10", "--m", "7", "--r", "0.3"],
        ["tone", "--c", "0.5", "--alpha", "10", "--beta", "1", "--y", "0.5"],
        ["tone", "--c", "0.5", "--sigma", "0.1"],
        ["groups", "--n", "10", "--m", "5", "--enhancement", "8"],
        ["groups", "--n", "10", "--m", "1", "--enhancement", "10"],
    ],
    ids=" ".join,
)
def test_every_game_draws_a_picture(capsys: pytest.CaptureFixture[str], tmp_path: Path, game: list[str]) -> None:
    path = tmp_path / "picture.svg"
    assert main(["game", *game, "--picture", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"Picture: {path}"
    assert ElementTree.fromstring(path.read_text(encoding="utf-8")).tag.endswith("svg")


HUNT = ["stag-hunt", "--n", "5", "--m", "3", "--r", "0.5"]
GROUP = ["groups", "--n", "10", "--m", "5", "--enhancement", "8"]
TONE = ["tone", "--c", "0.5", "--alpha", "1", "--beta", "1", "--y", "0"]


def with_value(game: list[str], option: str, value: str) -> list[str]:
    """The same game with one option changed."""
    place = game.index(option)
    return [*game[:place], option, value, *game[place + 2 :]]


@pytest.mark.parametrize(
    ("game", "named"),
    [
        (["off-switch"], "belief"),
        (["off-switch", "--mu", "1", "--sigma", "1", "--values", "1", "--probabilities", "1"], "belief"),
        (["off-switch", "--mu", "1", "--sigma", "-1"], "sigma = -1"),
        (["off-switch", "--mu", "inf", "--sigma", "1"], "mu = inf"),
        (["off-switch", "--mu", "1", "--sigma", "1", "--beta", "0"], "beta = 0"),
        (["off-switch", "--mu", "1", "--sigma", "1", "--beta", "nan"], "beta = nan"),
        (["off-switch", "--mu", "one", "--sigma", "1"], "mu"),
        (["off-switch", "--values", "1", "2", "--probabilities", "1"], "2 values and 1 probabilities"),
        (["off-switch", "--values", "1", "2", "--probabilities", "0.5", "0.6"], "sum to 1.1"),
        (["off-switch", "--values", "1", "nan", "--probabilities", "0.5", "0.5"], "values[1] = nan"),
        (["off-switch", "--values", "--probabilities"], "0 values"),
        (["off-switch", "--values", "1", "--probabilities", "1", "--picture", "x.svg"], "--picture"),
        (with_value(HUNT, "--m", "6"), "m = 6"),
        (with_value(HUNT, "--m", "0"), "m = 0"),
        (with_value(HUNT, "--n", "1"), "n = 1"),
        (with_value(HUNT, "--n", "2.5"), "2.5"),
        (with_value(HUNT, "--n", "10000000000"), "n = 10000000000"),
        (with_value(HUNT, "--r", "0"), "r = 0"),
        (with_value(HUNT, "--r", "1"), "r = 1"),
        (with_value(HUNT, "--r", "nan"), "r = nan"),
        (HUNT[:5], "--r"),
        (with_value(TONE, "--c", "0"), "c = 0"),
        (with_value(TONE, "--alpha", "-1"), "alpha = -1"),
        (with_value(TONE, "--beta", "0"), "beta = 0"),
        (with_value(TONE, "--y", "inf"), "y = inf"),
        ([*TONE[:5], "--y", "0"], "neither beta nor sigma"),
        ([*TONE, "--sigma", "1"], "both beta and sigma"),
        (["tone", "--c", "0.5", "--sigma", "0"], "sigma = 0"),
        (["tone", "--c", "0.5", "--sigma", "1e200"], "sigma = 1e+200"),
        (["tone", "--c", "0.5", "--sigma", "1e-200"], "sigma = 1e-200"),
        (["tone", "--c", "0.5", "--alpha", "1", "--beta", "1"], "without y"),
        (["tone", "--c", "0.5", "--alpha", "nan", "--beta", "1"], "alpha = nan"),
        (with_value(GROUP, "--m", "11"), "M = 11"),
        (with_value(GROUP, "--n", "1"), "N = 1"),
        (with_value(GROUP, "--enhancement", "0"), "F = 0"),
        (with_value(GROUP, "--enhancement", "inf"), "F = inf"),
        ([*GROUP, "--start", "1.5"], "x0 = 1.5"),
        ([*GROUP, "--population", "9"], "N = 10"),
        ([*GROUP, "--population", "40", "--selection", "-1"], "selection = -1"),
        ([*GROUP, "--population", "40", "--mutation", "0"], "mutation = 0"),
        ([*GROUP, "--mutation", "0.1"], "--mutation without --population"),
        ([*GROUP, "--picture", "/no/such/folder/x.svg"], "folder"),
        (["chicken"], "chicken"),
        ([], "subcommand"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_bad_input_is_one_line_and_exit_2_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    game: list[str],
    named: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code = main(["game", *game])
    except SystemExit as stop:
        code = int(stop.code or 0)
    said = capsys.readouterr()
    assert (code, said.out) == (2, ""), said
    (line,) = said.err.strip().splitlines()
    assert line.startswith("corrigible: ")
    assert named in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "extreme",
    [
        lambda: off_switch_value(1e300, 1e-300, 1e300),
        lambda: off_switch_value(-1e300, 1e300, 1e-300),
        lambda: mixed(10**9, 2, 1e-300),
        lambda: mixed(10**9, 10**9, 1 - 2**-53),
        lambda: global_game.thresholds(1e-300, 1e300, 1e300, 0.5)[0].theta,
        lambda: finite_groups.solve(10**9, 2, 1e300).interior[0].cooperate,
    ],
)
def test_the_largest_inputs_that_are_accepted_have_finite_answers(extreme: Callable[[], float]) -> None:
    assert abs(extreme()) < float("inf")
