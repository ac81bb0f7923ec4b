"""Records of disclosure, manifests of bundles and pipelines: whatever stands there is read, or refused in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from corrigible.documents import parse_document
from corrigible.errors import CorrigibleError, Tampered
from corrigible.oversight.bundles import MANIFEST, make_bundle, verify_bundle
from corrigible.oversight.disclosure import DISCLOSURE_FILE, disclosure_of, hold, release
from corrigible.oversight.leverage import Pipeline
from corrigible.store.documents import seal

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


def refused(read: Callable[[], object], *, by: type[CorrigibleError] = CorrigibleError) -> str:
    """What was said, in one line, or nothing; any other error comes through."""
    said = ""
    try:
        read()
    except by as error:
        said = str(error)
    assert len(said.splitlines()) <= 1
    return said


def replaced(document: Any, tree: Any, data: st.DataObject) -> None:
    """Put `tree` in the place of some part."""
    place = document
    while True:
        key = data.draw(st.sampled_from(sorted(place)) if isinstance(place, dict) else st.integers(0, len(place) - 1))
        if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = tree
        return


@given(st.data(), st.binary(min_size=1, max_size=6))
def test_a_disclosure_record_with_bytes_put_in_is_found_out(data: st.DataObject, junk: bytes) -> None:
    with TemporaryDirectory() as folder:
        run = Path(folder)
        release(run, owner="Ada", audience="team", reason="looked")
        hold(run, by="Eve")
        record = run / DISCLOSURE_FILE
        whole = record.read_bytes()
        start = data.draw(st.integers(0, len(whole)))
        changed = whole[:start] + junk + whole[start + data.draw(st.integers(0, len(junk))) :]
        record.write_bytes(changed)
        said = refused(lambda: disclosure_of(run))
        same = [line.split() for line in changed.splitlines()] == [line.split() for line in whole.splitlines()]
        assert said or same, "an entry was changed and nobody noticed"


@settings(max_examples=60)
@given(TREES, st.data())
def test_a_disclosure_record_sealed_anew_is_read_or_refused(tree: Any, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        run = Path(folder)
        release(run, owner="Ada", audience="team", reason="looked")
        document = json.loads((run / DISCLOSURE_FILE).read_text())
        del document["sha256"]
        replaced(document, tree, data)
        (run / DISCLOSURE_FILE).write_text(json.dumps(seal(document)) + "\n")
        refused(lambda: disclosure_of(run))


@settings(max_examples=60)
@given(TREES, st.data())
def test_a_manifest_sealed_anew_is_read_or_refused_as_tampered(tree: Any, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        items = {"a.yaml": b"schema: 1\n", "runs/b.json": b"{}"}
        path = make_bundle(Path(folder) / "b", items, about={"outcome": "deny"}, withhold=["a*"], because="names").path
        document = json.loads((path / MANIFEST).read_text())
        del document["sha256"]
        replaced(document, tree, data)
        (path / MANIFEST).write_text(json.dumps(seal(document)))
        refused(lambda: verify_bundle(path), by=Tampered)


@given(st.text(max_size=120))
def test_any_text_is_a_pipeline_or_refused(text: str) -> None:
    refused(lambda: parse_document(text, Pipeline, source="fuzz"))
