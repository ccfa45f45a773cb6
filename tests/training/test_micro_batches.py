"""Parts of a batch have the items and the noise of the whole, and leave buffers as one pass."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from sonoloop.batch_random import batch_normal
from sonoloop.errors import UsageError
from sonoloop.layers.actnorm2d import ActNorm2d
from sonoloop.training.config import TrainingConfig
from sonoloop.training.micro_batches import KeptBuffers, each_part, refuse_uneven, take_items
from sonoloop.training.random_numbers import seed_step

CPU = torch.device("cpu")


class Pair(NamedTuple):
    """Two tensors."""

    one: Tensor
    other: Tensor


def test_items_of_whatever_holds_them() -> None:
    """Tensors, tuples with numbers in them, named tuples."""
    tensor = torch.arange(5)
    assert take_items(tensor, slice(2)).tolist() == [0, 1]
    number, few = take_items((7, tensor), slice(1, None, 2))
    assert (number, few.tolist()) == (7, [1, 3])
    pair = take_items(Pair(tensor, tensor + 1), slice(1))
    assert isinstance(pair, Pair)
    assert (pair.one.tolist(), pair.other.tolist()) == ([0], [1])


@settings(max_examples=40)
@given(share=st.integers(1, 3), parts=st.integers(1, 4), world_size=st.integers(1, 4))
def test_an_item_s_noise_does_not_depend_on_its_part(
    share: int, parts: int, world_size: int
) -> None:
    """Property: whatever processes and parts, item i has the numbers it has in one process."""
    batch = torch.arange(share * parts * world_size)
    whole = batch_normal((len(batch), 2), seed_step(3, 5, CPU))
    for rank in range(world_size):
        own = batch[rank::world_size]
        for part in range(parts):
            items = take_items(own, slice(part, None, parts))
            generator = seed_step(
                3, 5, CPU, rank=rank + part * world_size, num_processes=parts * world_size
            )
            assert torch.equal(batch_normal((len(items), 2), generator), whole[items])


def test_every_part_finds_the_buffers_of_the_first() -> None:
    """A spectral norm refines its vectors once a step, however many parts pass."""
    torch.manual_seed(0)
    fabric = Fabric(accelerator="cpu", devices=1)
    fabric.launch()
    layer = fabric.setup(spectral_norm(nn.Linear(4, 4)))
    before = [buffer.clone() for buffer in layer.buffers()]

    def passes() -> Iterator[Tensor]:
        yield layer(torch.ones(1, 4)).sum().detach()

    (once,) = each_part(fabric, [layer], [passes()])
    after = [buffer.clone() for buffer in layer.buffers()]
    assert not all(map(torch.equal, before, after))
    for buffer, value in zip(layer.buffers(), before, strict=True):
        buffer.copy_(value)
    parts = [passes() for _ in range(3)]
    thrice = list(each_part(fabric, [layer], parts))
    assert [float(value) for value in thrice] == [float(once)] * 3
    assert all(map(torch.equal, layer.buffers(), after))
    assert list(each_part(fabric, [layer], parts)) == []


def test_flags_stay() -> None:
    """What a part has set for good, such as an activation norm's flag, is not undone."""
    module = nn.Module()
    module.register_buffer("is_set", torch.tensor(data=False))
    module.register_buffer("vector", torch.zeros(2))
    kept = KeptBuffers([module])
    for buffer in module.buffers():
        buffer.fill_(1)
    kept.restore()
    assert bool(module.is_set)
    assert not module.vector.any()


def test_an_activation_norm_starts_from_the_first_part() -> None:
    """Not from the whole batch, as docs/training.md says; the next part leaves it as it is."""
    fabric = Fabric(accelerator="cpu", devices=1)
    fabric.launch()
    norm = ActNorm2d(2)
    layer = fabric.setup(norm)
    features = torch.randn(4, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    parts = [take_items(features, slice(part, None, 2)) for part in range(2)]

    def passes(part: Tensor) -> Iterator[Tensor]:
        yield layer(part).sum().detach()

    list(each_part(fabric, [layer], list(map(passes, parts))))
    mean = parts[0].mean(dim=(0, 2, 3), keepdim=True)
    torch.testing.assert_close(norm.shift, nn.Parameter(-mean))


def test_uneven_parts_are_refused() -> None:
    """The sentence names all numbers, and one that would do."""
    config = TrainingConfig(batch_size=12, accumulate_grad_batches=4)
    refuse_uneven(config, 3)
    message = r"12 cannot be shared by 2 processes in 4 parts \(accumul.*: choose a multiple of 8"
    with pytest.raises(UsageError, match=message):
        refuse_uneven(config, 2)
