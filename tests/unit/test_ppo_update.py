"""An update of PPO, held against the loss written down plainly over a whole batch."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch.distributions import Categorical, kl_divergence  # noqa: E402

from corrigible.agents.pixel_network import NetworkParams, PixelNetwork, load_parameters, parameters_of  # noqa: E402
from corrigible.agents.ppo_settings import Anchor, PPOSettings  # noqa: E402
from corrigible.agents.ppo_update import PIECE, Batch, Threads, Updater  # noqa: E402

T, N = 7, 45
SHAPE = NetworkParams(height=36, width=36, channels=1, actions=4, filters=(3, 4, 5), dense=12)
WHOLE = {"epochs": 1, "minibatch": T * N, "gradient_norm": 1e9, "learning_rate": 1e-3}
assert T * N > 2 * PIECE


def network(memory=0, seed=1):
    made = PixelNetwork(replace(SHAPE, memory=memory), np.random.default_rng(seed))
    with torch.no_grad():
        made.actor.weight.mul_(500.0)  # so that policies differ between samples
    return made


def batch(memory=0, seed=0):
    draw = np.random.default_rng(seed)

    def floats(*shape):
        return torch.from_numpy(draw.normal(size=shape).astype(np.float32))

    return Batch(
        blocks=torch.from_numpy(draw.integers(0, 256, (T, N, *SHAPE.blocks), dtype=np.uint8)),
        action=torch.from_numpy(draw.integers(0, 4, (T, N))),
        log_prob=torch.from_numpy(draw.uniform(-2.5, -0.7, (T, N)).astype(np.float32)),
        value=floats(T, N),
        advantage=floats(T, N) + 0.5,
        began=torch.from_numpy(draw.random((T, N)) < 0.2),
        hidden=floats(N, memory) if memory else None,
    )


def answers(given, model):
    """Logits (T, N, actions) and values (T, N), world by world where the model remembers."""
    if given.hidden is None:
        logits, values, _ = model(given.blocks.flatten(0, 1))
        return logits.unflatten(0, (T, N)), values.unflatten(0, (T, N))
    logits, values = [], []
    for n in range(N):
        hidden = given.hidden[n : n + 1]
        for t in range(T):
            if given.began[t, n]:
                hidden = torch.zeros_like(hidden)
            one, value, hidden = model(given.blocks[t, n : n + 1], hidden)
            logits.append(one)
            values.append(value)
    return torch.cat(logits).unflatten(0, (N, T)).transpose(0, 1), torch.cat(values).unflatten(0, (N, T)).T


def loss_of(given, model, settings, anchor=None):
    """Schulman et al. 2017, equation 9, with the entropy and anchor terms of the settings, over all samples."""
    logits, values = answers(given, model)
    policy, advantage = Categorical(logits=logits), given.advantage
    if settings.normalise:
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    ratio = (policy.log_prob(given.action) - given.log_prob).exp()
    surrogate = torch.min(ratio * advantage, ratio.clamp(1 - settings.clip, 1 + settings.clip) * advantage).mean()
    error = (values - (given.value + given.advantage)).square().mean()
    loss = -surrogate + settings.value_weight * error / 2 - settings.entropy * policy.entropy().mean()
    if anchor is not None:
        other = Categorical(logits=answers(given, anchor)[0].detach())
        loss = loss + settings.anchor.weight * kl_divergence(policy, other).mean()
    return loss, {"policy": -surrogate, "value": error, "entropy": policy.entropy().mean(),
                  "clipped": ((ratio - 1).abs() > settings.clip).float().mean()}  # fmt: skip


def compared(memory, settings, anchor=None):
    model, given = network(memory), batch(memory)
    loss, numbers = loss_of(given, model, settings, anchor)
    expected = torch.autograd.grad(loss, list(model.parameters()))
    losses = Updater(model, settings, Threads(2)).update(given, 1e-3, np.random.default_rng(0))
    for (name, parameter), gradient in zip(model.named_parameters(), expected, strict=True):
        scale = float(gradient.abs().max())
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-3, atol=1e-5 * scale + 1e-9, msg=name)
    for name, value in numbers.items():
        assert getattr(losses, name) == pytest.approx(float(value.detach()), rel=1e-4), name
    norm = torch.cat([gradient.flatten() for gradient in expected]).norm()
    assert losses.gradient_norm == pytest.approx(float(norm), rel=1e-4)
    return losses


@pytest.mark.parametrize("normalise", [True, False])
def test_gradients_by_pieces_add_up_to_the_gradient_of_the_whole(normalise) -> None:
    compared(0, PPOSettings(**WHOLE, normalise=normalise))


def test_gradients_through_time_are_those_of_each_world_played_by_itself() -> None:
    compared(6, PPOSettings(**WHOLE, memory=6))


def test_an_anchor_adds_its_divergence() -> None:
    other = network(seed=5)
    settings = PPOSettings(**WHOLE, anchor=Anchor(parameters=parameters_of(other), weight=3.0))
    losses = compared(0, settings, other)
    assert losses.anchor_kl > 0.01


def test_an_unchanged_policy_has_no_divergence_and_nothing_clipped() -> None:
    model, given = network(), batch()
    with torch.no_grad():
        log_prob = Categorical(logits=answers(given, model)[0]).log_prob(given.action)
    updater = Updater(model, PPOSettings(**WHOLE), Threads(1))
    losses = updater.update(replace(given, log_prob=log_prob), 1e-3, np.random.default_rng(0))
    assert losses.kl == pytest.approx(0.0, abs=1e-6)
    assert losses.clipped == 0.0


@pytest.mark.usefixtures("one_thread_inside_operations")
@pytest.mark.parametrize("memory", [0, 6])
def test_learned_is_the_same_on_any_number_of_threads(memory) -> None:
    found = []
    for threads in (1, 2, 3):
        model = network(memory)
        updater = Updater(model, PPOSettings(epochs=2, minibatch=200, memory=memory), Threads(threads))
        updater.update(batch(memory), 1e-3, np.random.default_rng(3))
        found.append(parameters_of(model))
    assert all(np.array_equal(found[0][name], other[name]) for other in found[1:] for name in other)


@pytest.mark.parametrize("minibatch", [1, 2, T * N - 1])
def test_a_rest_of_one_sample_breaks_nothing(minibatch) -> None:
    model, given = network(), batch()
    few = Batch(
        blocks=given.blocks[:1, :3], action=given.action[:1, :3], log_prob=given.log_prob[:1, :3],
        value=given.value[:1, :3], advantage=given.advantage[:1, :3], began=given.began[:1, :3], hidden=None,
    )  # fmt: skip
    some = given if minibatch > 2 else few
    losses = Updater(model, PPOSettings(epochs=1, minibatch=minibatch), Threads(1)).update(
        some, 1e-3, np.random.default_rng(0)
    )
    assert np.isfinite(losses.policy)
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())


def test_gradients_are_clipped_to_their_largest_norm_and_steps_follow_the_rate() -> None:
    model = network()
    before = parameters_of(model)
    losses = Updater(model, PPOSettings(**{**WHOLE, "gradient_norm": 0.01}), Threads(1)).update(
        batch(), 2e-4, np.random.default_rng(0)
    )
    assert losses.gradient_norm > 0.01, "the norm is told as it was"
    norm = torch.cat([parameter.grad.flatten() for parameter in model.parameters()]).norm()
    assert float(norm) == pytest.approx(0.01, rel=1e-3)
    moved = max(float(np.abs(parameters_of(model)[name] - before[name]).max()) for name in before)
    assert moved == pytest.approx(2e-4, rel=0.05), "Adam's first step is as long as its rate"


def test_an_optimiser_that_was_put_back_goes_on_bit_for_bit() -> None:
    settings = PPOSettings(epochs=1, minibatch=200)
    one = network()
    updater = Updater(one, settings, Threads(1))
    updater.update(batch(), 1e-3, np.random.default_rng(0))
    other = network(seed=9)
    load_parameters(other, parameters_of(one))
    again = Updater(other, settings, Threads(1))
    again.load_state(updater.state())
    for each in (updater, again):
        each.update(batch(seed=1), 1e-3, np.random.default_rng(1))
    assert all(np.array_equal(parameters_of(one)[name], parameters_of(other)[name]) for name in parameters_of(one))
