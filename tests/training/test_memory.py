"""Which batch fits is found by trying."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from sonoloop.training.memory import first_items, fitting_batch_size, memory_sentence


class Pair(NamedTuple):
    """Two tensors."""

    one: Tensor
    other: Tensor


def test_first_items_of_whatever_holds_them() -> None:
    """Tensors, tuples with numbers in them, named tuples."""
    tensor = torch.arange(5)
    assert first_items(tensor, 2).tolist() == [0, 1]  # type: ignore[attr-defined]
    number, few = first_items((7, tensor), 3)  # type: ignore[misc]
    assert (number, few.tolist()) == (7, [0, 1, 2])
    pair = first_items(Pair(tensor, tensor + 1), 1)
    assert isinstance(pair, Pair)
    assert (pair.one.tolist(), pair.other.tolist()) == ([0], [1])


@pytest.mark.parametrize(("most", "expected"), [(9, 8), (8, 8), (7, 4), (1, 1), (0, None)], ids=str)
def test_the_largest_half_that_fits(most: int, expected: int | None) -> None:
    """Of 16: 8, 4, 2, 1 are tried in turn."""
    tried = []

    def attempt(size: int) -> None:
        tried.append(size)
        if size > most:
            msg = "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"
            raise RuntimeError(msg)

    assert fitting_batch_size(attempt, 16) == expected
    assert tried == [8, 4, 2, 1][: len(tried)]


def test_another_error_is_not_taken_for_memory() -> None:
    """It goes on to whoever can explain it."""

    def attempt(size: int) -> None:
        msg = f"shapes differ at {size}"
        raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="shapes differ at 2"):
        fitting_batch_size(attempt, 4)


def test_sentences_name_setting_and_remedy() -> None:
    """What to type, or that no batch helps."""
    assert "--set diffusion_training.batch_size=4" in memory_sentence("diffusion", 16, 4)
    assert "smaller clip.size" in memory_sentence("autoencoder", 16, None)
