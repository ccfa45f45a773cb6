"""Affine coupling."""

import pytest
import torch

from sonoloop.flow.coupling import DoubleCoupling


def make(size: int, *, limit: float | None = None) -> DoubleCoupling:
    """Build a coupling whose scales are far from 1."""
    torch.manual_seed(size)
    coupling = DoubleCoupling(
        size, condition_channels=3, hidden_width=16, hidden_depth=1, log_scale_limit=limit
    )
    for network in coupling.log_scales:
        network[-1].weight.data *= 10  # type: ignore[index, union-attr]
    return coupling


@pytest.mark.parametrize("limit", [None, 0.5])
@pytest.mark.parametrize("size", [2, 5, 8])
def test_inverse_undoes_and_the_determinant_is_the_jacobian_s(
    size: int, limit: float | None
) -> None:
    """Even and odd lengths, bounded or not, against autograd's Jacobian in float64."""
    coupling = make(size, limit=limit).double()
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
    coupling = make(6)
    values = torch.randn(1, 6)
    one, _ = coupling(values, torch.zeros(1, 3))
    two, _ = coupling(values, torch.ones(1, 3))
    assert (one != two).all()
    for network in coupling.modules():
        if isinstance(network, torch.nn.Linear):
            torch.nn.init.zeros_(network.weight)
            torch.nn.init.zeros_(network.bias)
    swapped, log_determinant = coupling(values, torch.zeros(1, 3))
    assert torch.equal(swapped, torch.cat([values[:, 3:], values[:, :3]], dim=1))
    assert log_determinant.item() == 0


def test_scales_stay_within_their_limit() -> None:
    """However large the networks' answers: each of 6 numbers is scaled by e^0.5 at most."""
    values, condition = 10 * torch.randn(20, 6), torch.randn(20, 3)
    assert make(6)(values, condition)[1].abs().max() > 6 * 0.5
    assert make(6, limit=0.5)(values, condition)[1].abs().max() <= 6 * 0.5 + 1e-4
