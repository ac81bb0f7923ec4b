"""The cache of compiled kernels follows their sources."""

import numpy as np
import pytest

from corrigible.sandbox import compiled


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "package"
    (folder / "inner").mkdir(parents=True)
    (folder / "a_kernels.py").write_text("def f(): return 1\n")
    (folder / "inner" / "kernels.py").write_text("def g(): return 2\n")
    (folder / "other.py").write_text("x = 1\n")
    return folder


@pytest.mark.parametrize("edited", ["a_kernels.py", "inner/kernels.py", "new_kernels.py"])
def test_editing_or_adding_any_kernel_file_changes_the_cache_folder(package, tmp_path, edited):
    before = compiled.cache_folder(package, tmp_path)
    (package / edited).write_text("def f(): return 3\n")
    after = compiled.cache_folder(package, tmp_path)
    assert before is not None
    assert after is not None
    assert before != after


def test_renaming_a_kernel_file_changes_the_hash(package):
    before = compiled.kernel_hash(package)
    (package / "a_kernels.py").rename(package / "b_kernels.py")
    assert compiled.kernel_hash(package) != before


def test_editing_a_file_without_kernels_keeps_the_cache(package):
    before = compiled.kernel_hash(package)
    (package / "other.py").write_text("x = 2\n")
    assert compiled.kernel_hash(package) == before


def test_the_environment_variable_chooses_the_place_of_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv(compiled.CACHE_VARIABLE, str(tmp_path / "mine"))
    assert compiled.user_cache() == tmp_path / "mine"


def test_the_users_cache_folder_is_used_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv(compiled.CACHE_VARIABLE, raising=False)
    monkeypatch.setattr(compiled.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compiled.user_cache() == tmp_path / "corrigible"


def test_an_unwritable_cache_folder_is_not_used(package, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("a file where the folder should be")
    assert compiled.cache_folder(package, blocked) is None


def add_one(x):
    return x + 1


def test_without_a_cache_folder_functions_are_compiled_all_the_same(monkeypatch):
    monkeypatch.setattr(compiled, "_own_cache_folder", lambda: None)
    function = compiled.njit(add_one)
    assert function(np.int64(2)) == 3
    assert function.stats.cache_path is None


def test_compiled_code_is_kept_in_the_cache_folder_and_numba_is_left_as_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled, "_own_cache_folder", lambda: tmp_path)
    before = compiled.config.CACHE_DIR
    assert compiled.njit(add_one)(np.int64(2)) == 3
    assert list(tmp_path.rglob("*.nbc"))
    assert before == compiled.config.CACHE_DIR
