"""The first frame as a vector."""

import torch

from sonoloop.flow.conditioner import FirstFrameConditioner


def test_frames_of_any_size_become_vectors() -> None:
    """One vector of the length asked for; different frames, different vectors."""
    torch.manual_seed(0)
    conditioner = FirstFrameConditioner((4, 8, 8), channels=5)
    for size in (32, 64):
        vectors = conditioner(torch.rand(2, 1, size, size) * 2 - 1)
        assert vectors.shape == (2, 5)
        assert not torch.allclose(vectors[0], vectors[1])


def test_it_is_trained_with_the_flow() -> None:
    """Every weight gets a gradient."""
    conditioner = FirstFrameConditioner((4, 8), channels=5)
    conditioner(torch.rand(2, 1, 32, 32)).square().sum().backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in conditioner.parameters())
