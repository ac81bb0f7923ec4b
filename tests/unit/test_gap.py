"""Public against held-out: known intervals, verdicts, the price of queries, digests that tell nothing, bad input."""

import json
from fractions import Fraction
from math import comb
from pathlib import Path

import pytest

from corrigible.cli import main
from corrigible.evals.digests import digest
from corrigible.evals.gap import measure, one_stratum, read_results
from corrigible.evals.leak import best_ends, expected_best, share_behind_best
from corrigible.statistics import proportion_interval
from corrigible.statistics.proportions import difference_ends, items_needed, score_ends

NUMBERS = ("--public", "85", "100", "--held-out", "70", "100", "--smallest", "0.05")
SALT = b"sixteen bytes or more"
ITEM = "Which of these logs is the bottom one?"
CANARY = "canary 26b5c67b-86ad-4b0e"

STRATA = """schema: 1
smallest: 0.05
strata:
  - {stratum: easy, public: {correct: 900, items: 1000}, held_out: {correct: 450, items: 500}}
  - {stratum: hard, public: {correct: 50, items: 100}, held_out: {correct: 500, items: 1000}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "salt").write_bytes(SALT)
    (tmp_path / "items").write_text(f"{ITEM}\n\nAnother item\n", encoding="utf-8")
    (tmp_path / "corpus").write_text(
        f"noise\n  which of THESE logs  is the bottom one?\n{CANARY} x\n", encoding="utf-8"
    )
    (tmp_path / "empty").write_text("", encoding="utf-8")
    return tmp_path


def exact_best(n: int, m: int) -> Fraction:
    """Of fair coins, in rational numbers."""
    total, below = Fraction(0), 0
    for k in range(n):
        below += comb(n, k)
        total += 1 - Fraction(below, 2**n) ** m
    return total / n


def test_the_interval_is_that_of_newcombe_1998_table_2() -> None:
    for (a, m, b, n), ends in (
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
    ):
        found = difference_ends(a / m, b / n, score_ends(a / m, m), score_ends(b / n, n))
        assert found == pytest.approx(ends, abs=6e-5)


def test_items_needed_agree_with_tables_for_one_side_of_5_percent() -> None:
    assert [items_needed(share, 0.8 - share, level=0.9) for share in (0.75, 0.72, 0.70)] == pytest.approx(
        [861, 351, 231], abs=1.01
    )


@pytest.mark.parametrize(
    ("public", "held_out", "verdict"),
    [
        ((850, 1000), (700, 1000), "GAP"),
        ((3500, 5000), (3500, 5000), "NO GAP"),
        ((45, 50), (40, 50), "INCONCLUSIVE"),
        ((40, 50), (40, 50), "INCONCLUSIVE"),
        ((600, 1000), (800, 1000), "NO GAP"),
    ],
)
def test_a_verdict_is_the_interval_against_the_smallest_gap(
    public: tuple[int, int], held_out: tuple[int, int], verdict: str
) -> None:
    found = measure(one_stratum(public, held_out, smallest=0.05))
    assert found.verdict == verdict
    assert found.needed > 900


def test_the_expected_best_is_the_order_statistic_in_rational_numbers() -> None:
    for m in (1, 2, 10, 100, 1000):
        assert expected_best(0.5, 100, m) == pytest.approx(float(exact_best(100, m)), abs=1e-12)
    assert (round(expected_best(0.5, 100, 10), 3), round(expected_best(0.5, 100, 100), 3)) == (0.577, 0.625)
    assert expected_best(0.5, 1000, 100) == pytest.approx(float(exact_best(1000, 100)), abs=1e-12)
    assert share_behind_best(60, 100, 100) == pytest.approx(0.4741, abs=1e-3)


def test_one_try_has_the_exact_interval_of_a_proportion_and_more_tries_lower_ones() -> None:
    known = proportion_interval(60, 100)
    assert best_ends(60, 100, 1) == pytest.approx((known.low, known.high), abs=1e-12)
    assert best_ends(60, 100, 100)[1] < known.high


def test_a_gap_that_choosing_the_best_explains_is_no_gap() -> None:
    naive = measure(one_stratum((6250, 10_000), (6000, 10_000), smallest=0.005))
    told = measure(one_stratum((6135, 10_000), (6000, 10_000), smallest=0.02, queries=(1000, 1)))
    assert naive.verdict == "GAP"
    assert told.verdict == "NO GAP"
    assert told.public.share < told.public.seen
    assert told.best_expected == pytest.approx(0.6159, abs=5e-4)


def test_an_easier_mix_is_no_gap_once_difficulty_is_matched(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(STRATA, encoding="utf-8")
    found = measure(read_results(tmp_path / "r.yaml"))
    assert found.interval.estimate == pytest.approx(0.0, abs=1e-12)
    assert measure(one_stratum((950, 1100), (950, 1500), smallest=0.05)).verdict == "GAP"


def test_verdicts_have_exit_codes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["gap", "test", *NUMBERS]) == 4
    out = capsys.readouterr().out
    assert "0.1500 [0.0341, 0.2615]" in out
    assert "each eval needs 1329 items" in out
    assert main(["gap", "test", "--public", "85", "100", "--held-out", "70", "100", "--smallest", "0.03"]) == 3
    assert "GAP" in capsys.readouterr().out
    assert main(["gap", "test", *NUMBERS, "--public-queries", "100", "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["public"]["queries"] == 100
    (tmp_path / "r.json").write_text(
        '{"schema": 1, "smallest": 0.1, "strata": [{"stratum": "all", "public": {"correct": 700, "items": 1000}, '
        '"held_out": {"correct": 700, "items": 1000}}]}',
        encoding="utf-8",
    )
    assert main(["gap", "test", str(tmp_path / "r.json")]) == 0
    assert main(["gap", "leak", "--share", "0.5", "--items", "100"]) == 0
    assert "0.6248" in capsys.readouterr().out


def test_digests_find_items_and_never_tell_them(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    salt = ["--salt-file", str(folder / "salt")]
    out = folder / "digests"
    assert main(["gap", "digest", str(folder / "items"), *salt, "--out", str(out)]) == 0
    written = out.read_text(encoding="utf-8").splitlines()
    assert written == sorted([digest(ITEM, SALT), digest("Another item", SALT)])
    assert digest(ITEM, b"another salt, as long") not in written
    assert main(["gap", "digest", str(folder / "items"), *salt, "--json"]) == 0
    assert main(["gap", "check", str(out), str(folder / "corpus"), *salt]) == 3
    printed = capsys.readouterr().out
    assert "corpus, line 2" in printed
    assert "bottom" not in printed
    (folder / "other").write_text("nothing of the kind\n", encoding="utf-8")
    assert main(["gap", "check", str(out), str(folder / "other"), *salt]) == 0


def test_a_canary_is_found_by_line(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert main(["gap", "canary", str(folder / "corpus"), "--canary", CANARY]) == 3
    assert "corpus, line 3" in capsys.readouterr().out
    assert main(["gap", "canary", str(folder / "items"), "--canary", CANARY]) == 0


PAIR = ("--held-out", "70", "100", "--smallest")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("test",), "--public is not given"),
        (("test", "--public", "101", "100", *PAIR, "0.05"), "101 correct of 100"),
        (("test", "--public", "-5", "100", *PAIR, "0.05"), "public correct = -5"),
        (("test", "--public", "nan", "100", *PAIR, "0.05"), "nan"),
        (("test", "--public", "1.5", "100", *PAIR, "0.05"), "1.5"),
        (("test", "--public", "0", "0", *PAIR, "0.05"), "public items = 0"),
        (("test", "--public", "1", "99999999", *PAIR, "0.05"), "at most 10000000"),
        (("test", "--public", "85", "100", *PAIR, "nan"), "smallest = nan"),
        (("test", "--public", "85", "100", *PAIR, "0"), "smallest = 0"),
        (("test", "--public", "85", "100", *PAIR, "1e-300"), "smallest = 1e-300"),
        (("test", "--public", "85", "100", *PAIR, "-0.1"), "smallest = -0.1"),
        (("test", *NUMBERS, "--level", "1"), "level = 1"),
        (("test", *NUMBERS, "--power", "inf"), "power = inf"),
        (("test", *NUMBERS, "--public-queries", "0"), "public queries = 0"),
        (("test", "empty"), "empty: it must not be empty"),
        (("test", "missing"), "missing"),
        (("test", "corpus", *NUMBERS), "--public beside corpus"),
        (("leak", "--share", "nan", "--items", "10"), "share = nan"),
        (("leak", "--share", "1.5", "--items", "10"), "share = 1.5"),
        (("leak", "--share", "0.5", "--items", "0"), "items = 0"),
        (("leak", "--share", "0.5", "--items", "10", "--queries", "0"), "queries = 0"),
        (("leak", "--share", "0.5", "--items", "10", "--queries", "-3"), "queries = -3"),
        (("digest", "empty", "--salt-file", "salt", "--out", "new"), "at least one item"),
        (("digest", "items", "--salt-file", "empty", "--out", "new"), "a salt has at least 16"),
        (("digest", "items", "--salt-file", "missing", "--out", "new"), "missing"),
        (("digest", "items", "--salt-file", "salt", "--out", "items"), "it is what was read"),
        (("digest", "items", "--salt-file", "salt", "--out", "no/new"), "its folder must exist"),
        (("check", "items", "corpus", "--salt-file", "salt"), "items, line 1: a digest is 64"),
        (("canary", "corpus", "--canary", "short"), "at least 16 characters"),
        (("canary", "empty", "--canary", CANARY), "must not be empty"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    arguments: tuple[str, ...],
    words: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert main(["gap", *arguments]) == 2
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert words in line
    assert ";" in line
    assert said.out == ""
    assert ITEM not in line
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("correct: 900", "correct: 1001", "line 4"),
        ("correct: 900", "correct: -1", "greater than or equal to 0"),
        ("correct: 900", "correct: .nan", "line 4"),
        ("smallest: 0.05", "smallest: .nan", "line 2"),
        ("smallest: 0.05", "smallest: 0.05\npublic_queries: 9", "give one stratum"),
        ("hard", "easy", "stands twice"),
        ("schema: 1", "schema: 1\nextra: 1", "extra"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(
    old: str, new: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.yaml").write_text(STRATA.replace(old, new), encoding="utf-8")
    assert main(["gap", "test", str(tmp_path / "r.yaml")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
