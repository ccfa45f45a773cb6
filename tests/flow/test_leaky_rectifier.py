"""The invertible leaky rectifier."""

import math

import torch

from sonoloop.flow.leaky_rectifier import InvertibleLeakyReLU


def test_negative_numbers_are_scaled_and_counted() -> None:
    """Each adds the logarithm of the slope; the authors' code adds 0."""
    rectifier = InvertibleLeakyReLU(0.9)
    values = torch.tensor([[1.0, -2.0, -3.0, 0.0], [1.0, 2.0, 3.0, 4.0]])
    made, log_determinant = rectifier(values)
    torch.testing.assert_close(made[0], torch.tensor([1.0, -1.8, -2.7, 0.0]))
    torch.testing.assert_close(log_determinant, torch.tensor([2 * math.log(0.9), 0.0]))
    torch.testing.assert_close(rectifier.inverse(made), values)
