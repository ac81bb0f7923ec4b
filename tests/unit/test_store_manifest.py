"""The manifest: every field is checked by type, and a manifest that is not as it was written is refused."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from corrigible.errors import BadInput, CorrigibleError, CorruptFile, NewerSchema
from corrigible.store import MANIFEST_SCHEMA, Manifest
from corrigible.store.documents import seal

MANIFEST = Manifest(
    id="off-switch-20260102-030405-0a1b",
    config={"experiment": "off-switch", "seeds": [0, 1], "rate": 0.1},
    rules_sha256="a" * 64,
    sittings=({"commit": "abc", "dirty": False, "packages": {"numpy": "2.0"}, "hardware": {"cores": 2}},),
    status="done",
    created="2026-01-02T03:04:05+00:00",
    finished="2026-01-02T03:05:05+00:00",
    artefacts={"report.html": "b" * 64, "figures/a.svg": "c" * 64},
    fingerprint="d" * 64,
)


def resealed(changes: Mapping[str, Any], *, drop: str = "") -> bytes:
    """A manifest with other fields whose own sha256 is right: what a forger would write."""
    document = json.loads(MANIFEST.to_json())
    del document["sha256"]
    document = {key: value for key, value in {**document, **changes}.items() if key != drop}
    return json.dumps(seal(document)).encode()


def test_a_manifest_survives_the_round_trip() -> None:
    assert Manifest.from_json(MANIFEST.to_json()) == MANIFEST
    unfinished = replace(MANIFEST, status="running", finished=None, fingerprint=None, artefacts={})
    assert Manifest.from_json(unfinished.to_json()) == unfinished


def test_the_file_holds_the_documented_fields() -> None:
    document = json.loads(MANIFEST.to_json())
    assert document["schema"] == MANIFEST_SCHEMA == 2
    assert set(document) == {
        *("schema", "id", "config", "rules_sha256", "sittings", "status", "created", "finished"),
        *("artefacts", "fingerprint", "sha256"),
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", "1"),
        ("schema", True),
        ("schema", 0),
        ("schema", None),
        ("id", 3),
        ("config", []),
        ("config", None),
        ("rules_sha256", "A" * 64),
        ("rules_sha256", 7),
        ("sittings", {"commit": "abc"}),
        ("sittings", []),
        ("sittings", ["abc"]),
        ("status", "finished"),
        ("status", None),
        ("created", "yesterday"),
        ("created", "2026-01-02T03:04:05"),
        ("created", 5),
        ("finished", "never"),
        ("artefacts", ["report.html"]),
        ("artefacts", {"report.html": 5}),
        ("artefacts", {"report.html": "b"}),
        ("fingerprint", "d"),
        ("fingerprint", False),
        ("surplus", 1),
    ],
)
def test_a_field_of_another_type_is_corrupt_and_named(field: str, value: Any) -> None:
    with pytest.raises(CorruptFile, match=field):
        Manifest.from_json(resealed({field: value}))


@pytest.mark.parametrize("field", sorted(set(json.loads(MANIFEST.to_json())) - {"sha256"}))
def test_a_missing_field_is_corrupt_and_named(field: str) -> None:
    with pytest.raises(CorruptFile, match=field):
        Manifest.from_json(resealed({}, drop=field))


@pytest.mark.parametrize(
    "path",
    [
        "../outside",
        "figures/../../outside",
        "/etc/passwd",
        "C:/windows",
        "c:autoexec",
        "figures\\a.svg",
        "..\\outside",
        "",
        ".",
        "./report.html",
        "a//b",
        "a/",
        "nul\0byte",
        "line\nbreak",
        ".hidden",
        "manifest.json",
        "Lock",
        "cells/a/1/row.json",
        "corrupt/x",
    ],
)
def test_an_artefact_path_that_could_lead_astray_is_bad_input(path: str) -> None:
    with pytest.raises(BadInput) as caught:
        Manifest.from_json(resealed({"artefacts": {path: "b" * 64}}))
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("run_id", ["../x", "a/b", "", ".x", "a b ", "x" * 101, "a:b"])
def test_an_id_that_is_no_plain_name_is_bad_input(run_id: str) -> None:
    with pytest.raises(BadInput):
        Manifest.from_json(resealed({"id": run_id}))


def test_a_newer_schema_is_told_in_one_line_even_with_other_fields() -> None:
    with pytest.raises(NewerSchema) as caught:
        Manifest.from_json(b'{"schema": 3, "something": "else"}', name="manifest.json")
    assert str(caught.value) == (
        "manifest.json has schema 3: this Corrigible reads schemas up to 2; install a newer Corrigible"
    )
    assert caught.value.exit_code == 2


def of_schema_1(**changes: Any) -> bytes:
    """What Corrigible wrote before sittings were told apart."""
    document = json.loads(MANIFEST.to_json())
    del document["sha256"]
    (document["provenance"],) = document.pop("sittings")
    return json.dumps(seal({**document, "schema": 1, **changes})).encode()


def test_a_manifest_of_schema_1_is_read_and_its_provenance_is_its_only_sitting() -> None:
    assert Manifest.from_json(of_schema_1()) == MANIFEST
    with pytest.raises(CorruptFile, match="sittings"):
        Manifest.from_json(of_schema_1(sittings=[{}]))


@pytest.mark.parametrize(
    ("flags", "dirty"), [((False, False), False), ((True, False), True), ((None, True), True), ((None, False), None)]
)
def test_provenance_names_every_commit_and_is_clean_only_where_every_sitting_was(
    flags: tuple[bool | None, ...], dirty: bool | None
) -> None:
    sittings = tuple({"commit": f"commit-{i}", "dirty": flag, "started": i} for i, flag in enumerate(flags))
    found = replace(MANIFEST, sittings=sittings).provenance
    assert found == {"commit": "commit-0, commit-1", "dirty": dirty, "started": 1}


def test_any_truncation_is_corrupt() -> None:
    data = MANIFEST.to_json().rstrip()
    for length in range(len(data)):
        with pytest.raises(CorruptFile):
            Manifest.from_json(data[:length])


def test_any_single_changed_byte_is_noticed() -> None:
    data = MANIFEST.to_json()
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1
        with pytest.raises(CorrigibleError):
            Manifest.from_json(bytes(changed))


def test_duplicate_keys_are_refused() -> None:
    data = MANIFEST.to_json().replace(b'"status": "done"', b'"status": "done", "status": "done"')
    with pytest.raises(CorruptFile, match="twice"):
        Manifest.from_json(data)


def test_the_experiment_is_read_from_config_or_a_generated_id() -> None:
    assert MANIFEST.experiment == "off-switch"
    assert replace(MANIFEST, config={}).experiment == "off-switch"
    assert replace(MANIFEST, config={}, id="mine").experiment == ""
