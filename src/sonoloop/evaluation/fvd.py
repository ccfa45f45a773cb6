"""Frechet video distance: the Frechet distance between features of real and synthetic clips."""

from dataclasses import dataclass

import torch

from sonoloop.evaluation.clip_batches import BATCH_SIZE, Clips, batched
from sonoloop.evaluation.frechet import Moments, frechet_distance, too_few
from sonoloop.features.extractor import FeatureExtractor

IDENTICAL = 1e-6
"""Distance below which two sets count as identical, as a fraction of their covariances' traces."""


@dataclass(frozen=True)
class VideoDistance:
    """A distance and what must be reported with it.

    Args:
        value: The distance, in squared units of the features.
        num_real: Real clips.
        num_synthetic: Synthetic clips.
        extractor_id: Net and variant.
        extractor_checksum: SHA-256 of the net's weights.
        num_features: Dimensions of the features.
        warnings: What a reader must know to judge the value, one sentence each.
    """

    value: float
    num_real: int
    num_synthetic: int
    extractor_id: str
    extractor_checksum: str
    num_features: int
    warnings: tuple[str, ...]


def frechet_video_distance(
    real: Clips, synthetic: Clips, extractor: FeatureExtractor, *, batch_size: int = BATCH_SIZE
) -> VideoDistance:
    """Stream two sets of clips through a net and compare their features.

    FVD of Unterthiner et al. (2018, arXiv:1812.01717, Section 3) where the net is the I3D of
    Kinetics-400, DTFVD of Dorkenwald et al. (2021, arXiv:2105.04551) where it is that of dynamic
    textures. Memory is that of one batch and two covariances, whatever the number of clips.

    Args:
        real: Clips in [-1, 1].
        synthetic: Clips of the same frames and size.
        extractor: The frozen net; it resizes the clips itself.
        batch_size: Clips that the net sees at once.

    Returns:
        The distance with its circumstances.

    Raises:
        SonoloopError: If a set has fewer than 2 clips, clips differ in shape, or a feature is not
            finite.
    """
    real_moments, shape = _moments(real, extractor, batch_size)
    synthetic_moments, _ = _moments(synthetic, extractor, batch_size, shape)
    return video_distance(real_moments, synthetic_moments, extractor)


def video_distance(real: Moments, synthetic: Moments, extractor: FeatureExtractor) -> VideoDistance:
    """Compare moments of features that ``extractor`` made, for instance from a cache.

    Args:
        real: Moments of the real clips' features.
        synthetic: Moments of the synthetic clips' features.
        extractor: The net that made them.

    Returns:
        The distance with its circumstances.

    Raises:
        SonoloopError: If a set has fewer than 2 clips.
    """
    value = frechet_distance(real, synthetic)
    trace = float(real.covariance().trace() + synthetic.covariance().trace())
    warnings = [
        f"{moments.count} {name} clips are too few for a covariance in {len(moments.mean)} "
        "dimensions: the value is biased upwards, compare it only at the same numbers of clips"
        for name, moments in (("real", real), ("synthetic", synthetic))
        if moments.count <= len(moments.mean)
    ]
    if value <= IDENTICAL * trace:
        warnings.append("the two sets are identical to this net")
    return VideoDistance(
        value=value,
        num_real=real.count,
        num_synthetic=synthetic.count,
        extractor_id=extractor.id,
        extractor_checksum=extractor.checksum,
        num_features=len(real.mean),
        warnings=tuple(warnings),
    )


def _moments(
    clips: Clips,
    extractor: FeatureExtractor,
    batch_size: int,
    shape: tuple[int, ...] | None = None,
) -> tuple[Moments, tuple[int, ...] | None]:
    """Sum up a stream's features; also return the shape that all of its clips have."""
    total = None
    for batch in batched(clips, batch_size, shape=shape):
        shape = tuple(batch.shape[1:])
        with torch.inference_mode():
            moments = Moments.of(extractor(batch))
        total = moments if total is None else total.merged(moments)
    if total is None:
        raise too_few(0)
    return total, shape
