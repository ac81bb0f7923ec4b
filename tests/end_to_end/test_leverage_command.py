"""`corrigible leverage`: a table, JSON without infinities, a picture, and refusals that write nothing."""

import json
from pathlib import Path

import pytest

from corrigible.commands.leverage_arguments import Leverage
from corrigible.errors import BadInput


def test_the_shipped_pipeline_is_reckoned_ranked_and_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "bars.svg"
    said = Leverage(pipeline="training-run", picture=picture).answer()
    assert said.data["ranking"][0] == "evaluate"
    assert said.data["fictional"] is True
    assert any("whether it helps is not known" in line for line in said.lines)
    assert json.loads(json.dumps(said.data, allow_nan=False)) == said.data
    drawn = picture.read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert drawn.count("<g>") == 5
    assert "<script" not in drawn


def test_a_single_stage_has_no_bound_and_json_says_null(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text("schema: 1\npipeline: <one>\nunit: EUR\nstages: [{name: a, cost: 3, basis: guessed}]\n")
    said = Leverage(pipeline=str(file), picture=tmp_path / "one.svg").answer()
    assert said.data["stages"][0]["ceiling"] is None
    assert "&lt;one&gt;" in (tmp_path / "one.svg").read_text(encoding="utf-8")


def test_a_bad_claim_is_refused_with_its_line_and_nothing_is_drawn(tmp_path: Path) -> None:
    file, picture = tmp_path / "claim.yaml", tmp_path / "p.svg"
    file.write_text(
        "schema: 1\npipeline: p\nunit: hours\nstages:\n  - name: a\n    cost: 3\n    how: clock\n"
        "    edit: {what: it helps, basis: guessed, how: said so}\n"
    )
    with pytest.raises(BadInput, match=r"claim\.yaml, line 8: stages\.0\.edit\.what: sign\(eps\)"):
        Leverage(pipeline=str(file), picture=picture).answer()
    assert not picture.exists()
    with pytest.raises(BadInput, match="its folder must exist"):
        Leverage(pipeline="training-run", picture=tmp_path / "no" / "p.svg").answer()
