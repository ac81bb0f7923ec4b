"""What a person sees while kernels are compiled, and what two processes do that start at once."""

import io
import os
import subprocess
import sys

import numpy as np
import pytest

from corrigible.sandbox import compiled


class Terminal(io.StringIO):
    """Something written to by a process that a person watches."""

    def isatty(self):
        return True


def double(x):
    return x + x


def half(x):
    return x / 2.0


for function in (double, half):
    function.__module__ = "corrigible.of_this_test"


@pytest.fixture
def first_use():
    """A listener of its own, in place of the process's, which may have spoken already."""
    compiled.event.unregister("numba:compile", compiled.FIRST_USE)
    listener = compiled.FirstUse()
    compiled.event.register("numba:compile", listener)
    yield listener
    compiled.event.unregister("numba:compile", listener)
    compiled.event.register("numba:compile", compiled.FIRST_USE)


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled, "_own_cache_folder", lambda: tmp_path)


def test_on_a_terminal_one_line_says_that_kernels_are_compiled(monkeypatch, capsys, own_cache, first_use):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert compiled.njit(double)(np.int64(2)) == 4
    assert compiled.njit(half)(np.int64(2)) == 1.0
    assert terminal.getvalue() == compiled.COMPILING + "\n"
    assert not capsys.readouterr().out


def test_nothing_is_said_of_functions_of_others(monkeypatch, own_cache, first_use):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert compiled.njit(inner)(np.int64(2), np.int64(3)) == 5
    assert not terminal.getvalue()


def test_nothing_is_said_where_no_person_watches(monkeypatch, own_cache, first_use):
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    assert compiled.njit(double)(np.int64(3)) == 6
    assert not log.getvalue()


def test_nothing_is_said_where_the_cache_holds_the_kernel(monkeypatch, own_cache, first_use):
    compiled.njit(double)(np.float64(2.0))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    again = compiled.njit(double)
    assert again(np.float64(2.0)) == 4.0
    assert sum(again.stats.cache_hits.values()) == 1
    assert not terminal.getvalue()


def inner(x, y):
    return x + y


def test_constant_arguments_are_not_compiled_apart(monkeypatch):
    monkeypatch.setattr(compiled, "_own_cache_folder", lambda: None)
    add = compiled.njit(inner)

    def outer(x):
        return add(x, 0) + add(x, 1) + add(x, x)

    assert compiled.njit(outer)(np.int64(5)) == 5 + 6 + 10
    assert len(add.signatures) == 1


START = """
from corrigible.sandbox.grid.kernels import uniform
import numpy as np
print(repr(float(uniform(np.uint64(1), 2, 3, 4, 5))), sum(uniform.stats.cache_hits.values()))
"""


def test_processes_that_start_at_once_share_an_empty_cache(tmp_path):
    environment = {**os.environ, compiled.CACHE_VARIABLE: str(tmp_path)}

    def start():
        return subprocess.Popen([sys.executable, "-c", START], env=environment, stdout=subprocess.PIPE, text=True)

    together = [start() for _ in range(3)]
    said = [process.communicate()[0].split() for process in together]
    assert all(process.returncode == 0 for process in together)
    assert len({value for value, _ in said}) == 1
    last = start()
    assert last.communicate()[0].split() == [said[0][0], "1"]
