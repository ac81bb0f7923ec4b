"""The network of pixel agents is three plain convolutions, a dense layer and two heads, whatever the memory layout."""

import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from corrigible.agents.pixel_network import (  # noqa: E402
    BLOCK,
    NetworkParams,
    PixelNetwork,
    in_blocks,
    network_of,
    parameters_of,
)
from corrigible.errors import BadInput  # noqa: E402

SIZES = ((36, 36, 3), (37, 38, 3), (39, 41, 1), (48, 64, 4), (84, 84, 2))


def made(height, width, channels, **other):
    params = NetworkParams(height=height, width=width, channels=channels, filters=(4, 5, 6), dense=7, **other)
    network = PixelNetwork(params, np.random.default_rng(1))
    with torch.no_grad():
        for name, bias in network.named_parameters():
            if name.endswith("bias"):
                bias.copy_(torch.linspace(-0.2, 0.3, len(bias)))
    return network


def pictures(network, worlds=5):
    params = network.params
    shape = (worlds, params.height, params.width, params.channels)
    return np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)


def plainly(network, observations):
    """The same as nn.Conv2d does it: pixels / 255, strides, and features in the order (high, wide, filter)."""
    seen = torch.from_numpy(observations).double().permute(0, 3, 1, 2) / 255.0
    for layer, stride in ((network.first, 4), (network.second, 2), (network.third, 1)):
        convolution = nn.Conv2d(layer.in_channels, layer.out_channels, layer.kernel_size, stride).double()
        convolution.load_state_dict({name: value.double() for name, value in layer.state_dict().items()})
        seen = functional.relu(convolution(seen))
    flat = seen.permute(0, 2, 3, 1).flatten(1)
    return functional.relu(flat @ network.dense.weight.double().T + network.dense.bias.double())


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_network_over_blocks_is_one_over_pixels(size) -> None:
    network = made(*size)
    observations = pictures(network)
    with torch.no_grad():
        features = network.features(torch.from_numpy(in_blocks(observations, network.params)))
        expected = plainly(network, observations)
        assert expected.abs().max() > 0.1
        torch.testing.assert_close(features.double(), expected, rtol=1e-5, atol=1e-5)
        logits, values, hidden = network(torch.from_numpy(in_blocks(observations, network.params)))
        actor, critic = network.actor, network.critic
        torch.testing.assert_close(
            logits.double(), expected @ actor.weight.double().T + actor.bias, rtol=1e-5, atol=1e-5
        )
        torch.testing.assert_close(
            values.double(), (expected @ critic.weight.double().T + critic.bias)[:, 0], rtol=1e-5, atol=1e-5
        )
    assert hidden is None


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_blocks_hold_every_pixel_once_and_zeros_beyond_the_edge(size) -> None:
    network = made(*size)
    observations = pictures(network)
    N, H, W, C = observations.shape
    blocks = in_blocks(observations, network.params)
    high, wide, deep = network.params.blocks
    assert blocks.shape == (N, high, wide, deep)
    assert blocks.flags.c_contiguous
    back = blocks.reshape(N, high, wide, BLOCK, BLOCK, C).transpose(0, 1, 3, 2, 4, 5).reshape(N, 4 * high, 4 * wide, C)
    assert (back[:, :H, :W] == observations).all()
    assert not back[:, H:].any()
    assert not back[:, :, W:].any()


def test_pixels_that_no_kernel_reaches_change_nothing() -> None:
    network = made(39, 38, 3)  # the first layer ends at pixel 36
    observations = pictures(network)
    changed = observations.copy()
    changed[:, 36:] ^= 255
    changed[:, :, 36:] ^= 255
    with torch.no_grad():
        one, other = (network(torch.from_numpy(in_blocks(some, network.params)))[0] for some in (observations, changed))
    assert torch.equal(one, other)


def test_first_weights_are_orthogonal_with_their_gains_and_biases_are_zero() -> None:
    network = PixelNetwork(NetworkParams(memory=9, dense=20, filters=(5, 6, 7)), np.random.default_rng(0))
    gains = {"actor": 0.01, "critic": 0.01, "memory": 1.0}
    for name, parameter in network.named_parameters():
        if parameter.ndim == 1:
            assert not parameter.any()
            continue
        matrix = parameter.detach().double().flatten(1)
        square = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
        gain = gains.get(name.split(".")[0], np.sqrt(2))
        torch.testing.assert_close(square, gain**2 * torch.eye(len(square)).double(), rtol=1e-5, atol=1e-5 * gain)


def test_weights_are_drawn_from_the_generator_alone() -> None:
    one, same, other = (parameters_of(PixelNetwork(NetworkParams(), np.random.default_rng(seed))) for seed in (1, 1, 2))
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert not np.array_equal(one["dense.weight"], other["dense.weight"])


def test_weights_come_back_bit_for_bit_and_convolutions_stay_in_channels_last() -> None:
    network = made(37, 38, 3, memory=4)
    again = network_of(parameters_of(network), network.params)
    for (name, one), (_, other) in zip(network.named_parameters(), again.named_parameters(), strict=True):
        assert torch.equal(one, other), name
    for layer in (again.first, again.second, again.third):
        assert layer.weight.is_contiguous(memory_format=torch.channels_last)


def test_a_gru_remembers_and_begins_with_nothing() -> None:
    network = made(36, 36, 1, memory=4)
    blocks = torch.from_numpy(in_blocks(pictures(network), network.params))
    with torch.no_grad():
        first, _, hidden = network(blocks)
        zeros, _, _ = network(blocks, torch.zeros(5, 4))
        later, _, _ = network(blocks, hidden)
    assert torch.equal(first, zeros)
    assert not torch.equal(first, later)


@pytest.mark.parametrize(
    "changed",
    [{"height": 35}, {"width": 8}, {"channels": 0}, {"actions": 0}, {"dense": 0}, {"memory": -1}, {"dense": 2.5},
     {"height": True}, {"filters": (1, 2)}, {"filters": (1, 2, 0)}, {"filters": (1, 2, 3.0)}],
    ids=str,
)  # fmt: skip
def test_a_shape_that_cannot_be_is_refused_in_one_line(changed) -> None:
    with pytest.raises(BadInput, match=next(iter(changed))) as refused:
        NetworkParams(**changed)
    assert "\n" not in str(refused.value)


def test_weights_of_another_network_or_not_finite_are_refused() -> None:
    network = made(36, 36, 3)
    given = parameters_of(network)
    with pytest.raises(BadInput, match=r"weights dense\.bias, dense\.weight"):
        network_of(given | {"dense.weight": np.zeros((3, 3)), "dense.bias": np.zeros(3)}, network.params)
    with pytest.raises(BadInput, match=r"weights .*memory\.bias_hh"):
        network_of(given, NetworkParams(height=36, width=36, filters=(4, 5, 6), dense=7, memory=3))
    with pytest.raises(BadInput, match=r"actor\.bias: every weight is finite"):
        network_of(given | {"actor.bias": np.full(10, np.nan)}, network.params)


@pytest.mark.parametrize("module", ["ppo", "pixel_policy", "pixel_network", "policy_files"])
def test_without_pytorch_one_line_says_what_to_install(module) -> None:
    script = f"""
import sys
sys.modules["torch"] = None
from corrigible.errors import BadInput
try:
    import corrigible.agents.{module}
except BadInput as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == 'torch: pixel agents are PyTorch\'s, and it is not installed; pip install "corrigible[rl]"\n'
