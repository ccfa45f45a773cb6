"""The optimiser's groups, and the way of its running means to a file and back."""

import pytest
import torch
from torch import nn

from sonoloop.training.config import TrainingConfig
from sonoloop.training.optimizer import (
    build_optimizer,
    load_optimizer_tensors,
    optimizer_tensors,
    set_learning_rate,
)


def step_once(module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Make one optimiser step on a fixed loss."""
    optimizer.zero_grad()
    module(torch.ones(2, 1, 4, 4)).square().sum().backward()
    optimizer.step()


def make() -> tuple[nn.Module, torch.optim.Optimizer]:
    """Build a convolution with kernels laid out channels last."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 2))
    module[1].to(memory_format=torch.channels_last)
    return module, build_optimizer(module, TrainingConfig(weight_decay=0.1))


def test_only_kernels_decay() -> None:
    """Kernels are in the group that decays, biases in the one that does not."""
    _, optimizer = make()
    decays = {group["weight_decay"]: len(group["params"]) for group in optimizer.param_groups}
    assert decays == {0.1: 2, 0.0: 2}


@pytest.mark.parametrize("kind", ["adam", "adamw"])
def test_first_step_is_the_learning_rate(kind: str) -> None:
    """Known value: Adam's first step has that size (arXiv:1412.6980, Section 2.1)."""
    module = nn.Linear(1, 1, bias=False)
    config = TrainingConfig.model_validate({"optimizer": kind, "weight_decay": 0.0})
    optimizer = build_optimizer(module, config)
    set_learning_rate(optimizer, 0.25)
    before = module.weight.item()
    module(torch.ones(1, 1)).sum().backward()
    optimizer.step()
    assert before - module.weight.item() == pytest.approx(0.25, rel=1e-4)


def test_amsgrad_never_forgets_a_large_gradient() -> None:
    """Its largest mean square is kept, and goes to the checkpoint with the others."""
    module = nn.Linear(1, 1, bias=False)
    optimizer = build_optimizer(module, TrainingConfig(amsgrad=True, weight_decay=0.0))
    for size in (100.0, 1.0):
        optimizer.zero_grad()
        module(torch.full((1, 1), size)).sum().backward()
        optimizer.step()
    tensors = optimizer_tensors(module, optimizer)
    largest = tensors["weight|max_exp_avg_sq"].item()
    assert largest == pytest.approx(0.01 * 100**2, rel=1e-5)
    assert tensors["weight|exp_avg_sq"].item() < largest


def test_sgd_has_momentum() -> None:
    """Of a constant gradient g the second step is (1 + momentum) g; the momentum is kept."""
    module = nn.Linear(1, 1, bias=False)
    config = TrainingConfig(optimizer="sgd", betas=(0.9, 0.999), weight_decay=0.0)
    optimizer = build_optimizer(module, config)
    set_learning_rate(optimizer, 0.1)
    steps = []
    for _ in range(2):
        before = module.weight.item()
        optimizer.zero_grad()
        module(torch.full((1, 1), 2.0)).sum().backward()
        optimizer.step()
        steps.append(before - module.weight.item())
    assert steps == pytest.approx([0.1 * 2, 0.1 * 1.9 * 2], rel=1e-5)
    assert list(optimizer_tensors(module, optimizer)) == ["weight|momentum_buffer"]


def test_frozen_weights_are_left_out() -> None:
    """A weight without gradient is not in the optimiser."""
    module = nn.Linear(2, 2)
    module.bias.requires_grad_(requires_grad=False)
    optimizer = build_optimizer(module, TrainingConfig())
    assert [len(group["params"]) for group in optimizer.param_groups] == [1]


def test_running_means_come_back_with_value_and_layout() -> None:
    """A step after loading equals the step that would have followed."""
    module, optimizer = make()
    assert optimizer_tensors(module, optimizer) == {}
    step_once(module, optimizer)
    saved = {name: value.clone(memory_format=torch.contiguous_format) for name, value in
             optimizer_tensors(module, optimizer).items()}  # fmt: skip
    twin, twin_optimizer = make()
    twin.load_state_dict(module.state_dict())
    load_optimizer_tensors(twin, twin_optimizer, saved)
    assert twin_optimizer.state[twin[1].weight]["exp_avg"].stride() == twin[1].weight.stride()
    step_once(module, optimizer)
    step_once(twin, twin_optimizer)
    assert all(map(torch.equal, module.parameters(), twin.parameters()))


def test_running_mean_of_an_unknown_weight_is_refused() -> None:
    """A file of another model names weights that are not there."""
    module, optimizer = make()
    with pytest.raises(KeyError, match="other"):
        load_optimizer_tensors(module, optimizer, {"other|exp_avg": torch.zeros(1)})
