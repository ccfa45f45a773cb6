"""One block of the flow."""

import torch

from sonoloop.flow.block import FlowBlock


def test_log_determinants_of_the_parts_add_up() -> None:
    """Against autograd's Jacobian in float64, with a set ActNorm and a strong rectifier."""
    torch.manual_seed(0)
    block = FlowBlock(
        6,
        condition_channels=2,
        hidden_width=16,
        hidden_depth=1,
        log_scale_limit=None,
        negative_slope=0.3,
    ).double()
    block.norm.standardise(3 + 5 * torch.randn(100, 6).double())
    values, condition = 3 + 5 * torch.randn(6).double(), torch.randn(1, 2).double()
    made, log_determinant = block(values[None], condition)
    torch.testing.assert_close(block.inverse(made, condition), values[None])
    jacobian = torch.autograd.functional.jacobian(lambda x: block(x[None], condition)[0][0], values)
    assert isinstance(jacobian, torch.Tensor)
    torch.testing.assert_close(log_determinant[0], torch.linalg.slogdet(jacobian).logabsdet)
