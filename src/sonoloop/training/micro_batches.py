"""Gradient accumulation: a batch in parts, whose gradients add up to that of the whole.

Part p of P in process r of W holds what process r + p W of P W would have, so every item has the
random numbers it has in the whole batch (see ``sonoloop.batch_random``).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from sonoloop.errors import UsageError
from sonoloop.training.config import TrainingConfig

Losses = TypeVar("Losses")


def take_items(batch: Any, items: slice) -> Any:  # noqa: ANN401 - of the batch's own type
    """Take some items of every tensor of a batch, whatever holds the tensors.

    Args:
        batch: A tensor, or a tuple of such and of what is no tensor.
        items: Which.
    """
    if isinstance(batch, Tensor):
        return batch[items].contiguous()
    if isinstance(batch, tuple):
        parts = [take_items(part, items) for part in batch]
        make = getattr(batch, "_make", tuple)  # a named tuple has it
        return make(parts)
    return batch


class KeptBuffers:
    """Buffers of modules as they are now, for every part to find them so.

    A spectral norm refines its vectors at every pass: with P parts it would do so P times a step.
    Flags and counts are left alone.

    Args:
        modules: Their floating point buffers are copied.
    """

    @torch.no_grad()
    def __init__(self, modules: Iterable[nn.Module]) -> None:
        """Copy them."""
        self._kept = [
            (buffer, buffer.clone())
            for module in modules
            for buffer in module.buffers()
            if buffer.is_floating_point()
        ]

    @torch.no_grad()
    def restore(self) -> None:
        """Put them back, in place."""
        for buffer, copy in self._kept:
            buffer.copy_(copy)


def each_part(
    fabric: Fabric, modules: Collection[nn.Module], yielding: Sequence[Iterator[Losses]]
) -> Iterator[Losses]:
    """Compute the next losses of every part; take the gradient of each before asking for the next.

    Processes exchange gradients with the last part alone.

    Args:
        fabric: Set the modules up.
        modules: All that is computed with.
        yielding: One for each part.

    Yields:
        What each part yields next; nothing where the parts are at their end.
    """
    buffers = KeptBuffers(modules if len(yielding) > 1 else ())
    for part, losses in enumerate(yielding, 1):
        buffers.restore()
        with ExitStack() as stack:
            for module in modules if part < len(yielding) else ():
                stack.enter_context(fabric.no_backward_sync(module))  # type: ignore[arg-type]
            try:
                following = next(losses)
            except StopIteration:
                return
            yield following


def refuse_uneven(config: TrainingConfig, world_size: int) -> None:
    """Refuse a batch that processes and parts cannot share evenly.

    Args:
        config: Batch size and parts.
        world_size: Number of processes.

    Raises:
        UsageError: Naming a number of which the batch must be a multiple.
    """
    parts = config.accumulate_grad_batches
    if config.batch_size % (world_size * parts):
        msg = (
            f"batch_size {config.batch_size} cannot be shared by {world_size} processes in "
            f"{parts} parts (accumulate_grad_batches): choose a multiple of {world_size * parts}"
        )
        raise UsageError(msg)
