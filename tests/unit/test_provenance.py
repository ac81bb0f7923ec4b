"""Which code made a result: commit, and whether anything lay beside it that the commit does not name."""

import subprocess
from pathlib import Path

import pytest

from corrigible.stages.provenance import CodeState, code_state, code_state_of, sitting


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(folder), *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one commit; its package lies in src/pack."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "src" / "pack"
    folder.mkdir(parents=True)
    (folder / "one.py").write_text("ONE = 1\n", encoding="utf-8")
    (tmp_path / ".gitignore").write_text("ignored.py\nruns/\n", encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "First")
    return folder


def test_a_clean_checkout_names_its_commit(package: Path) -> None:
    assert code_state_of(package) == CodeState(commit=git(package, "rev-parse", "HEAD"), dirty=False)


@pytest.mark.parametrize(
    ("name", "text", "dirty"),
    [
        ("src/pack/one.py", "ONE = 2\n", True),
        (".gitignore", "", True),
        ("src/pack/two.py", "TWO = 2\n", True),
        ("src/pack/deep/three.py", "THREE = 3\n", True),
        ("src/pack/template.html", "<p>", True),
        ("src/pack/ignored.py", "HIDDEN = 1\n", True),
        ("src/pack/__pycache__/one.pyc", "", False),
        ("src/pack/.one.py.swp", "", False),
        ("runs/x/manifest.json", "{}", False),
        ("notes.txt", "", False),
    ],
)
def test_changed_files_and_untracked_ones_in_the_package_make_it_dirty(
    package: Path, name: str, text: str, dirty: bool
) -> None:
    file = package.parents[1] / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    assert code_state_of(package).dirty is dirty


def test_a_staged_change_is_dirty_and_a_commit_makes_it_clean(package: Path) -> None:
    (package / "two.py").write_text("TWO = 2\n", encoding="utf-8")
    git(package, "add", ".")
    before = code_state_of(package)
    assert before.dirty is True
    git(package, "commit", "--quiet", "-m", "Second")
    after = code_state_of(package)
    assert after.dirty is False
    assert after.commit != before.commit


def test_git_variables_of_a_hook_do_not_lead_to_another_checkout(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = code_state_of(package)
    git(tmp_path, "init", "--quiet", str(tmp_path / "other"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    assert code_state_of(package) == expected


def test_an_installed_package_and_a_folder_outside_git_have_no_commit(package: Path, tmp_path: Path) -> None:
    installed = package / "site-packages" / "corrigible"
    installed.mkdir(parents=True)
    assert code_state_of(installed) == CodeState(commit=None, dirty=None)
    (tmp_path / ".git").rename(tmp_path / "gone")
    assert code_state_of(package) == CodeState(commit=None, dirty=None)


def test_a_package_that_a_foreign_checkout_merely_contains_is_dirty(package: Path) -> None:
    vendored = package.parents[1] / "vendor" / "corrigible"
    vendored.mkdir(parents=True)
    (vendored / "run.py").write_text("", encoding="utf-8")
    assert code_state_of(vendored).dirty is True


def test_a_sitting_says_when_on_what_and_with_which_packages() -> None:
    found = sitting("cpu")
    assert (found["commit"], found["dirty"], found["device"]) == (code_state().commit, code_state().dirty, "cpu")
    assert found["packages"].keys() >= {"numpy", "corrigible"}
    assert found["hardware"]["cores"] >= 1
    assert found["started"].endswith("+00:00")
