"""Affine coupling."""

import pytest
import torch

from sonoloop.flow.coupling import DoubleCoupling


@pytest.mark.parametrize("size", [2, 5, 8])
def test_inverse_undoes_and_the_determinant_is_the_jacobian_s(size: int) -> None:
    """Even and odd lengths, against autograd's Jacobian in float64."""
    torch.manual_seed(size)
    coupling = DoubleCoupling(size, condition_channels=3, hidden_width=16, hidden_depth=1).double()
    values, condition = torch.randn(4, size).double(), torch.randn(4, 3).double()
    made, log_determinant = coupling(values, condition)
    torch.testing.assert_close(coupling.inverse(made, condition), values)
    for item in range(4):
        jacobian = torch.autograd.functional.jacobian(
            lambda x, item=item: coupling(x[None], condition[item : item + 1])[0][0], values[item]
        )
        assert isinstance(jacobian, torch.Tensor)
        expected = torch.linalg.slogdet(jacobian).logabsdet
        torch.testing.assert_close(log_determinant[item], expected)


def test_every_number_is_changed_and_hears_the_condition() -> None:
    """Both halves depend on the condition, and swap places."""
    torch.manual_seed(0)
    coupling = DoubleCoupling(6, condition_channels=2, hidden_width=16, hidden_depth=2)
    values = torch.randn(1, 6)
    one, _ = coupling(values, torch.zeros(1, 2))
    two, _ = coupling(values, torch.ones(1, 2))
    assert (one != two).all()
    for network in coupling.modules():
        if isinstance(network, torch.nn.Linear):
            torch.nn.init.zeros_(network.weight)
            torch.nn.init.zeros_(network.bias)
    swapped, log_determinant = coupling(values, torch.zeros(1, 2))
    assert torch.equal(swapped, torch.cat([values[:, 3:], values[:, :3]], dim=1))
    assert log_determinant.item() == 0
