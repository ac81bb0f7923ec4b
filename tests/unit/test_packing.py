"""Packed weights: the same answers but for rounding, weights that change are packed anew, gradients are left alone."""

import pytest
import torch
from torch import nn

from corrigible.language.packing import available, packed

pytestmark = pytest.mark.skipif(not available(), reason="this PyTorch was built without oneDNN")


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(256, 512), nn.Tanh(), nn.Linear(512, 300, bias=False), nn.Linear(300, 2))


def test_answers_are_the_same_but_for_rounding() -> None:
    net, x = network(), torch.randn(3, 5, 256)
    with torch.no_grad():
        plain = net(x)
        with packed(net):
            fast = net(x)
            assert type(net[0].forward).__name__ == "partial"
            assert type(net[3].forward).__name__ == "method"  # too small to pay
        assert torch.equal(net(x), plain)
    assert torch.allclose(fast, plain, atol=1e-5)


@pytest.mark.parametrize("frozen", [True, False])
def test_weights_that_were_changed_are_packed_anew(frozen: bool) -> None:
    net, x = network().requires_grad_(not frozen), torch.randn(4, 256)

    def fast() -> torch.Tensor:
        with packed(net):
            return net(x)

    with torch.no_grad():
        before = fast()
        net[0].weight.mul_(0.5)
        assert torch.allclose(fast(), net(x), atol=1e-5)
        assert not torch.allclose(fast(), before, atol=1e-3)
        net[2].weight.data = net[2].weight.data * 2.0
        assert torch.allclose(fast(), net(x), atol=1e-5)


def test_packing_inside_packing_leaves_the_outer_one_in_place() -> None:
    net, x = network(), torch.randn(4, 256)
    with torch.no_grad(), packed(net):
        with packed(net):
            inner = net(x)
        assert torch.equal(net(x), inner)
        assert type(net[0].forward).__name__ == "partial"


def test_where_gradients_flow_nothing_is_packed() -> None:
    net = network()
    with packed(net):
        net(torch.randn(2, 256)).sum().backward()
    assert net[0].weight.grad is not None


def test_layers_are_as_they_were_after_an_error() -> None:
    net = network()
    with pytest.raises(ZeroDivisionError), torch.no_grad(), packed(net):
        raise ZeroDivisionError
    assert type(net[0].forward).__name__ == "method"
