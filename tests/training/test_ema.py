"""The averaged weights."""

import pytest
import torch
from torch import nn

from sonoloop.training.ema import Ema


def test_average_follows_its_formula() -> None:
    """Known values: decays 1/10, 2/11, then the one given, worked out by hand."""
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, 0.0)
    ema = Ema(module, ema_decay=0.15)
    expected = 0.0
    for decay in (0.1, 0.15, 0.15):  # (1 + n) / (10 + n) is 0.1, 0.18, 0.25
        nn.init.constant_(module.weight, 1.0)
        ema.update(module)
        expected = decay * expected + (1 - decay) * 1.0
        assert ema.ema_model.weight.item() == pytest.approx(expected)
    assert ema.num_updates == 3


def test_a_module_at_rest_is_its_own_average() -> None:
    """Property: what does not change stays, bit for bit."""
    module = nn.Linear(5, 5)
    ema = Ema(module, ema_decay=0.999)
    for _ in range(5):
        ema.update(module)
    assert torch.equal(ema.ema_model.weight, module.weight)


def test_buffers_are_copied_and_weights_are_apart() -> None:
    """Buffers follow at once; the copy is in evaluation mode and needs no gradient."""
    module = nn.BatchNorm1d(2)
    ema = Ema(module, ema_decay=0.9)
    module(torch.randn(8, 2))
    ema.update(module)
    assert torch.equal(ema.ema_model.running_mean, module.running_mean)
    assert torch.equal(ema.ema_model.num_batches_tracked, module.num_batches_tracked)
    assert not ema.ema_model.training
    assert not any(weight.requires_grad for weight in ema.ema_model.parameters())
    assert module.weight.requires_grad


def test_memory_layout_is_kept() -> None:
    """Kernels laid out channels last stay so: another layout would slow sampling down."""
    module = nn.Conv2d(4, 4, 3).to(memory_format=torch.channels_last)
    ema = Ema(module, ema_decay=0.9)
    ema.update(module)
    assert ema.ema_model.weight.stride() == module.weight.stride()
