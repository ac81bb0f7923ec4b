"""What is kept beside an eval: a ledger that cannot be overdrawn or rewritten, strata, salts, canaries, JSON lines."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from corrigible.cli import main
from corrigible.errors import BadInput, Tampered
from corrigible.evals.digests import digests_of, lines_among, lines_with_canary, new_canary, new_salt
from corrigible.evals.gap import Results, measure, one_stratum
from corrigible.evals.leak import expected_best
from corrigible.evals.ledger import OverBudget, affordable, open_ledger, read_ledger, spend
from corrigible.evals.matching import Answered, match
from corrigible.evals.pictures import gap_picture
from corrigible.seeding import stream

SALT = b"sixteen bytes or more"
SPEND = """
import sys
from pathlib import Path
from corrigible.evals.ledger import spend
for number in range(int(sys.argv[2])):
    spend(Path(sys.argv[1]), queries=1, by="ada", why=f"look {number}")
    print(number, flush=True)
"""


def begun(folder: Path, budget: int = 10) -> Path:
    path = folder / "ledger.jsonl"
    open_ledger(path, name="logs", items=100, share=0.5, budget=budget, by="ada")
    return path


def test_looks_add_up_and_are_priced_and_none_goes_beyond_the_budget(tmp_path: Path) -> None:
    path = begun(tmp_path)
    assert read_ledger(path).price(0) == 0.0
    spend(path, queries=4, by="ada", why="choose a checkpoint")
    found = spend(path, queries=6, by="bob", why="again")
    assert (found.spent, found.left) == (10, 0)
    assert found.price(found.spent) == pytest.approx(expected_best(0.5, 100, 10) - 0.5)
    before = path.read_bytes()
    with pytest.raises(OverBudget, match="0 of 10 are left"):
        spend(path, queries=1, by="eve", why="one more")
    assert path.read_bytes() == before
    assert [look.by for look in read_ledger(path).looks] == ["ada", "bob"]


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_line_that_was_changed_or_taken_out_is_told(tmp_path: Path, line: int) -> None:
    path = begun(tmp_path)
    for number in range(3):
        spend(path, queries=1, by="ada", why=f"look {number}")
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*whole[:line], *whole[line + 1 :]]))
    with pytest.raises(Tampered):
        read_ledger(path)
    path.write_bytes(b"".join(whole).replace(b'"queries":1', b'"queries":2', 1))
    with pytest.raises(Tampered):
        spend(path, queries=1, by="ada", why="hide it")
    assert main(["gap", "spent", str(path)]) == 6


def test_two_processes_at_once_and_a_kill_lose_no_look(tmp_path: Path) -> None:
    path = begun(tmp_path, budget=40)
    arguments = [sys.executable, "-c", SPEND, str(path), "15"]
    first, second = (subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(2))
    assert first.stdout is not None
    assert second.stdout is not None
    told = [first.stdout.readline() for _ in range(3)]
    first.kill()
    told += list(first.stdout)
    first.stdout.close()
    first.wait()
    second.communicate(timeout=60)
    assert second.returncode == 0
    written = sum(bool(line.strip()) for line in told)
    assert written >= 3
    spent = read_ledger(path).spent
    assert 15 + written <= spent <= 15 + written + 1, "a look is written before it is told, so never fewer"


def test_a_budget_in_leak_is_the_most_queries_that_gain_no_more() -> None:
    most = affordable(0.5, 100, 0.05)
    assert expected_best(0.5, 100, most) - 0.5 <= 0.05 < expected_best(0.5, 100, most + 1) - 0.5
    assert affordable(0.5, 100, 1e-9) == 1
    with pytest.raises(BadInput):
        affordable(0.5, 100, 0.0)


def answered(seed: int, hard: float) -> list[Answered]:
    """Both evals answered alike at a difficulty; a share `hard` of the held-out items is hard, one in five public."""
    generator = stream(seed, "answers")
    found: list[Answered] = []
    for name, share in (("public", 0.2), ("held_out", hard)):
        difficulty = np.where(generator.random(2000) < share, 0.8, 0.2) + 0.1 * generator.random(2000)
        right = generator.random(2000) < 1 - difficulty
        found += [
            Answered(eval=name, difficulty=float(d), right=bool(r)) for d, r in zip(difficulty, right, strict=True)
        ]  # type: ignore[arg-type]
    return found


def test_a_harder_held_out_eval_is_no_gap_once_items_are_matched() -> None:
    items = answered(1, hard=0.6)
    pooled = [sum(item.right for item in items if item.eval == name) for name in ("public", "held_out")]
    assert measure(one_stratum((pooled[0], 2000), (pooled[1], 2000), smallest=0.05)).verdict == "GAP"
    matched = match(items, smallest=0.08, strata=6)
    assert measure(matched.results).verdict == "NO GAP"
    assert matched.left_out == (0, 0)


def test_items_without_a_match_are_left_out_and_counted() -> None:
    easy = [Answered(eval="public", difficulty=d, right=True) for d in (1.0, 1.1, 2.0, 2.1)]
    hard = [Answered(eval="held_out", difficulty=d, right=False) for d in (2.0, 2.1, 9.0, 9.1)]
    found = match([*easy, *hard], smallest=0.1, strata=4)
    assert found.left_out == (2, 2)
    with pytest.raises(BadInput, match="none holds items of both"):
        match([*easy[:2], *hard[2:]], smallest=0.1, strata=2)


def coverage(shape: list[tuple[int, int, float, float]], seeds: int) -> float:
    """Share of simulated results whose interval holds the true difference; shape: items and shares by stratum."""
    generator, held = stream(7, "coverage"), 0
    weight = np.array([m * n / (m + n) for m, n, _, _ in shape])
    truth = float((weight * [p - q for _, _, p, q in shape]).sum() / weight.sum())
    for _ in range(seeds):
        strata = [
            {
                "stratum": str(place),
                "public": {"correct": int(generator.binomial(m, p)), "items": m},
                "held_out": {"correct": int(generator.binomial(n, q)), "items": n},
            }
            for place, (m, n, p, q) in enumerate(shape)
        ]
        found = measure(Results.model_validate({"schema": 1, "smallest": 0.5, "strata": strata})).interval
        held += found.low <= truth <= found.high
    return held / seeds


@pytest.mark.parametrize(
    "shape",
    [
        [(100, 50, 0.9, 0.9), (30, 120, 0.4, 0.4)],
        [(200, 200, 0.95, 0.8), (200, 200, 0.5, 0.5), (50, 400, 0.2, 0.2)],
        [(20, 20, 0.7, 0.6)] * 5,
        [(15, 60, 0.98, 0.98), (60, 15, 0.98, 0.9)],
    ],
)
def test_the_interval_of_matched_strata_holds_the_truth_as_often_as_it_says(
    shape: list[tuple[int, int, float, float]],
) -> None:
    """A coverage of 0.95 is seen below 0.933 in 1500 results once in a thousand times."""
    assert coverage(shape, 1500) >= 0.933


def test_a_salt_is_new_and_secret_and_takes_no_files_place(tmp_path: Path) -> None:
    path = tmp_path / "salt"
    assert main(["gap", "salt", str(path)]) == 0
    assert len(path.read_bytes()) == 32
    assert path.stat().st_mode & 0o077 == 0
    kept = path.read_bytes()
    assert main(["gap", "salt", str(path)]) == 2
    assert path.read_bytes() == kept
    assert new_salt() != new_salt()


def test_a_canary_that_was_made_is_found(tmp_path: Path) -> None:
    canary = new_canary("logs")
    assert canary != new_canary("logs")
    (tmp_path / "text").write_text(f"a\n{canary}\n", encoding="utf-8")
    assert lines_with_canary(tmp_path / "text", canary) == (2,)


def test_items_are_found_inside_json_lines(tmp_path: Path) -> None:
    items, corpus = tmp_path / "items.jsonl", tmp_path / "corpus.jsonl"
    items.write_text('{"id": 1, "ask": {"text": "Which log?"}}\n', encoding="utf-8")
    talk = {"turns": [{"says": "hello"}, {"says": " which LOG? "}], "text": "else"}
    corpus.write_text(f'{{"text": "other"}}\n{json.dumps(talk)}\n', encoding="utf-8")
    known = frozenset(digests_of(items, SALT, "ask.text"))
    assert lines_among(corpus, known, SALT) == ()
    assert lines_among(corpus, known, SALT, "text") == ()
    assert lines_among(corpus, known, SALT, "*") == (2,)
    with pytest.raises(BadInput, match=r"corpus\.jsonl, line 1: turns"):
        lines_among(corpus, known, SALT, "turns")
    with pytest.raises(BadInput, match="name it"):
        digests_of(items, SALT, "*")


@pytest.mark.parametrize("queries", [1, 50])
def test_a_picture_says_what_the_verdict_is(queries: int) -> None:
    drawn = gap_picture(measure(one_stratum((85, 100), (70, 100), smallest=0.05, queries=(queries, 1))))
    assert drawn.count("<circle") == 3 + (queries > 1)
    assert "INCONCLUSIVE: public exceeds held-out by" in drawn
    assert "nan" not in drawn
    assert "<script" not in drawn


def test_the_commands_tell_what_is_spent(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = str(tmp_path / "l.jsonl")
    asked = ["--items", "100", "--name", "logs", "--by", "ada"]
    assert main(["gap", "open", path, *asked, "--most-leak", "0.05"]) == 0
    assert "0 of 3 queries are spent" in capsys.readouterr().out
    assert main(["gap", "spend", path, "--by", "bob", "--why", "release", "--queries", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["left"] == 1
    assert main(["gap", "spend", path, "--by", "bob", "--why", "release", "--queries", "2"]) == 3
    assert "1 of 3 are left" in capsys.readouterr().err
    assert main(["gap", "test", "--public", "85", "100", "--held-out", "70", "100", "--smallest", "0.05",
                 "--picture", str(tmp_path / "p.svg")]) == 4  # fmt: skip
    assert (tmp_path / "p.svg").read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("open", "new", "--items", "100", "--name", "e", "--by", "a"), "give one of them"),
        (("open", "new", "--items", "0", "--name", "e", "--by", "a", "--most-queries", "3"), "items"),
        (("open", "new", "--items", "10", "--name", "e", "--by", "", "--most-queries", "3"), "by = ''"),
        (("open", "new", "--items", "10", "--name", "e", "--by", "a", "--most-queries", "0"), "budget"),
        (("open", "new", "--items", "10", "--name", "e", "--by", "a", "--most-leak", "nan"), "leak"),
        (("open", "no/new", "--items", "10", "--name", "e", "--by", "a", "--most-queries", "3"), "folder must exist"),
        (("open", "ledger.jsonl", "--items", "10", "--name", "e", "--by", "a", "--most-queries", "3"), "opened once"),
        (("spend", "missing", "--by", "a", "--why", "b"), "begins with its opening"),
        (("spend", "ledger.jsonl", "--by", "a", "--why", " "), "why = ''"),
        (("spend", "ledger.jsonl", "--by", "a", "--why", "b", "--queries", "0"), "queries"),
        (("match", "missing", "--smallest", "0.1", "--out", "new"), "missing"),
        (("match", "bad", "--smallest", "0.1", "--out", "new"), "bad line 2: difficulty"),
        (("match", "one", "--smallest", "0.1", "--out", "new"), "without held_out"),
        (("match", "both", "--smallest", "nan", "--out", "new"), "smallest"),
        (("match", "both", "--smallest", "0.1", "--strata", "0", "--out", "new"), "strata"),
        (("match", "both", "--smallest", "0.1", "--out", "both"), "it is what was read"),
        (("mark", ""), "1 to 100"),
        (("salt", "no/new"), "folder must exist"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    arguments: tuple[str, ...],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    begun(tmp_path)
    row = {"eval": "public", "difficulty": 0.1, "right": True}
    (tmp_path / "one").write_text(json.dumps(row) + "\n", encoding="utf-8")
    (tmp_path / "bad").write_text(json.dumps(row) + "\n" + json.dumps(row | {"difficulty": "x"}), encoding="utf-8")
    (tmp_path / "both").write_text(json.dumps(row) + "\n" + json.dumps(row | {"eval": "held_out"}), encoding="utf-8")
    before = {item.name: item.read_bytes() for item in tmp_path.iterdir() if not item.name.endswith(".lock")}
    assert main(["gap", *arguments]) == 2
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert words in line
    assert said.out == ""
    assert {item.name: item.read_bytes() for item in tmp_path.iterdir() if not item.name.endswith(".lock")} == before
