"""How clips move, which a Frechet distance hardly sees.

Every figure is computed clip by clip (``clip_motion``) and then compared between two sets
(``compare_motion``), so sets are streamed and patients can be drawn for intervals. Figures of
change are over all frames: the step from the given frame to the first made one is a frequent fault.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.optical_flow import optical_flow
from sonoloop.evaluation.reconstruction import psnr
from sonoloop.shapes import Clip

ClipValues = Float64[Tensor, " b"]
"""One number a clip."""

BINS_PER_PIXEL: Final = 16
MAX_FLOW_PX: Final = 8
"""Reach of the flow's histogram; its last bin holds all that is longer."""

NUM_BINS: Final = BINS_PER_PIXEL * MAX_FLOW_PX

MIN_FRAMES: Final = 3
"""The fewest frames that have a second difference."""


@dataclass(frozen=True)
class ClipMotion:
    """Figures of clips, one entry each.

    Args:
        energy: Temporal energy, in grey levels of the range [-1, 1] a frame.
        flicker: Second over first temporal difference, 0 for smooth change, about 2 at most.
        shuffle_score: What frames in random order would raise the energy to, as a factor.
        flow_histogram: Share of textured pixels by length of flow, 1/16 pixel a bin; 0 for a clip
            without texture.
    """

    energy: ClipValues
    flicker: ClipValues
    shuffle_score: ClipValues
    flow_histogram: Float64[Tensor, "b bins"]

    @staticmethod
    def joined(parts: Sequence["ClipMotion"]) -> "ClipMotion":
        """Put the clips of several batches into one.

        Raises:
            SonoloopError: If there is no clip.
        """
        if not parts:
            msg = "there are no clips to measure the motion of"
            raise SonoloopError(msg)
        return ClipMotion(
            torch.cat([part.energy for part in parts]),
            torch.cat([part.flicker for part in parts]),
            torch.cat([part.shuffle_score for part in parts]),
            torch.cat([part.flow_histogram for part in parts]),
        )

    def drawn(self, items: Sequence[int] | Tensor) -> "ClipMotion":
        """Take some of the clips, for intervals."""
        places = torch.as_tensor(items, dtype=torch.long)
        return ClipMotion(
            self.energy[places],
            self.flicker[places],
            self.shuffle_score[places],
            self.flow_histogram[places],
        )


@dataclass(frozen=True)
class MotionComparison:
    """Synthetic against real motion; what is right stands first.

    Args:
        energy_ratio: 1 if as much changes from frame to frame; below, too still.
        flicker_ratio: 1 if changes go on as smoothly; above, jitter.
        shuffle_ratio: 1 if frames are in as clear an order; below, disorder. It compares what
            shuffling would add to the energy.
        flow_distance_px: 0 if flows have the same lengths: 1-D Wasserstein distance of their
            distributions, in pixels a frame.
    """

    energy_ratio: float
    flicker_ratio: float
    shuffle_ratio: float
    flow_distance_px: float


def clip_motion(clip: Clip) -> ClipMotion:
    """Measure the motion of every clip of a batch.

    Args:
        clip: In [-1, 1], at least 3 frames.

    Returns:
        Figures on the CPU.

    Raises:
        SonoloopError: If there are fewer than 3 frames.
    """
    return ClipMotion(
        temporal_energy(clip).cpu(),
        flicker(clip).cpu(),
        shuffle_score(clip).cpu(),
        flow_histogram(clip).cpu(),
    )


def compare_motion(real: ClipMotion, synthetic: ClipMotion) -> MotionComparison:
    """Compare two sets; ratios are synthetic over real, of means over clips.

    Args:
        real: Figures of the real clips.
        synthetic: Figures of the synthetic clips.

    Returns:
        Four numbers; a ratio is infinite where the real clips have none of the figure.
    """
    return MotionComparison(
        energy_ratio=energy_ratio(real, synthetic),
        flicker_ratio=flicker_ratio(real, synthetic),
        shuffle_ratio=shuffle_ratio(real, synthetic),
        flow_distance_px=flow_distance_px(real.flow_histogram, synthetic.flow_histogram),
    )


def energy_ratio(real: ClipMotion, synthetic: ClipMotion) -> float:
    """Compare the mean temporal energies, synthetic over real."""
    return float(synthetic.energy.mean() / real.energy.mean())


def flicker_ratio(real: ClipMotion, synthetic: ClipMotion) -> float:
    """Compare the mean flicker, synthetic over real."""
    return float(synthetic.flicker.mean() / real.flicker.mean())


def shuffle_ratio(real: ClipMotion, synthetic: ClipMotion) -> float:
    """Compare what shuffling would add to the energy, synthetic over real."""
    order = [figures.shuffle_score.mean() - 1 for figures in (synthetic, real)]
    return float(order[0] / order[1])


def temporal_energy(clip: Clip) -> ClipValues:
    """Mean absolute change from frame to frame, mean |v[t+1] - v[t]|.

    Args:
        clip: In [-1, 1], at least 3 frames.

    Returns:
        In [0, 2].

    Raises:
        SonoloopError: If there are fewer than 3 frames.
    """
    _refuse_few_frames(clip)
    return _mean_change(clip.diff(dim=2))


def flicker(clip: Clip) -> ClipValues:
    """Second temporal difference over the first.

    mean |v[t+2] - 2 v[t+1] + v[t]| / mean |v[t+1] - v[t]|: 0 for change at constant speed, sqrt(3)
    for independent Gaussian frames, 2 for frames that alternate.

    Args:
        clip: At least 3 frames.

    Returns:
        At least 0, at most 2 (t - 1) / (t - 2); 0 for a still.

    Raises:
        SonoloopError: If there are fewer than 3 frames.
    """
    _refuse_few_frames(clip)
    first, second = _mean_change(clip.diff(dim=2)), _mean_change(clip.diff(dim=2, n=2))
    return torch.where(first > 0, second / first, 0.0)


def shuffle_score(clip: Clip) -> ClipValues:
    """Temporal energy that frames in random order would have, over the clip's own.

    The expectation over all orders: the mean change between any two frames.

    Args:
        clip: At least 3 frames.

    Returns:
        Above 1 where neighbours are alike, 1 where the order does not matter, or for a still.

    Raises:
        SonoloopError: If there are fewer than 3 frames.
    """
    _refuse_few_frames(clip)
    own, num_frames = _mean_change(clip.diff(dim=2)), clip.shape[2]
    total = torch.zeros_like(own)
    for lag in range(1, num_frames):
        total += (num_frames - lag) * _mean_change(clip[:, :, lag:] - clip[:, :, :-lag])
    shuffled = total / (num_frames * (num_frames - 1) / 2)
    return torch.where(own > 0, shuffled / own, 1.0)


def flow_histogram(clip: Clip) -> Float64[Tensor, "b bins"]:
    """Count pixels with texture by the length of their optical flow.

    Args:
        clip: In [-1, 1], at least 3 frames.

    Returns:
        Shares that sum to 1 for each clip, or to 0 for a clip without texture; 1/16 pixel a bin, to
        8 pixels a frame.

    Raises:
        SonoloopError: If there are fewer than 3 frames.
    """
    _refuse_few_frames(clip)
    counts = []
    for one in torch.split(clip, 1):  # the flow's memory is many times a clip's
        flow = optical_flow(one)
        length = flow.displacement.norm(dim=1)[flow.textured]
        bins = (length * BINS_PER_PIXEL).long().clamp(max=NUM_BINS - 1)
        counts.append(torch.bincount(bins, minlength=NUM_BINS).double())
    count = torch.stack(counts)
    return count / count.sum(1, keepdim=True).clamp(min=1)


def flow_distance_px(
    real: Float64[Tensor, "n bins"], synthetic: Float64[Tensor, "m bins"]
) -> float:
    """1-D Wasserstein distance of the sets' mean histograms, the area between their sums.

    W_1 = integral |F - G| (Vallender 1974, doi:10.1137/1118101), exact to the bins' 1/16 pixel.

    Args:
        real: Histograms of the real clips.
        synthetic: Histograms of the synthetic clips.

    Returns:
        Pixels a frame.

    Raises:
        SonoloopError: If no clip of a set has texture.
    """
    sums = []
    for name, histograms in (("real", real), ("synthetic", synthetic)):
        total = histograms.sum(0)
        if total.sum() == 0:
            msg = f"no {name} clip has texture that a flow could follow"
            raise SonoloopError(msg)
        sums.append((total / total.sum()).cumsum(0))
    return float((sums[0] - sums[1]).abs().sum() / BINS_PER_PIXEL)


def first_frame_fidelity(clip: Clip, first_frame: Float[Tensor, "_b _c _h _w"]) -> ClipValues:
    """PSNR of frame 0 against the still that the clip was made from, in dB.

    Args:
        clip: In [-1, 1].
        first_frame: The stills.

    Returns:
        At most 58.92 dB, for equality to within the rounding of a stored clip.

    Raises:
        SonoloopError: If the sizes differ.
    """
    return psnr(clip[:, :, :1], first_frame.unsqueeze(2))[:, 0]


def _mean_change(difference: Float[Tensor, "b c steps h w"]) -> ClipValues:
    """Average absolute values, in float64 from frames on."""
    return difference.abs().mean(dim=(1, 3, 4)).double().mean(1)


def _refuse_few_frames(clip: Clip) -> None:
    if clip.shape[2] < MIN_FRAMES:
        msg = f"motion needs clips of at least {MIN_FRAMES} frames, got {clip.shape[2]}"
        raise SonoloopError(msg)
