"""Whether synthetic clips repeat training clips.

For every synthetic clip the nearest training clip by correlation of an embedding, with a threshold
from real clips alone: the 95th percentile of the training clips' greatest correlations with clips
of other patients that were held out (protocol of EchoNet-Synthetic, Reynaud et al. 2024,
arXiv:2406.00808, after Dar et al. 2024, arXiv:2402.01054). Clips of the conditioning still's own
patient are apart: they resemble the synthetic clip because it was given their picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.similarity import NONE, Group, Nearest, Queries, nearest

PERCENTILE: Final = 95.0


@dataclass(frozen=True)
class PrivacyThreshold:
    """Similarity above which a clip counts as a possible copy.

    Args:
        value: 95th percentile of the training clips' maxima over held-out clips, in [-1, 1].
        held_out_share_above: Share of held-out clips whose nearest training clip is above it: what
            clips score that cannot be copies, to be printed beside the synthetic share.
        num_train: Training clips.
        num_held_out: Held-out clips.
        embedding: Name of the embedding.
    """

    value: float
    held_out_share_above: float
    num_train: int
    num_held_out: int
    embedding: str


@dataclass(frozen=True)
class Copies:
    """The nearest training clip of every synthetic clip.

    Args:
        threshold: What counts as a possible copy.
        index: Row of the most similar training clip of another patient; -1 if there is none.
        similarity: To it, in [-1, 1]; -2 if there is none.
        own_similarity: To the most similar training clip of the still's own patient; -2 if none.
        above: Whether the similarity is above the threshold.
        share_above: Share of synthetic clips above it.
    """

    threshold: PrivacyThreshold
    index: Int[Tensor, " n"]
    similarity: Float[Tensor, " n"]
    own_similarity: Float[Tensor, " n"]
    above: Bool[Tensor, " n"]
    share_above: float

    def nearest_first(self) -> Int[Tensor, " n"]:
        """Return the synthetic clips in order of similarity, the most similar first: a gallery."""
        return self.similarity.argsort(descending=True, stable=True)


def privacy_threshold(
    held_out: Queries,
    train: Float[Tensor, "m features"],
    *,
    held_out_groups: Sequence[Group],
    train_groups: Sequence[Group],
    embedding: str,
) -> PrivacyThreshold:
    """Derive the threshold from real clips.

    Args:
        held_out: Embeddings of the held-out clips, with their flips.
        train: Embeddings of the training clips.
        held_out_groups: Patient of each held-out clip.
        train_groups: Patient of each training clip.
        embedding: Name of the embedding, to be reported.

    Returns:
        The threshold.

    Raises:
        SonoloopError: If a set is empty, an embedding is not finite, or a patient is in both sets.
        ValueError: If groups or features differ in number.
    """
    common = {*held_out_groups} & {*train_groups}
    if common:
        msg = (
            f"{len(common)} groups are in training and held out, {min(map(str, common))} for one: "
            "the threshold would be that of one patient's own clips"
        )
        raise SonoloopError(msg)
    found = nearest(held_out, train, query_groups=held_out_groups, reference_groups=train_groups)
    value = torch.quantile(found.reference_similarity.double(), PERCENTILE / 100)
    return PrivacyThreshold(
        value=float(value),
        held_out_share_above=float((found.similarity > value).double().mean()),
        num_train=len(train),
        num_held_out=len(found.similarity),
        embedding=embedding,
    )


def find_copies(
    synthetic: Queries,
    train: Float[Tensor, "m features"],
    threshold: PrivacyThreshold,
    *,
    still_groups: Sequence[Group],
    train_groups: Sequence[Group],
) -> Copies:
    """Compare every synthetic clip with every training clip of other patients.

    Args:
        synthetic: Embeddings of the synthetic clips, with their flips.
        train: Embeddings of the training clips.
        threshold: From the same embedding.
        still_groups: Patient of each synthetic clip's conditioning still.
        train_groups: Patient of each training clip.

    Returns:
        Nearest training clips and the share above the threshold.

    Raises:
        SonoloopError: If a set is empty or an embedding is not finite.
        ValueError: If groups or features differ in number.
    """
    found: Nearest = nearest(
        synthetic, train, query_groups=still_groups, reference_groups=train_groups
    )
    above = (found.similarity > threshold.value) & (found.similarity > NONE)
    return Copies(
        threshold=threshold,
        index=found.index,
        similarity=found.similarity,
        own_similarity=found.own_similarity,
        above=above,
        share_above=float(above.double().mean()),
    )
