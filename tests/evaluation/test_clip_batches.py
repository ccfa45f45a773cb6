"""Streams of clips come out in batches of one size, whatever they went in as."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.clip_batches import batched


@given(
    sizes=st.lists(st.integers(0, 9), max_size=8),
    batch_size=st.integers(1, 7),
)
def test_regrouping_keeps_every_clip_in_order(sizes: list[int], batch_size: int) -> None:
    """0 stands for a single clip; every batch but the last is full."""
    count = sum(max(size, 1) for size in sizes)
    numbers = iter(range(count))
    stream = [
        torch.full((size, 1, 2, 3, 3) if size else (1, 2, 3, 3), -1.0).copy_(
            torch.tensor([next(numbers) for _ in range(max(size, 1))], dtype=torch.float32).view(
                -1, 1, 1, 1, 1
            )
            if size
            else torch.tensor(float(next(numbers)))
        )
        for size in sizes
    ]
    batches = list(batched(stream, batch_size))
    assert all(len(batch) == batch_size for batch in batches[:-1])
    assert [int(clip.mean()) for batch in batches for clip in batch] == list(range(count))


def test_clips_of_two_shapes_are_refused() -> None:
    """Within a stream, and against the shape of another."""
    long, short = torch.zeros(2, 1, 16, 8, 8), torch.zeros(2, 1, 15, 8, 8)
    with pytest.raises(SonoloopError, match=r"\(1, 16, 8, 8\) and \(1, 15, 8, 8\); resample"):
        list(batched([long, short]))
    with pytest.raises(SonoloopError, match=r"\(1, 15, 8, 8\) and \(1, 16, 8, 8\)"):
        list(batched([long], shape=(1, 15, 8, 8)))


def test_an_empty_batch_is_refused() -> None:
    """The message states the size asked for."""
    with pytest.raises(ValueError, match="at least 1 clip, got 0"):
        list(batched([], 0))
