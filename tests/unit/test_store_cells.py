"""Cells: what is written is what is read, bit by bit, and what has no place in a cell is refused without a trace."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from corrigible.errors import BadInput, CorrigibleError, StoreFault
from corrigible.store import RunFolder, create, fingerprint_arrays, open_to_read, write_cell_to

ROW = {"metrics": {"p": 0.25}, "seed": 1}
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
TENSORS = hnp.arrays(
    dtype=st.one_of(
        hnp.boolean_dtypes(),
        hnp.integer_dtypes(),
        hnp.unsigned_integer_dtypes(),
        hnp.floating_dtypes(sizes=(16, 32, 64)),
        hnp.complex_number_dtypes(sizes=(64,)),
    ),
    shape=SHAPES,
)
TEXTS = hnp.arrays(
    dtype=st.one_of(hnp.byte_string_dtypes(max_len=3), hnp.unicode_string_dtypes(max_len=3)), shape=SHAPES
)
WIDE = hnp.arrays(dtype=hnp.complex_number_dtypes(sizes=(128,)), shape=SHAPES)
KEYS = st.from_regex(r"[a-z][a-zA-Z0-9_./ é]{0,8}", fullmatch=True).filter(
    lambda key: key not in ("file", "allow_pickle") and not key.endswith(".npy") and key.isprintable()
)


@pytest.fixture(autouse=True)
def without_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushing matters at a power cut, which is not tested here, and takes most of the time."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunFolder]:
    """A new run, locked."""
    with create(tmp_path, run_id="run", config={}, rules_sha256="a" * 64, sitting={}) as folder:
        yield folder


def store(run: RunFolder, condition: str = "failure", seed: int = 1, action: int = 3) -> str:
    """One small cell."""
    return run.write_cell(
        condition,
        seed,
        row=ROW,
        arrays={"views": {"action": np.full((2, 2), action, np.int8), "reward": np.ones((2, 2), np.float32)}},
        parameters={"last": {"q": np.arange(4.0).reshape(2, 2)}},
    )


def assert_same_bits(found: Mapping[str, NDArray[Any]], given: Mapping[str, NDArray[Any]]) -> None:
    """Keys, shapes, dtypes up to byte order, and bytes agree."""
    assert set(found) == set(given)
    for key, array in given.items():
        little = array.astype(array.dtype.newbyteorder("<"))
        assert (found[key].dtype, found[key].shape) == (little.dtype, array.shape)
        assert found[key].tobytes() == little.tobytes()


@pytest.mark.slow
@settings(deadline=None)
@given(
    arrays=st.dictionaries(KEYS, st.one_of(TENSORS, TEXTS, WIDE), max_size=3),
    parameters=st.dictionaries(KEYS, TENSORS, max_size=3),
)
def test_arrays_and_parameters_come_back_bit_by_bit(
    arrays: dict[str, NDArray[Any]], parameters: dict[str, NDArray[Any]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "run").mkdir()
        write_cell_to(folder / "run", "a", 0, row={}, arrays={"x": arrays}, parameters={"y": parameters})
        run = RunFolder(folder / "run", None)
        assert_same_bits(run.read_arrays("a", 0, "x"), arrays)
        assert_same_bits(run.read_parameters("a", 0, "y"), parameters)
        assert list(run.verify_cells()) == []


@pytest.mark.parametrize("dtype", ["?", "i1", ">i4", "u8", "f2", ">f8", "c8"])
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (2, 3)])
def test_every_kind_and_shape_comes_back(run: RunFolder, dtype: str, shape: tuple[int, ...]) -> None:
    array = {"a": np.ones(shape, dtype)}
    run.write_cell("a", 0, row={}, arrays={"x": array}, parameters={"x": array})
    assert_same_bits(run.read_arrays("a", 0, "x"), array)
    assert_same_bits(run.read_parameters("a", 0, "x"), array)


@pytest.mark.parametrize(
    "array", [np.arange(12).reshape(3, 4).T, np.arange(12)[::3], np.arange(6)[::-1], np.broadcast_to(1.0, (2, 3))]
)
def test_views_that_are_not_contiguous_are_stored_by_value(run: RunFolder, array: NDArray[Any]) -> None:
    run.write_cell("a", 0, row={}, arrays={"x": {"v": array}}, parameters={"x": {"v": array}})
    assert np.array_equal(run.read_arrays("a", 0, "x")["v"], array)
    assert np.array_equal(run.read_parameters("a", 0, "x")["v"], array)


def test_a_row_keeps_nan_and_infinities(run: RunFolder) -> None:
    run.write_cell("a", 0, row={"m": [float("nan"), 1.5, None, float("-inf")]}, arrays={}, parameters={})
    assert repr(run.read_row("a", 0)) == "{'m': [nan, 1.5, None, -inf]}"
    assert b"NaN" not in (run.path / "cells" / "a" / "0" / "row.json").read_bytes()


def test_a_cell_is_there_only_after_it_was_written(run: RunFolder) -> None:
    assert not run.has_cell("failure", 1)
    store(run)
    assert run.has_cell("failure", 1)
    assert not run.has_cell("failure", 2)
    assert run.cells() == [("failure", 1)]
    assert sorted(path.name for path in (run.path / "cells" / "failure" / "1").iterdir()) == [
        "cell.json",
        "last.safetensors",
        "row.json",
        "views.npz",
    ]


def test_cells_are_listed_by_number_and_strangers_passed_over(run: RunFolder) -> None:
    for seed in (10, 2):
        store(run, seed=seed)
    (run.path / "cells" / "failure" / "007").mkdir()
    (run.path / "cells" / "failure" / "notes").mkdir()
    assert run.cells() == [("failure", 2), ("failure", 10)]


def test_the_fingerprint_covers_parameters_and_the_named_actions_only(run: RunFolder) -> None:
    action, q = np.array([1, 2]), np.array([0.5])
    arrays = {"views": {"action": action, "reward": np.array([1.0])}}
    found = run.write_cell("a", 0, row={}, arrays=arrays, parameters={"last": {"q": q}}, actions={"views": ["action"]})
    assert found == fingerprint_arrays({"parameters/last/q": q, "actions/views/action": action})
    assert found == run.cell_fingerprint("a", 0)


def test_without_named_actions_every_array_counts(run: RunFolder) -> None:
    found = run.write_cell("a", 0, row={}, arrays={"v": {"x": np.array([1])}}, parameters={})
    assert found == fingerprint_arrays({"actions/v/x": np.array([1])})


def test_the_run_fingerprint_changes_with_an_action_and_not_with_the_order_of_writing(tmp_path: Path) -> None:
    found: list[str] = []
    for number, (seeds, action) in enumerate((((1, 2), 3), ((2, 1), 3), ((1, 2), 4))):
        with create(tmp_path, run_id=f"r{number}", config={}, rules_sha256="a" * 64, sitting={}) as run:
            for seed in seeds:
                store(run, seed=seed, action=action)
            found.append(run.fingerprint())
    assert found[0] == found[1] != found[2]


def test_a_cell_written_again_with_the_same_content_is_left_as_it_is(run: RunFolder) -> None:
    first = store(run)
    before = (run.path / "cells" / "failure" / "1").stat().st_ino
    assert store(run) == first
    assert (run.path / "cells" / "failure" / "1").stat().st_ino == before
    assert [path.name for path in (run.path / "cells" / "failure").iterdir()] == ["1"]


def test_a_cell_that_did_something_else_does_not_replace_the_stored_one(run: RunFolder) -> None:
    store(run, action=3)
    with pytest.raises(StoreFault, match="another fingerprint"):
        store(run, action=4)
    assert run.read_arrays("failure", 1, "views")["action"][0, 0] == 3
    assert [path.name for path in (run.path / "cells" / "failure").iterdir()] == ["1"]


BIG_FLOAT = np.zeros(1, np.longdouble)


@pytest.mark.parametrize(
    "wrong",
    [
        {"condition": "../out"},
        {"condition": "a/b"},
        {"condition": ".hidden"},
        {"condition": ""},
        {"condition": "x" * 101},
        {"seed": -1},
        {"seed": 1.5},
        {"row": {"a": object()}},
        {"row": {"a": np.zeros(3)}},
        {"arrays": {"../x": {}}},
        {"arrays": {"x": {"file": np.zeros(1)}}},
        {"arrays": {"x": {"allow_pickle": np.zeros(1)}}},
        {"arrays": {"x": {"a.npy": np.zeros(1)}}},
        {"arrays": {"x": {"": np.zeros(1)}}},
        {"arrays": {"x": {"a": np.array([object()])}}},
        {"arrays": {"x": {"a": BIG_FLOAT}}},
        {"parameters": {"x/y": {}}},
        {"parameters": {"x": {"__metadata__": np.zeros(1)}}},
        {"parameters": {"x": {"a": np.array(["text"])}}},
        {"parameters": {"x": {"a": np.zeros(1, np.complex128)}}},
        {"parameters": {"x": {"a": BIG_FLOAT}}},
        {"actions": {"x": ["missing"]}},
        {"actions": {"missing": ["a"]}},
    ],
)
def test_what_has_no_place_in_a_cell_is_refused_without_a_trace(run: RunFolder, wrong: dict[str, Any]) -> None:
    good: dict[str, Any] = {"condition": "a", "seed": 0, "row": {}, "arrays": {"x": {}}, "parameters": {}}
    given = {**good, **wrong}
    condition, seed = given.pop("condition"), given.pop("seed")
    with pytest.raises(BadInput) as caught:
        run.write_cell(condition, seed, **given)
    assert "\n" not in str(caught.value)
    assert run.cells() == []
    assert not [path for path in run.path.rglob("*") if path.name.startswith(".") or path.name == "row.json"]


def test_names_of_the_greatest_length_can_be_read_and_quarantined(run: RunFolder) -> None:
    name = "n" * 100
    run.write_cell(name, 2**63, row={}, arrays={name: {"a": np.zeros(1)}}, parameters={name: {"a": np.zeros(1)}})
    assert run.read_arrays(name, 2**63, name)["a"].shape == (1,)
    assert run.read_parameters(name, 2**63, name)["a"].shape == (1,)
    assert run.quarantine(name, 2**63).is_dir()


def test_what_is_not_stored_is_named_with_what_is(run: RunFolder) -> None:
    store(run)
    for read in (
        lambda: run.read_row("failure", 2),
        lambda: run.read_arrays("failure", 1, "absent"),
        lambda: run.read_parameters("failure", 1, "views"),
    ):
        with pytest.raises(BadInput, match="must be stored"):
            read()


def test_reading_needs_no_lock_and_writing_does(run: RunFolder) -> None:
    store(run)
    reader = open_to_read(run.path)
    assert reader.read_row("failure", 1) == ROW
    for write in (
        lambda: store(reader, seed=2),
        lambda: reader.write_artefact("a.txt", "x"),
        lambda: reader.quarantine("failure", 1),
        lambda: reader.finish("done"),
    ):
        with pytest.raises(CorrigibleError, match="opened to read"):
            write()


def test_a_quarantined_cell_keeps_every_file_and_is_numbered(run: RunFolder) -> None:
    for number in (1, 2):
        store(run)
        place = run.quarantine("failure", 1)
        assert place == run.path / "corrupt" / f"failure-1-{number}"
        assert len(list(place.iterdir())) == 4
        assert not run.has_cell("failure", 1)
    assert run.quarantined() == [("failure", 1), ("failure", 1)]
