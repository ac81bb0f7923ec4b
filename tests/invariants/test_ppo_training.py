"""PPO trainings: the same on any number of threads and after any kill; a breakdown stops with the last good policy."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from corrigible.agents import ppo, training_log  # noqa: E402
from corrigible.agents.pixel_network import PixelNetwork, parameters_of  # noqa: E402
from corrigible.agents.pixel_policy import pixel_policy  # noqa: E402
from corrigible.agents.policy_files import load_policy  # noqa: E402
from corrigible.agents.ppo import LAST_GOOD, Trainer, TrainingStopped, network_params, train_ppo  # noqa: E402
from corrigible.agents.ppo_settings import Anchor  # noqa: E402
from corrigible.agents.training_state import STATE  # noqa: E402
from corrigible.errors import BadInput, CorrigibleError, CorruptFile  # noqa: E402
from corrigible.sandbox.voxel.viewing import ViewParams  # noqa: E402
from corrigible.seeding import stream  # noqa: E402
from ppo_small import learned, punches, setup  # noqa: E402

STACKED = ViewParams(height=36, width=37, grey=True, stack=2)
VARIANTS = {"plain": {}, "memory": {"memory": 6}, "stacked": {"view": STACKED}}


def train(given):
    return list(train_ppo(given, generator=stream(0, "train")))


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_learned_is_the_same_on_one_two_and_three_threads(variant) -> None:
    found = [learned(train(setup(threads=threads, **variant))) for threads in (1, 2, 3)]
    assert found[0] == found[1] == found[2]
    assert [step for step, _ in found[0]] == [2 * 480, 4 * 480]
    assert found[0][0][1] != found[0][1][1]


def test_pytorch_has_its_threads_back_after_a_training_and_after_one_that_was_left() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        train(setup(steps=480))
        assert torch.get_num_threads() == 3
        going = train_ppo(setup(), generator=stream(0, "train"))
        next(going)
        going.close()
        assert torch.get_num_threads() == 3
        with pytest.raises(BadInput):
            train(setup(first={}))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


class Stops:
    """What is paid, until a step from which on nothing more comes."""

    def __init__(self, steps=None):
        self.left = steps

    def __call__(self, events):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise InterruptedError("the machine went down")
        return punches(events)


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_a_training_that_was_cut_off_anywhere_goes_on_to_the_same_weights(variant, tmp_path, monkeypatch) -> None:
    expected = learned(train(setup(paid=Stops(), **variant)))
    monkeypatch.setattr(ppo, "SAVE_EVERY", 1)
    for steps in (5, 13, 30, 47):  # of 48: within the first, second, third and last rollout
        workspace = tmp_path / str(steps)
        with pytest.raises(InterruptedError):
            train(setup(workspace, Stops(steps), **variant))
        assert (workspace / STATE).exists() == (steps > 12)
        assert learned(train(setup(workspace, Stops(), **variant))) == expected


def test_a_checkpoint_is_on_disk_before_it_is_given_away_and_comes_again(tmp_path) -> None:
    expected = learned(train(setup()))
    for threads in (1, 2):
        going = train_ppo(setup(tmp_path / "one", threads=threads), generator=stream(0, "train"))
        first = next(going)
        going.close()
        assert learned([first]) == expected[:1]
    assert learned(train(setup(tmp_path / "one"))) == expected


def test_a_finished_training_gives_its_checkpoints_again_and_trains_no_more(tmp_path) -> None:
    expected = learned(train(setup(tmp_path, Stops())))
    assert learned(train(setup(tmp_path, Stops(0)))) == expected
    assert (tmp_path / STATE).stat().st_size < 100_000, "worlds and optimiser are not kept"


@pytest.mark.slow
@pytest.mark.parametrize("killing", ["before_each_of_its_file_operations", "again_and_again_at_random_steps"])
def test_a_training_that_is_killed_is_resumed_to_the_same_weights(killing, tmp_path) -> None:
    """In a process of its own: what has run kernels on threads must not fork."""
    script = Path(__file__).parent / "killed_trainings.py"
    ended = subprocess.run(
        [sys.executable, str(script), killing, str(tmp_path)], capture_output=True, text=True, check=False, timeout=280,
        env=os.environ | {"PYTHONPATH": str(script.parent.parent)},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-2000:]


@pytest.mark.parametrize(
    "changed", [{"steps": 5 * 480}, {"entropy": 0.5}, {"worlds": 41}, {"view": STACKED}, {"ends": None},
                {"paid": Stops()}, {"first": "other"}], ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_the_state_of_another_training_is_refused(changed, tmp_path) -> None:
    train(setup(tmp_path, steps=480))
    if changed.get("first"):
        changed = {"first": parameters_of(PixelNetwork(network_params(setup().world, setup().settings)))}
    with pytest.raises(BadInput, match="other settings, world or seed") as refused:
        train(setup(tmp_path, **{"steps": 480, **changed}))
    assert "\n" not in str(refused.value)
    with pytest.raises(BadInput, match="other settings, world or seed"):
        list(train_ppo(setup(tmp_path, steps=480), generator=stream(1, "train")))


def test_a_broken_state_is_refused_in_one_line(tmp_path) -> None:
    train(setup(tmp_path, steps=480))
    path = tmp_path / STATE
    data = path.read_bytes()
    for broken in (b"", data[:-1], data[:1000], data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]):
        path.write_bytes(broken)
        with pytest.raises(CorrigibleError, match="remove it to train anew") as refused:
            train(setup(tmp_path, steps=480))
        assert isinstance(refused.value, CorruptFile | BadInput)
        assert "\n" not in str(refused.value)


def test_a_training_begins_from_the_first_weights_that_it_is_given() -> None:
    given = train(setup(steps=480))[-1].parameters
    with Trainer(setup(first=given), stream(5, "train")) as trainer:
        assert learned_of(trainer) == learned_of_arrays(given)
    small = train(setup(first=given, steps=480, learning_rate=1e-12))[-1].parameters
    assert all(np.allclose(small[name], given[name], atol=1e-9) for name in given)
    with pytest.raises(BadInput, match="weights"):
        train(setup(first=given, dense=13))
    with pytest.raises(BadInput, match="finite"):
        train(setup(first={**given, "actor.bias": np.full(10, np.nan, dtype=np.float32)}))


def learned_of(trainer):
    return learned_of_arrays(parameters_of(trainer.network))


def learned_of_arrays(arrays):
    return {name: value.tobytes() for name, value in arrays.items()}


def test_an_anchor_holds_a_policy_near() -> None:
    start = train(setup(steps=480))[-1].parameters
    far = train(setup(first=start, learning_rate=0.01))[-1].parameters
    anchor = Anchor(parameters=start, weight=100.0)
    near = train(setup(first=start, learning_rate=0.01, anchor=anchor))[-1].parameters

    def divergence(parameters):
        one, other = (pixel_policy(setup(), ppo.Checkpoint(step=0, parameters=some)) for some in (parameters, start))
        pictures = np.random.default_rng(0).integers(0, 256, (200, 36, 37, 3), dtype=np.uint8)
        p, q = one(pictures)[0], other(pictures)[0]
        return float((p * np.log(p / q)).sum(1).mean())

    assert divergence(near) < divergence(far) / 5


def test_weights_that_are_not_finite_stop_it_with_the_last_good_checkpoint(tmp_path) -> None:
    good = learned(train(setup()))[0]
    with Trainer(setup(tmp_path), stream(0, "train")) as trainer:
        going = trainer.run()
        next(going)
        with torch.no_grad():
            trainer.network.dense.weight[0, 0] = float("nan")
        with pytest.raises(TrainingStopped, match="weights that are not finite") as stopped:
            next(going)
    assert learned([stopped.value.checkpoint]) == [good]
    assert str(tmp_path / LAST_GOOD) in str(stopped.value)
    assert "of step 960" in str(stopped.value)
    assert "\n" not in str(stopped.value)
    checkpoint, shape, _ = load_policy(tmp_path / LAST_GOOD)
    assert learned([checkpoint]) == [good]
    assert shape == network_params(setup().world, setup().settings)


def test_rewards_beyond_all_bounds_end_as_a_stop_and_not_as_a_policy(tmp_path) -> None:
    with pytest.raises(TrainingStopped) as stopped:
        train(setup(tmp_path, reward_scale=3e38))
    assert stopped.value.checkpoint is not None
    assert all(np.isfinite(value).all() for value in stopped.value.checkpoint.parameters.values())


def test_a_collapsed_policy_stops_it_without_a_workspace_too() -> None:
    with pytest.raises(TrainingStopped, match=r"entropy 2\.\d+ nats") as stopped:
        train(setup(least_entropy=50.0))
    assert stopped.value.checkpoint.step == 0
    assert "in the error's `checkpoint`" in str(stopped.value)
    with Trainer(setup(), stream(0, "train")) as trainer:
        assert learned_of(trainer) == learned_of_arrays(stopped.value.checkpoint.parameters)


def scalars(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder))
    found.Reload()
    return {name: found.Scalars(name) for name in found.Tags()["scalars"]}


@pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorboard.*")
def test_curves_are_in_event_files_once_for_each_rollout_also_after_a_stop(tmp_path, monkeypatch) -> None:
    pytest.importorskip("tensorboard")
    monkeypatch.setattr(ppo, "SAVE_EVERY", 3)
    with pytest.raises(InterruptedError):
        train(setup(tmp_path, Stops(30)))  # in the third rollout; the state is that of the checkpoint after the second
    train(setup(tmp_path, Stops()))
    found = scalars(tmp_path / training_log.EVENTS)
    wanted = {"charts/SPS", "charts/learning_rate", "charts/episodic_return", "charts/episodic_length",
              "losses/policy_loss", "losses/value_loss", "losses/entropy", "losses/approx_kl", "losses/clipfrac",
              "losses/gradient_norm", "time/rollout_seconds", "time/update_seconds"}  # fmt: skip
    assert wanted == set(found)
    for name in wanted:
        assert [event.step for event in found[name]] == [480, 960, 1440, 1920], name
    assert all(event.value > 0 for event in found["charts/SPS"])
    assert found["charts/learning_rate"][0].value == pytest.approx(5e-4)


def test_weights_and_biases_that_are_asked_for_and_not_there_are_told(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv(training_log.WANDB, "project")
    monkeypatch.setattr(training_log, "find_spec", lambda _name: None)
    with pytest.raises(BadInput, match="pip install wandb"):
        train(setup(tmp_path))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_the_device_of_the_setup_is_asked_for() -> None:
    with pytest.raises((AssertionError, RuntimeError), match="CUDA"):
        train(setup(device="cuda"))
    checkpoint = train(setup(steps=480))[-1]
    with pytest.raises((AssertionError, RuntimeError), match="CUDA"):
        pixel_policy(replace(setup(), device="cuda"), checkpoint)
