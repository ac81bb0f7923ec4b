"""The README's tables are what the evidence gives, and every row names the commit that made it."""

from pathlib import Path

from corrigible.cli import main
from corrigible.stages.evidence_rows import read_lines

ROOT = Path(__file__).parents[2]


def test_the_readme_says_what_the_evidence_says() -> None:
    assert main(["evidence", "--root", str(ROOT), "--check"]) == 0


def test_every_row_names_a_commit() -> None:
    files = sorted((ROOT / "docs" / "evidence").rglob("*.jsonl"))
    assert files
    for file in files:
        assert all(len(str(row["commit"])) == 40 for row in read_lines(file))
