"""Noise of synthesised items: each from its own generator, whatever is made beside it."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def check_generators(num_items: int, generators: Sequence[torch.Generator]) -> None:
    """Refuse generators that would make an item depend on others or on the device.

    Args:
        num_items: Items to synthesise.
        generators: Their generators.

    Raises:
        ValueError: If there is not one CPU generator per item.
    """
    if len(generators) != num_items:
        msg = f"need one generator per first frame, got {len(generators)} for {num_items}"
        raise ValueError(msg)
    if any(generator.device.type != "cpu" for generator in generators):
        msg = "need generators on the CPU: other devices draw other numbers from the same seed"
        raise ValueError(msg)


def item_noise(
    shape: Sequence[int], generators: Sequence[torch.Generator]
) -> Float[Tensor, "b ..."]:
    """Draw standard normal noise, one item from each generator.

    Args:
        shape: Of one item.
        generators: On the CPU.

    Returns:
        Noise on the CPU, float32.
    """
    items = [torch.randn(tuple(shape), generator=generator) for generator in generators]
    return torch.stack(items)
