"""Streams of clips, in batches of one size and all of one shape."""

from collections.abc import Iterable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.shapes import Clip

Clips = Iterable[Float[Tensor, "... _c _t _h _w"]]
"""Batches (b, c, t, h, w) of any size or single clips (c, t, h, w), all of one shape."""

CLIP_NDIM = 4
"""Axes of a single clip: channels, frames, height, width."""

BATCH_SIZE = 16
"""Clips that a net sees at once, as in the paper's code."""


def batched(
    clips: Clips, batch_size: int = BATCH_SIZE, *, shape: tuple[int, ...] | None = None
) -> Iterator[Clip]:
    """Regroup a stream, holding no more of it than one batch and one item.

    Args:
        clips: The stream.
        batch_size: Clips in every batch but the last, at least 1.
        shape: Channels, frames, height and width that every clip must have; None: the first's.

    Yields:
        Batches in the order of the stream.

    Raises:
        ValueError: If the batch size is below 1.
        SonoloopError: If a clip has another shape.
    """
    if batch_size < 1:
        msg = f"need a batch of at least 1 clip, got {batch_size}"
        raise ValueError(msg)
    waiting: list[Tensor] = []
    for item in clips:
        batch = item.unsqueeze(0) if item.ndim == CLIP_NDIM else item
        shape = shape or tuple(batch.shape[1:])
        refuse_unequal(shape, tuple(batch.shape[1:]))
        if len(batch):
            waiting.append(batch)
        if sum(map(len, waiting)) >= batch_size:
            together = torch.cat(waiting)
            whole = len(together) - len(together) % batch_size
            yield from torch.split(together[:whole], batch_size)
            # A copy, so that a remainder does not hold the whole of its batch.
            waiting = [together[whole:].clone()] if whole < len(together) else []
    if waiting:
        yield torch.cat(waiting)


def refuse_unequal(shape: tuple[int, ...], other: tuple[int, ...]) -> None:
    """Refuse clips of different channels, frames, height or width.

    Raises:
        SonoloopError: If the shapes differ; both are named.
    """
    if shape != other:
        msg = (
            f"clips differ in (channels, frames, height, width): {shape} and {other}; "
            "resample one set first, no metric does it silently"
        )
        raise SonoloopError(msg)
