"""A bundle holds what it says, withholds by digest, and any change of it is found."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from corrigible.errors import BadInput, CorrigibleError, Tampered
from corrigible.oversight.bundles import MANIFEST, make_bundle, verify_bundle
from corrigible.store.documents import seal

ITEMS = {"policy.yaml": b"schema: 1\n", "runs/r/results.json": b"{}", "runs/r/report.html": b"<p>"}


def bundle(path: Path, **more: object) -> Path:
    return make_bundle(path / "b", ITEMS, about={"outcome": "allow"}, **more).path  # type: ignore[arg-type]


def test_what_was_put_in_is_there_and_verifies_by_its_own_digest_and_by_one_kept_elsewhere(tmp_path: Path) -> None:
    path = bundle(tmp_path)
    found = verify_bundle(path)
    assert {item.name for item in found.items} == set(ITEMS)
    assert (path / "runs/r/results.json").read_bytes() == b"{}"
    assert found.about == {"outcome": "allow"}
    assert verify_bundle(path, sha256=found.sha256.upper()).sha256 == found.sha256
    with pytest.raises(Tampered, match="it is not the one asked for"):
        verify_bundle(path, sha256="0" * 64)


def test_what_is_withheld_is_named_with_its_digest_and_may_be_shown_later(tmp_path: Path) -> None:
    path = bundle(tmp_path, withhold=["runs/*.html"], because="names of people")
    assert not (path / "runs/r/report.html").exists()
    hidden = [item for item in verify_bundle(path).items if item.withheld]
    assert [(item.name, item.withheld) for item in hidden] == [("runs/r/report.html", "names of people")]
    (path / "runs/r/report.html").write_bytes(b"<p>")
    verify_bundle(path)
    (path / "runs/r/report.html").write_bytes(b"<q>")
    with pytest.raises(Tampered):
        verify_bundle(path)


def test_the_manifest_has_the_shape_of_an_in_toto_statement(tmp_path: Path) -> None:
    manifest = json.loads((bundle(tmp_path) / MANIFEST).read_text())
    assert manifest["_type"] == "https://in-toto.io/Statement/v1"
    assert all(set(item) == {"name", "digest"} and len(item["digest"]["sha256"]) == 64 for item in manifest["subject"])


def resealed(path: Path, change: Callable[[dict], None]) -> None:  # type: ignore[type-arg]
    document = json.loads((path / MANIFEST).read_text())
    del document["sha256"]
    change(document)
    (path / MANIFEST).write_text(json.dumps(seal(document)))


def climb(document: dict) -> None:  # type: ignore[type-arg]
    document["subject"][0]["name"] = "../policy.yaml"


def absolute(document: dict) -> None:  # type: ignore[type-arg]
    document["subject"][0]["name"] = "/etc/passwd"


def twice(document: dict) -> None:  # type: ignore[type-arg]
    document["subject"].append(document["subject"][0])


def unnamed(document: dict) -> None:  # type: ignore[type-arg]
    del document["subject"][0]["name"]


def withheld_stranger(document: dict) -> None:  # type: ignore[type-arg]
    document["predicate"]["withheld"].append({"name": "x", "digest": {"sha256": "0"}, "because": "y"})


@pytest.mark.parametrize("change", [climb, absolute, twice, unnamed, withheld_stranger])
def test_a_manifest_that_was_rewritten_and_sealed_again_is_refused(
    tmp_path: Path,
    change: Callable[[dict], None],  # type: ignore[type-arg]
) -> None:
    path = bundle(tmp_path)
    resealed(path, change)
    with pytest.raises(Tampered) as said:
        verify_bundle(path)
    assert len(str(said.value).splitlines()) == 1


def changed(path: Path) -> None:
    (path / "policy.yaml").write_bytes(b"schema: 2\n")


def added(path: Path) -> None:
    (path / "more.txt").write_bytes(b"")


def taken_out(path: Path) -> None:
    (path / "policy.yaml").unlink()


def linked(path: Path) -> None:
    (path / "policy.yaml").unlink()
    (path / "policy.yaml").symlink_to("/etc/hostname")


def edited(path: Path) -> None:
    (path / MANIFEST).write_text((path / MANIFEST).read_text().replace("allow", "deny"))


def truncated(path: Path) -> None:
    (path / MANIFEST).write_bytes((path / MANIFEST).read_bytes()[:-30])


@pytest.mark.parametrize("change", [changed, added, taken_out, linked, edited, truncated])
def test_any_change_of_a_bundle_is_found(tmp_path: Path, change: Callable[[Path], None]) -> None:
    path = bundle(tmp_path)
    change(path)
    with pytest.raises(Tampered) as said:
        verify_bundle(path)
    assert said.value.exit_code == 6
    assert len(str(said.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("items", "more"),
    [
        ({"../x": b""}, {}),
        ({"/x": b""}, {}),
        (ITEMS, {"withhold": ["nothing*"], "because": "x"}),
        (ITEMS, {"withhold": ["policy.yaml"]}),
    ],
    ids=["climbs out", "absolute", "a pattern that meets nothing", "withheld without a reason"],
)
def test_what_cannot_be_bundled_is_refused_and_nothing_is_written(
    tmp_path: Path, items: dict[str, bytes], more: dict[str, object]
) -> None:
    with pytest.raises(CorrigibleError):
        make_bundle(tmp_path / "b", items, about={}, **more)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_not_written_over_and_one_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    path = bundle(tmp_path)
    with pytest.raises(BadInput, match="a bundle is a new folder"):
        bundle(tmp_path)
    assert verify_bundle(path)
    with pytest.raises(BadInput, match=f"a folder with a {MANIFEST}"):
        verify_bundle(tmp_path)
