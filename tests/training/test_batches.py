"""Which process trains on which sample."""

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sonoloop.errors import UsageError
from sonoloop.training.batches import read_batches, sample_numbers, stack_arrays


class Numbers:
    """A sample is its number."""

    def __getitem__(self, n: int) -> npt.NDArray[np.uint8]:
        """Give it back."""
        return np.array([n], dtype=np.uint8)


@given(
    first_step=st.integers(0, 5),
    steps=st.integers(0, 5),
    share=st.integers(1, 4),
    world_size=st.integers(1, 4),
)
def test_processes_share_every_step(
    first_step: int, steps: int, share: int, world_size: int
) -> None:
    """Property: together the processes see each sample of the steps left exactly once, n by n."""
    batch_size = share * world_size
    parts = [
        sample_numbers(
            first_step, first_step + steps, batch_size=batch_size, rank=rank, world_size=world_size
        )
        for rank in range(world_size)
    ]
    together = sorted(number for part in parts for number in part)
    assert together == list(range(first_step * batch_size, (first_step + steps) * batch_size))
    assert all(number % world_size == rank for rank, part in enumerate(parts) for number in part)
    for part in parts:  # each step of each process lies in the global step
        for step in range(steps):
            numbers = part[step * share : (step + 1) * share]
            assert all(number // batch_size == first_step + step for number in numbers)


def test_uneven_batch_is_refused() -> None:
    """The sentence names both numbers."""
    with pytest.raises(UsageError, match="batch_size 10 cannot be shared by 4 processes"):
        sample_numbers(0, 1, batch_size=10, world_size=4)


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # one core, two workers
@pytest.mark.parametrize("num_workers", [0, 2])
def test_batches_come_in_order(num_workers: int) -> None:
    """Whatever the number of readers; the global generator is left alone."""
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    batches = read_batches(
        Numbers(), range(4, 12), batch_size=2, num_workers=num_workers, pin_memory=False
    )
    assert [batch.flatten().tolist() for batch in batches] == [[4, 5], [6, 7], [8, 9], [10, 11]]
    assert torch.equal(torch.random.get_rng_state(), before)


def test_stack_keeps_type_and_order() -> None:
    """Uint8 until the device has it."""
    stacked = stack_arrays([np.full((2, 3), value, dtype=np.uint8) for value in (1, 2)])
    assert stacked.dtype == torch.uint8
    assert stacked.shape == (2, 2, 3)
    assert stacked[:, 0, 0].tolist() == [1, 2]
