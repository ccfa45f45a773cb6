"""The optimiser of one module: Adam, AdamW or SGD, fused into one kernel."""

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from sonoloop.training.config import TrainingConfig


def build_optimizer(module: nn.Module, config: TrainingConfig) -> Optimizer:
    """Give every weight of a module to one optimiser.

    Matrices and kernels decay; vectors (biases, norm gains) do not, because pulling a gain
    towards zero regularises nothing.

    Args:
        module: What to train; weights that need no gradient are left out.
        config: Kind of optimiser and its numbers.

    Returns:
        The optimiser, its learning rate to be set at every step.
    """
    weights = [weight for weight in module.parameters() if weight.requires_grad]
    groups = [
        {
            "params": [weight for weight in weights if weight.ndim > 1],
            "weight_decay": config.weight_decay,
        },
        {"params": [weight for weight in weights if weight.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if config.optimizer == "sgd":
        return SGD(groups, lr=config.learning_rate, momentum=config.betas[0], fused=True)
    kind = AdamW if config.optimizer == "adamw" else Adam
    return kind(
        groups,
        lr=config.learning_rate,
        betas=config.betas,
        amsgrad=config.amsgrad,
        fused=True,
    )


def set_learning_rate(optimizer: Optimizer, learning_rate: float) -> None:
    """Set the learning rate of all weights.

    Args:
        optimizer: The optimiser to change.
        learning_rate: For its next step.
    """
    for group in optimizer.param_groups:
        group["lr"] = learning_rate


def optimizer_tensors(module: nn.Module, optimizer: Optimizer) -> dict[str, Tensor]:
    """Name the optimiser's running means after the weights they belong to.

    Args:
        module: The module whose weights the optimiser holds.
        optimizer: The optimiser.

    Returns:
        Tensors named "weight name|state name"; empty before the first step.
    """
    names: dict[Tensor, str] = {weight: name for name, weight in module.named_parameters()}
    return {
        f"{names[weight]}|{key}": value
        for weight, state in optimizer.state.items()
        for key, value in state.items()
    }


def load_optimizer_tensors(
    module: nn.Module, optimizer: Optimizer, tensors: dict[str, Tensor]
) -> None:
    """Put running means back where :func:`optimizer_tensors` found them.

    Args:
        module: The module whose weights the optimiser holds.
        optimizer: The optimiser to fill.
        tensors: As :func:`optimizer_tensors` gave them.

    Raises:
        KeyError: If the tensors name a weight that the module does not have.
    """
    weights = dict(module.named_parameters())
    for full_name, value in tensors.items():
        name, key = full_name.rsplit("|", 1)
        weight = weights[name]
        if value.shape == weight.shape:  # a running mean: the memory layout of its weight
            value = torch.empty_like(weight, dtype=value.dtype).copy_(value)  # noqa: PLW2901
        optimizer.state[weight][key] = value
