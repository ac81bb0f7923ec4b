"""From a run to a decision on the command line: gate, page, bundle, verify, owners, disclosure, and every exit code."""

import json
from pathlib import Path

import pytest
import yaml

import corrigible
from corrigible.cli import main
from corrigible.commands.policies import SHIPPED
from oversight_samples import write

OWNERS = Path(str(SHIPPED)).parent / "owners-example.yaml"
CELL = "cells/utility-indifference/0"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    return corrigible.run(
        "off-switch-grid", preset="smoke", seeds=6, conditions=["utility-indifference"], workers=1, out=out
    ).path


@pytest.fixture
def copied(run: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    import shutil

    return Path(shutil.copytree(run, tmp_path / run.name))


def clean(run: Path) -> None:
    """As if it had been made by committed code, which a test's checkout may not be."""
    from corrigible.store.documents import render, seal

    manifest = json.loads((run / "manifest.json").read_text())
    del manifest["sha256"]
    for sitting in manifest["sittings"]:
        sitting |= {"dirty": False, "commit": "0" * 40}
    (run / "manifest.json").write_bytes(render(seal(manifest), name="manifest"))


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(list(map(str, arguments)))
    out, err = capsys.readouterr()
    return code, out, err


def test_the_release_gate_allows_what_the_laboratory_makes(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean(copied)
    page = copied.parent / "page.html"
    code, out, _ = said(capsys, "gate", "lab-release", copied, "--gate", "publication", "--page", page)
    assert code == 0, out
    assert out.startswith("ALLOW: publication under Release policy of Corrigible")
    text = page.read_text(encoding="utf-8")
    assert "ALLOW" in text
    assert "What is not known" in text
    assert "<script src" not in text


def test_an_attestation_is_held_by_default_too_and_a_hold_on_it_is_kept(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean(copied)
    said_so = write(
        copied.parent / "read.yaml",
        {
            "schema": 1, "attestation": "the-code-was-read", "holds": True, "by": "bea", "independence": "team",
            "made": "2026-11-20T10:00:00Z", "statement": "I read it.",
        },
    )  # fmt: skip
    out = copied.parent / "bundle"
    asked = ("bundle", "lab-release", copied, said_so, "--gate", "publication", "--out", out)
    assert said(capsys, "disclose", "release", copied, "--owner", "Ada", "--reason", "review")[0] == 0
    code, _, err = said(capsys, *asked)
    assert (code, out.exists()) == (3, False)
    assert "file read.yaml" in err
    assert said(capsys, "disclose", "release", said_so, "--owner", "Ada", "--reason", "review")[0] == 0
    assert said(capsys, *asked)[0] == 0
    assert said(capsys, "disclose", "hold", said_so)[0] == 0
    code, _, err = said(capsys, "gate", "lab-release", copied, said_so, "--gate", "publication")
    assert code == 3
    assert "held since" in err


def test_a_page_goes_into_a_folder_that_is_there_and_escapes_what_it_shows(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean(copied)
    said_so = write(
        copied.parent / "read.yaml",
        {
            "schema": 1, "attestation": "the-code-was-read", "holds": True, "by": "bea", "independence": "team",
            "made": "2026-11-20T10:00:00Z", "statement": "<script>alert(1)</script>",
        },
    )  # fmt: skip
    asked = ("gate", "lab-release", copied, said_so, "--gate", "publication", "--page")
    code, _, err = said(capsys, *asked, copied.parent / "nowhere" / "page.html")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "its folder must exist" in err
    said(capsys, *asked, copied.parent / "page.html")
    page = (copied.parent / "page.html").read_text()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


def test_a_run_of_changed_code_is_unknown(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from corrigible.store.documents import render, seal

    manifest = json.loads((copied / "manifest.json").read_text())
    del manifest["sha256"]
    manifest["sittings"][0]["dirty"] = True
    (copied / "manifest.json").write_bytes(render(seal(manifest), name="manifest"))
    code, out, _ = said(capsys, "gate", "lab-release", copied, "--gate", "publication", "--json")
    assert code == 4
    found = json.loads(out)
    assert found["outcome"] == "unknown"
    assert "it was made by code that is in no commit" in " ".join(found["reasons"])


def test_evidence_against_denies_and_none_at_all_is_unknown(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean(copied)
    policy = yaml.safe_load((Path(str(SHIPPED)) / "lab-release.yaml").read_text())
    policy["rules"][0]["require"] = {"measure": "failure-is-made", "below": 0.5}
    path = write(copied.parent / "policy.yaml", policy)
    code, out, _ = said(capsys, "gate", path, copied, "--gate", "publication")
    assert code == 3, out
    assert said(capsys, "gate", "lab-release", "--gate", "publication")[0] == 4


def test_a_changed_run_is_tampered_with(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean(copied)
    (copied / "results.json").write_text((copied / "results.json").read_text().replace("0.5", "0.6"))
    code, _, err = said(capsys, "gate", "lab-release", copied, "--gate", "publication")
    assert code == 6
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err


def test_a_bundle_leaves_only_after_a_release_and_verifies_until_it_is_touched(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean(copied)
    out = copied.parent / "bundle"
    asked = ("bundle", "lab-release", copied, "--gate", "publication", "--out", out)
    code, _, err = said(capsys, *asked)
    assert (code, out.exists()) == (3, False)
    assert "held by default" in err
    assert said(capsys, "disclose", "release", copied, "--owner", "Ada", "--reason", "review")[0] == 0
    code, told, _ = said(capsys, *asked, "--withhold", "runs/*/manifest.json", "--because", "machine names", "--json")
    assert code == 0
    digest = json.loads(told)["sha256"]
    assert said(capsys, "verify", out, "--sha256", digest)[0] == 0
    (out / "policy.yaml").write_text("x")
    code, _, err = said(capsys, "verify", out)
    assert (code, len(err.splitlines())) == (6, 1)


def test_everything_that_exports_refuses_a_held_run(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "disclose", "hold", copied)[0] == 0
    before = (copied / "report.html").stat().st_mtime_ns
    root = copied.parent / "root"
    for arguments in (
        ("report", copied),
        ("compare", copied, copied),
        ("evidence", "--root", root, "--add", copied),
        ("gate", "lab-release", copied),
        ("bundle", "lab-release", copied, "--out", copied.parent / "b"),
    ):
        code, _, err = said(capsys, *arguments)
        assert (code, len(err.splitlines())) == (3, 1), arguments
        assert "is refused while it is held" in err
    assert (copied / "report.html").stat().st_mtime_ns == before
    assert not root.exists()


def test_who_decides_cannot_be_who_attests(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean(copied)
    attestation = {
        "schema": 1, "attestation": "safety-case", "holds": True, "by": "ada", "independence": "external",
        "made": "2026-11-01T00:00:00Z", "statement": "fine",
    }  # fmt: skip
    path = write(copied.parent / "a.yaml", attestation)
    asked = ("gate", "fictional-careful", copied, path, "--gate", "external-deployment", "--owners", OWNERS)
    code, _, err = said(capsys, *asked)
    assert code == 2
    assert "nobody decides on what they attest themselves" in err
    write(path, attestation | {"by": "zoe"})
    code, out, _ = said(capsys, *asked)
    assert code == 4
    assert "To decide: Ada Heron" in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("policy", "lint", "lab-release", "fictional-careful"), 0, "1 faults"),
        (("policy", "lint", "fictional-fast"), 3, "left undefined"),
        (("policy", "compare", "fictional-careful", "fictional-fast"), 0, "silence never beats a weak commitment"),
        (("policy", "diff", "fictional-fast", "fictional-careful"), 0, "weaker"),
        (("commitments", "due", "fictional-fast", "--at", "2026-11-27T00:00:00Z"), 3, "1 overdue"),
        (("commitments", "due", "fictional-fast", "--at", "2026-08-20T00:00:00Z"), 0, "1 due within 30 days"),
        (("commitments", "list", "fictional-fast"), 0, "We will define Critical this summer."),
        (("owners", "lint", OWNERS, "--policy", "fictional-careful"), 0, "no fault found"),
        (("owners", "who", OWNERS, "internal-deployment"), 0, "Ada Heron (Head of deployment) decides"),
    ],
)
def test_documents_answer(
    arguments: tuple[object, ...], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, out, _ = said(capsys, *arguments)
    assert (found, words in out) == (code, True), out
    found, out, _ = said(capsys, *arguments, "--json")
    assert found == code
    assert isinstance(json.loads(out), dict)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("policy", "lint", "no-such-policy"), "choose from fictional-careful"),
        (("policy", "lint", "no/such.yaml"), "it must be a file that can be read"),
        (("policy", "compare", "lab-release"), "compare needs two or more"),
        (("gate", "lab-release", "no-such-run"), "evidence is a run folder"),
        (("gate", "lab-release", "--at", "yesterday"), "write a moment"),
        (("gate", "lab-release", "--at", "2026-11-01T00:00:00"), "names no offset from UTC"),
        (("gate", "lab-release", "--gate", "space"), "space"),
        (("gate", "fictional-careful", "--owners", "no.yaml"), "it must be a file that can be read"),
        (("owners", "who", OWNERS, "lunch"), "must name who decides it"),
        (("commitments", "due", "lab-release", "--soon", "later"), "a whole number and a unit"),
        (("verify", "no-bundle"), "a bundle is a folder with a bundle.json"),
        (("disclose", "status", "no-run"), "no-run is no run folder"),
    ],
)
def test_bad_input_is_refused_in_one_line(
    arguments: tuple[object, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, *arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert words in err


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"rule": "no-such-rule"}, "the policy has no such rule"),
        ({"owner": "zoe"}, "who waives must be among the owners' people"),
        ({"owner": "eve"}, "eve cannot grant what eve asked for"),
        ({"expires": "2026-01-01T00:00:00Z"}, "expires must be after granted"),
        ({"expires": None}, "write a moment"),
    ],
)
def test_a_waiver_that_is_none_is_refused(
    document: dict[str, object], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waiver = {
        "rule": "outside", "gate": "external-deployment", "owner": "ada", "requested_by": "eve", "reason": "haste",
        "granted": "2026-11-01T00:00:00Z", "expires": "2026-12-01T00:00:00Z",
    }  # fmt: skip
    path = write(tmp_path / "w.yaml", {"schema": 1, "waivers": [waiver | document]})
    code, _, err = said(capsys, "gate", "fictional-careful", "--owners", OWNERS, "--waivers", path)
    assert (code, len(err.splitlines())) == (2, 1)
    assert words in err
