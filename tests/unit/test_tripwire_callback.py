"""The callback of transformers' Trainer: through its own handler, and in a Trainer where accelerate is installed."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers")

from transformers import TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import CallbackHandler, DefaultFlowCallback

from corrigible.errors import Tripped
from corrigible.oversight.bundles import verify_bundle
from corrigible.tripwires.callback import TripwireCallback
from stopping_samples import documents

SHARES = (0.3, 0.28, 0.6, 0.8)


class Args:
    """What the callbacks of a Trainer read of its arguments."""

    logging_first_step = False
    logging_strategy = eval_strategy = save_strategy = "no"

    def __init__(self, folder: Path) -> None:
        self.output_dir = str(folder)


def made(folder: Path, **more: Any) -> TripwireCallback:
    return TripwireCallback(folder / "wire.yaml", folder / "a.jsonl", owners=folder / "owners.yaml", **more)


def trained(folder: Path, callback: TripwireCallback, shares: tuple[float, ...], saves: bool = True) -> int:
    """A Trainer's loop: an evaluation at every 100 steps, a step of 50, what the flags say is done. The last step."""
    handler = CallbackHandler([DefaultFlowCallback, callback], None, None, None, None)
    args, state, control = Args(folder), TrainerState(max_steps=10**6, save_steps=0, eval_steps=0), TrainerControl()
    control = handler.on_train_begin(args, state, control)
    for step in range(50, 100 * len(shares) + 51, 50):
        state.global_step = step
        control = handler.on_step_end(args, state, control)
        if control.should_save:
            if saves:
                (folder / f"checkpoint-{step}").mkdir()
                (folder / f"checkpoint-{step}" / "weights").write_bytes(b"w")
            control = handler.on_save(args, state, control)
        if control.should_training_stop:
            break
        if step % 100 == 0 and step // 100 <= len(shares):
            control = handler.on_evaluate(args, state, control, {"skill": shares[step // 100 - 1], "eval_loss": 1.0})
    handler.on_train_end(args, state, control)
    return int(state.global_step)


@pytest.mark.parametrize("saves", [True, False])
def test_a_trainer_stops_by_its_flags_with_a_checkpoint_and_is_refused_before_it_trains_again(
    saves: bool, tmp_path: Path
) -> None:
    documents(tmp_path)
    callback = made(tmp_path, items=50)
    assert trained(tmp_path, callback, SHARES, saves) == 350, "the step after the evaluation that tripped"
    assert callback.stop is not None
    assert (callback.stop.kind, callback.stop.step) == ("tripped", 300)
    names = {item.name for item in verify_bundle(callback.guard.folder.bundle(1)).items}
    assert ("checkpoint.json" in names) == saves
    with pytest.raises(Tripped):
        made(tmp_path)


def test_a_healthy_trainer_comes_to_its_end(tmp_path: Path) -> None:
    documents(tmp_path)
    callback = made(tmp_path, items=50)
    assert trained(tmp_path, callback, (0.3, 0.28, 0.3)) == 350
    assert callback.stop is None
    trainer = callback.guard.folder.trainer()
    assert trainer is not None
    assert trainer.finished


def test_what_the_last_evaluation_says_counts_after_the_last_step(tmp_path: Path) -> None:
    documents(tmp_path, detector={"kind": "bound", "bound": 0.5})
    callback = made(tmp_path)
    handler = CallbackHandler([callback], None, None, None, None)
    args, state, control = Args(tmp_path), TrainerState(global_step=100), TrainerControl()
    handler.on_step_end(args, state, control)
    handler.on_evaluate(args, state, control, {"skill": 0.9})
    handler.on_train_end(args, state, control)
    assert callback.stop is not None
    assert callback.guard.folder.bundle(1).is_dir()


@pytest.mark.parametrize("value", [float("nan"), None, "0.3", 0.3 + 1j])
def test_no_hook_raises_whatever_is_logged_or_lost(
    value: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    documents(tmp_path)
    callback = made(tmp_path, items=50)
    handler = CallbackHandler([callback], None, None, None, None)
    args, state, control = Args(tmp_path), TrainerState(global_step=100), TrainerControl()
    handler.on_log(args, state, control, {"skill": value})
    control = handler.on_step_end(args, state, control)
    assert control.should_training_stop
    assert callback.stop is not None
    assert callback.stop.kind == "fault"
    callback.guard.folder.bundle(1).write_bytes(b"in the way")
    handler.on_save(args, state, control)
    handler.on_train_end(args, state, control)
    assert "could not be frozen" in caplog.text


@pytest.mark.skipif(find_spec("accelerate") is None, reason="the Trainer of transformers needs accelerate")
def test_a_trainer_of_transformers_stops_where_its_loss_trips(tmp_path: Path) -> None:
    import torch
    from transformers import Trainer

    from corrigible.language.models import load_model

    plan = {"checkpoints": 40, "first": 4, "every": 4, "grace": 3}
    documents(tmp_path, metric="loss", plan=plan, side="below", detector={"kind": "bound", "bound": 0.5}, healthy=None)
    model = load_model("tiny")
    tokens = torch.tensor(model.encode("the cat said yes , yes , yes , yes , yes ."))
    callback = made(tmp_path)
    settings = TrainingArguments(
        output_dir=str(tmp_path / "out"), per_device_train_batch_size=8, max_steps=100, learning_rate=3e-3,
        logging_steps=4, save_strategy="no", report_to=[], use_cpu=True, disable_tqdm=True, dataloader_pin_memory=False,
    )  # fmt: skip
    data = [{"input_ids": tokens, "labels": tokens}] * 800
    trainer = Trainer(model=model.network, args=settings, train_dataset=data, callbacks=[callback])
    trainer.train()
    assert callback.stop is not None
    assert trainer.state.global_step < 100
    assert (tmp_path / "out" / f"checkpoint-{trainer.state.global_step}").is_dir()
    assert (callback.guard.folder.bundle(1) / "checkpoint.json").is_file()
