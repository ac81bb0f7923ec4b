"""How a run ends before its end: what Ctrl-C does, and what the manifest and the message say."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from corrigible.errors import BadInput, CorrigibleError, Interrupted
from corrigible.stages.stopping import ending_said, interrupts_blocked, interrupts_counted
from corrigible.store import RunFolder, create


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return create(tmp_path, run_id="run", config={}, rules_sha256="a" * 64, sitting={})


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_interrupts_are_counted_while_asked_for_and_break_in_again_afterwards() -> None:
    with interrupts_counted() as interrupts:
        press_ctrl_c()
        press_ctrl_c()
        assert interrupts.count == 2
    with pytest.raises(KeyboardInterrupt):
        press_ctrl_c()


def test_what_is_started_while_interrupts_are_blocked_inherits_that() -> None:
    with interrupts_blocked():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_ctrl_c_leaves_an_interrupted_run_and_the_command_that_goes_on(folder: RunFolder) -> None:
    with pytest.raises(Interrupted) as caught, folder, ending_said(folder):
        press_ctrl_c()
    assert folder.manifest().status == "interrupted"
    assert str(caught.value) == (
        f"run run was stopped: every finished cell is stored; go on with `corrigible run --resume {folder.path}`"
    )


def test_a_second_ctrl_c_does_not_cut_the_ending_short(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    finish = folder.finish

    def interrupted_finish(_self: RunFolder, status: Any) -> None:
        press_ctrl_c()
        finish(status)

    monkeypatch.setattr(RunFolder, "finish", interrupted_finish)
    with pytest.raises(Interrupted), folder, ending_said(folder):
        raise KeyboardInterrupt
    assert folder.manifest().status == "interrupted"


def test_any_other_fault_leaves_a_failed_run_and_its_own_words(folder: RunFolder) -> None:
    with pytest.raises(ZeroDivisionError), folder, ending_said(folder):
        _ = 1 / 0
    assert folder.manifest().status == "failed"


def test_a_fault_while_the_ending_is_written_hides_nothing(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_self: RunFolder, _status: Any) -> None:
        raise CorrigibleError(value="disk", rule="full", remedy="free space")

    monkeypatch.setattr(RunFolder, "finish", full)
    with pytest.raises(BadInput, match="what went wrong"), folder, ending_said(folder):
        raise BadInput(value="what went wrong", rule="x", remedy="y")
