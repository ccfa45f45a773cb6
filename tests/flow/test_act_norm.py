"""Activation normalisation."""

import torch

from sonoloop.flow.act_norm import ActNorm


def test_first_data_come_out_standardised() -> None:
    """Mean 0, standard deviation 1 (Kingma and Dhariwal 2018, Section 3.1); constants are 0."""
    torch.manual_seed(0)
    values = torch.randn(400, 3) * torch.tensor([5.0, 1e-3, 0.0]) + torch.tensor([7.0, -2.0, 4.0])
    norm = ActNorm(3)
    norm.standardise(values)
    made, _ = norm(values)
    torch.testing.assert_close(made.mean(dim=0), torch.zeros(3), atol=1e-3, rtol=0)
    expected = torch.tensor([1.0, 1.0, 0.0])
    torch.testing.assert_close(made.std(dim=0, correction=0), expected, atol=1e-3, rtol=0)
    torch.testing.assert_close(norm.inverse(made), values, atol=1e-5, rtol=1e-5)


def test_log_determinant_is_that_of_a_diagonal_matrix() -> None:
    """The sum of the logarithms of the scales, the same for every item."""
    norm = ActNorm(4)
    norm.log_scale.data = torch.tensor([0.5, -1.0, 2.0, 0.0])
    _, log_determinant = norm(torch.randn(3, 4))
    torch.testing.assert_close(log_determinant, torch.full((3,), 1.5))
