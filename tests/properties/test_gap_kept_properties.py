"""Any bytes are items or are refused in one line; matching keeps every item or counts it; a ledger never overdraws."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corrigible.errors import BadInput
from corrigible.evals.ledger import OverBudget, open_ledger, read_ledger, spend
from corrigible.evals.matching import Answered, match, read_answered

near = st.fixed_dictionaries(
    {
        "eval": st.sampled_from(["public", "held_out", "other"]),
        "difficulty": st.one_of(st.floats(), st.integers(), st.none()),
        "right": st.one_of(st.booleans(), st.integers(0, 1)),
    }
)
lines = st.one_of(
    st.binary(max_size=40), st.just(b"[" * 3000), near.map(lambda found: str(found).replace("'", '"').encode())
)
items = st.builds(
    Answered, eval=st.sampled_from(["public", "held_out"]), difficulty=st.floats(-1e6, 1e6), right=st.booleans()
)


def read_or_refused(path: Path) -> tuple[tuple[Answered, ...] | None, str]:
    try:
        return read_answered(path), ""
    except BadInput as refused:
        return None, str(refused)


@given(st.lists(lines, max_size=5))
def test_any_bytes_are_items_or_are_refused_in_one_line(made: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "i.jsonl"
        path.write_bytes(b"\n".join(made))
        found, told = read_or_refused(path)
    assert len(told.splitlines()) == (found is None)
    assert found is None or {item.eval for item in found} == {"public", "held_out"}


@given(st.lists(items, min_size=1, max_size=40), st.integers(1, 10))
def test_every_item_is_in_a_stratum_or_counted_as_left_out(made: list[Answered], strata: int) -> None:
    try:
        found = match(made, smallest=0.1, strata=strata)
    except BadInput:
        return
    for place, name in enumerate(("public", "held_out")):
        kept = [getattr(item, name) for item in found.results.strata]
        assert sum(score.items for score in kept) + found.left_out[place] == sum(item.eval == name for item in made)
        assert all(score.items > 0 for score in kept)


@settings(max_examples=20)
@given(st.lists(st.integers(-1, 6), max_size=6), st.integers(1, 12))
def test_a_ledger_is_never_overdrawn(asked: list[int], budget: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, spent = Path(folder) / "l.jsonl", 0
        open_ledger(path, name="e", items=50, share=0.5, budget=budget, by="a")
        for queries in asked:
            kind = BadInput if queries < 1 else OverBudget
            if queries < 1 or spent + queries > budget:
                with pytest.raises(kind):
                    spend(path, queries=queries, by="a", why="b")
            else:
                spend(path, queries=queries, by="a", why="b")
                spent += queries
        assert read_ledger(path).spent == spent <= budget
