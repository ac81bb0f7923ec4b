"""Settings of PPO: refused where they cannot be, before anything is trained."""

import pytest

from corrigible.agents.ppo_settings import Anchor, PPOSettings
from corrigible.errors import BadInput


@pytest.mark.parametrize(
    "changed",
    [{"steps": 0}, {"steps": 1.5}, {"rollout": 0}, {"epochs": 0}, {"minibatch": 0}, {"minibatch": True},
     {"checkpoints": 0}, {"learning_rate": 0.0}, {"learning_rate": float("nan")}, {"learning_rate": float("inf")},
     {"gradient_norm": -1.0}, {"reward_scale": 0.0}, {"entropy": -0.1}, {"value_weight": float("nan")},
     {"least_entropy": -1.0}, {"memory": -1}, {"memory": 0.5}, {"learning_rate_end": 1.1}, {"trace_decay": -0.1},
     {"discount": 1.0}, {"discount": -0.1}, {"threads": 0}, {"clip": 0.0}, {"clip": 1.0}, {"dense": 0},
     {"filters": (1, 2)}, {"filters": (0, 1, 2)}],
    ids=str,
)  # fmt: skip
def test_a_setting_out_of_range_is_refused_in_one_line(changed) -> None:
    with pytest.raises(BadInput, match=next(iter(changed))) as refused:
        PPOSettings(**changed)
    assert "\n" not in str(refused.value)


def test_an_anchor_wants_a_weight_of_at_least_nothing_and_no_memory() -> None:
    with pytest.raises(BadInput, match="weight of an anchor"):
        Anchor(parameters={}, weight=-1.0)
    with pytest.raises(BadInput, match="without memory"):
        PPOSettings(anchor=Anchor(parameters={}, weight=1.0), memory=8)


def test_threads_come_from_the_settings_then_the_environment_then_the_machine(monkeypatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert PPOSettings(threads=3).crew() == 3
    assert PPOSettings().crew() == 5
    for strange in ("", "0", "4,2", "many"):
        monkeypatch.setenv("OMP_NUM_THREADS", strange)
        assert PPOSettings().crew() >= 1
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert PPOSettings().crew() >= 1


def test_checkpoints_are_evenly_spaced_and_the_last_is_the_end() -> None:
    assert PPOSettings(checkpoints=4).due(100) == (25, 50, 75, 100)
    assert PPOSettings(checkpoints=4).due(2) == (1, 2)
    assert PPOSettings(checkpoints=1).due(7) == (7,)


def test_a_rollout_that_would_pass_the_steps_is_left_out_but_one_is_made() -> None:
    assert PPOSettings(steps=1000, rollout=10).rollouts(30) == 3
    assert PPOSettings(steps=1, rollout=10).rollouts(30) == 1


def test_the_learning_rate_falls_linearly() -> None:
    settings = PPOSettings(learning_rate=1e-3, learning_rate_end=0.2)
    assert [settings.rate(done) for done in (0.0, 0.5, 1.0)] == pytest.approx([1e-3, 6e-4, 2e-4])
