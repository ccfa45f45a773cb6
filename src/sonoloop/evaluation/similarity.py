"""Nearest clips by correlation of an embedding, in blocks, however many clips there are.

Similarity is Pearson's correlation of two embeddings, the greatest over the flips of the query.
Adding a constant to an embedding or scaling it changes nothing. Queries come as a stream; only the
references stay in memory, one float32 row each, and one block of the table of similarities.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sonoloop.errors import SonoloopError

Group = str | int

Queries = Iterable[Float[Tensor, "_b _flips _features"]]
"""Batches of embeddings of every flip of each clip (``clip_embedding.flipped_pixel_embedding``)."""

References = Float[Tensor, "m features"]
"""Embeddings of the clips to be found."""

BLOCK: Final = 2048
"""References compared at once: with 4 flips of 1,024 queries a block takes 34 MB."""

QUERY_BLOCK: Final = 1024

NONE: Final = -2.0
"""Below every correlation: nothing to compare with."""


@dataclass(frozen=True)
class Nearest:
    """The nearest references of every query, of other groups and of its own.

    Args:
        index: Row of the most similar reference of another group; -1 if there is none.
        similarity: To it, in [-1, 1]; -2 if there is none.
        own_index: Row of the most similar reference of the query's own group; -1 if none.
        own_similarity: To it, in [-1, 1]; -2 if there is none.
        reference_similarity: For every reference, the most similar query of another group; -2 if
            there is none.
    """

    index: Int[Tensor, " n"]
    similarity: Float[Tensor, " n"]
    own_index: Int[Tensor, " n"]
    own_similarity: Float[Tensor, " n"]
    reference_similarity: Float[Tensor, " m"]


def nearest(
    queries: Queries,
    references: References,
    *,
    query_groups: Sequence[Group],
    reference_groups: Sequence[Group],
) -> Nearest:
    """Find the most similar reference of every query.

    Args:
        queries: Batches, with the flips to look under.
        references: One row a clip.
        query_groups: Group of each query, for a synthetic clip that of its conditioning still.
        reference_groups: Group of each reference.

    Returns:
        Nearest references, and for each reference its nearest query.

    Raises:
        SonoloopError: If there are no references or queries, or an embedding is not finite.
        ValueError: If groups or features differ in number.
    """
    _refuse_other_count("references", len(references), len(reference_groups))
    if not len(references):
        msg = "there are no clips to compare with"
        raise SonoloopError(msg)
    numbers = {name: n for n, name in enumerate({*query_groups, *reference_groups})}
    group_of_reference = torch.tensor([numbers[group] for group in reference_groups])
    group_of_query = torch.tensor([numbers[group] for group in query_groups], dtype=torch.long)
    references = standardised(references)
    nearest_query = torch.full((len(references),), NONE)
    parts = []
    done = 0
    for batch in _small_batches(queries):
        _refuse_other_dimension(batch.shape[2], references.shape[1])
        groups = group_of_query[done : done + len(batch)]
        if len(groups) == len(batch):
            parts.append(
                _nearest_of_batch(
                    standardised(batch).to(references.device),
                    references,
                    groups,
                    group_of_reference,
                    nearest_query,
                )
            )
        done += len(batch)
    _refuse_other_count("queries", done, len(query_groups))
    if not parts:
        msg = "there are no clips to look for copies in"
        raise SonoloopError(msg)
    joined = [torch.cat(column) for column in zip(*parts, strict=True)]
    return Nearest(joined[1], joined[0], joined[3], joined[2], nearest_query)


def standardised(embedding: Float[Tensor, "*rows features"]) -> Float[Tensor, "*rows features"]:
    """Shift and scale every row to mean 0 and length 1, so that products are correlations.

    Args:
        embedding: Any range.

    Returns:
        Float32; zeros for a constant row, which then resembles nothing.

    Raises:
        SonoloopError: If a number is not finite.
    """
    if not torch.isfinite(embedding).all():
        msg = "embeddings hold numbers that are not finite"
        raise SonoloopError(msg)
    rows = embedding.float()
    rows = rows - rows.mean(-1, keepdim=True)
    length = rows.norm(dim=-1, keepdim=True)
    # Rounding of a constant row is no pattern.
    constant = length <= CONSTANT * embedding.float().norm(dim=-1, keepdim=True)
    return torch.where(constant, 0.0, rows / length.clamp(min=torch.finfo(torch.float32).tiny))


CONSTANT: Final = 1e-6
"""Spread of a row, as a fraction of its length, at which it counts as constant."""


def _nearest_of_batch(
    batch: Float[Tensor, "b flips features"],
    references: Float[Tensor, "m features"],
    groups: Int[Tensor, " b"],
    group_of_reference: Int[Tensor, " m"],
    nearest_query: Float[Tensor, " m"],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Compare a batch with all references; ``nearest_query`` is raised in place."""
    others = torch.full((len(batch),), NONE), torch.full((len(batch),), -1)
    own = torch.full((len(batch),), NONE), torch.full((len(batch),), -1)
    flat = batch.flatten(0, 1)
    for start in range(0, len(references), BLOCK):
        block = references[start : start + BLOCK]
        table = (flat @ block.mT).clamp(-1, 1).view(*batch.shape[:2], -1).amax(1).cpu()
        same = groups[:, None] == group_of_reference[start : start + BLOCK]
        others = _better(others, table, same, start)
        own = _better(own, table, ~same, start)
        best = table.masked_fill(same, NONE).amax(0)
        part = nearest_query[start : start + BLOCK]
        torch.maximum(part, best, out=part)
    return (*others, *own)


def _better(
    best: tuple[Tensor, Tensor],
    table: Float[Tensor, "b block"],
    excluded: Bool[Tensor, "b block"],
    start: int,
) -> tuple[Tensor, Tensor]:
    """Take the block's best where it beats what was found before."""
    value, place = table.masked_fill(excluded, NONE).max(1)
    better = value > best[0]
    return torch.where(better, value, best[0]), torch.where(better, place + start, best[1])


def _small_batches(queries: Queries) -> Iterator[Float[Tensor, "_b _flips _features"]]:
    """Cut large batches and leave out empty ones."""
    return chain.from_iterable(torch.split(batch, QUERY_BLOCK) for batch in queries if len(batch))


def _refuse_other_count(name: str, count: int, num_groups: int) -> None:
    if count != num_groups:
        msg = f"need one group for each of {count} {name}, got {num_groups}"
        raise ValueError(msg)


def _refuse_other_dimension(one: int, other: int) -> None:
    if one != other:
        msg = f"embeddings must come from one source, got {one} and {other} dimensions"
        raise ValueError(msg)
