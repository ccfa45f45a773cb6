"""Figures of motion have their known values, and see what a Frechet distance may not."""

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance
from torch import Tensor

from sonoloop.data.phantom import phantom_clip
from sonoloop.errors import SonoloopError
from sonoloop.evaluation.motion import (
    BINS_PER_PIXEL,
    NUM_BINS,
    ClipMotion,
    MotionComparison,
    clip_motion,
    compare_motion,
    first_frame_fidelity,
    flicker,
    flow_distance_px,
    shuffle_score,
    temporal_energy,
)
from sonoloop.shapes import Clip


@cache
def phantoms(first_seed: int, count: int = 6) -> Clip:
    """Simulate clips of 16 frames, every third of a video at 25 Hz."""
    frames = [
        phantom_clip(np.random.default_rng(first_seed + n), num_frames=48)[::3]
        for n in range(count)
    ]
    return torch.from_numpy(np.stack(frames)[:, None]).float() / 127.5 - 1


@cache
def real() -> ClipMotion:
    """Measure six phantoms."""
    return clip_motion(phantoms(0))


def against_real(clip: Clip) -> MotionComparison:
    """Compare with them."""
    return compare_motion(real(), clip_motion(clip))


def shuffled(clip: Clip) -> Clip:
    """Put frames 1 to 15 of each clip into a random order; the given frame stays first."""
    generator = torch.Generator().manual_seed(0)
    orders = [[0, *(1 + torch.randperm(15, generator=generator)).tolist()] for _ in clip]
    return torch.stack([one[:, order] for one, order in zip(clip, orders, strict=True)])


def test_a_set_is_like_itself() -> None:
    """Ratios of 1, no distance."""
    same = compare_motion(real(), real())
    assert same == MotionComparison(1.0, 1.0, 1.0, 0.0)


def test_shuffled_frames_score_clearly_worse_on_every_figure() -> None:
    """Worse than other phantoms in their order, by far: the same frames, the motion destroyed."""
    ordered, disordered = against_real(phantoms(100)), against_real(shuffled(phantoms(100)))
    assert abs(np.log(ordered.energy_ratio)) < 0.5
    assert disordered.energy_ratio > 1.5 * ordered.energy_ratio
    assert disordered.flicker_ratio > 1.5 * ordered.flicker_ratio
    assert abs(disordered.shuffle_ratio) < 0.2
    assert ordered.shuffle_ratio > 0.4
    assert disordered.flow_distance_px > 3 * ordered.flow_distance_px


def test_alternating_brightness_is_flicker() -> None:
    """5 % of the grey scale up and down."""
    clip = phantoms(100)
    sign = torch.tensor([1.0, -1.0]).repeat(8).view(16, 1, 1)
    assert against_real(clip + 0.05 * sign).flicker_ratio > 1.5 * against_real(clip).flicker_ratio


def test_a_still_has_no_motion() -> None:
    """No energy, no flicker, no order to lose, and flow of length 0."""
    still = clip_motion(phantoms(100)[:, :, :1].expand(-1, -1, 16, -1, -1))
    zeros = torch.zeros(6, dtype=torch.float64)
    torch.testing.assert_close(still.energy, zeros)
    torch.testing.assert_close(still.flicker, zeros)
    torch.testing.assert_close(still.shuffle_score, zeros + 1)
    torch.testing.assert_close(still.flow_histogram[:, 0], zeros + 1)


def frames_of(values: list[float]) -> Clip:
    """Make one clip of flat frames."""
    return torch.tensor(values).view(1, 1, -1, 1, 1).expand(1, 1, len(values), 4, 4)


@pytest.mark.parametrize(
    ("values", "energy", "flickering", "shuffle"),
    [
        ([0.0, 0.1, 0.2, 0.3], 0.1, 0.0, 5 / 3),  # constant speed; pairs differ by 10/6 of 0.1
        ([0.2, -0.2, 0.2, -0.2], 0.4, 2.0, 2 / 3),  # alternating; 4 of 6 pairs differ
        ([0.0, 0.0, 0.3, 0.3], 0.1, 3.0, 2.0),  # one jump: second differences .3 and -.3
    ],
)
def test_figures_of_known_series(
    values: list[float], energy: float, flickering: float, shuffle: float
) -> None:
    """Computed by hand."""
    clip = frames_of(values)
    assert float(temporal_energy(clip)) == pytest.approx(energy, rel=1e-5)
    assert float(flicker(clip)) == pytest.approx(flickering, rel=1e-5, abs=1e-5)
    assert float(shuffle_score(clip)) == pytest.approx(shuffle, rel=1e-5)


def test_independent_frames_have_a_flicker_of_root_three() -> None:
    """Variances 6 and 2 of the second and first differences of noise; order does not matter."""
    noise = torch.randn(1, 1, 16, 64, 64, generator=torch.Generator().manual_seed(0))
    assert float(flicker(noise)) == pytest.approx(3**0.5, rel=0.01)
    assert float(shuffle_score(noise)) == pytest.approx(1, rel=0.01)


def test_the_shuffle_score_is_the_mean_over_orders() -> None:
    """Of 4,000 random orders."""
    clip = phantoms(0)[:1]
    rng = np.random.default_rng(0)
    # The energy of an order needs only the changes between pairs of frames.
    frames = clip[0, 0].flatten(1)
    change = torch.cdist(frames, frames, p=1).double() / frames.shape[1]
    orders = np.argsort(rng.random((4000, 16)), axis=1)
    energies = change[orders[:, 1:], orders[:, :-1]].mean()
    expected = float(energies / temporal_energy(clip))
    assert float(shuffle_score(clip)) == pytest.approx(expected, rel=0.01)


@given(seed=st.integers(0, 99))
@settings(max_examples=20)
def test_the_distance_of_histograms_is_scipys(seed: int) -> None:
    """scipy.stats.wasserstein_distance of the bins; the same with the sets swapped."""
    generator = torch.Generator().manual_seed(seed)
    one, other = torch.rand(2, 3, NUM_BINS, generator=generator, dtype=torch.float64) ** 8
    one, other = (rows / rows.sum(1, keepdim=True) for rows in (one, other))
    places = np.arange(NUM_BINS) / BINS_PER_PIXEL
    expected = wasserstein_distance(places, places, one.sum(0), other.sum(0))
    assert flow_distance_px(one, other) == pytest.approx(expected, rel=1e-9)
    assert flow_distance_px(other, one) == pytest.approx(expected, rel=1e-9)


def test_batches_join_and_clips_can_be_drawn() -> None:
    """In any cut; drawing all gives all."""
    parts = [clip_motion(batch) for batch in torch.split(phantoms(0), 4)]
    joined = ClipMotion.joined(parts)
    torch.testing.assert_close(joined.energy, real().energy)
    torch.testing.assert_close(joined.flow_histogram, real().flow_histogram)
    torch.testing.assert_close(joined.drawn([4, 1]).energy, real().energy[[4, 1]])
    assert compare_motion(real(), joined.drawn(range(6))).flow_distance_px < 1e-9


def psnr_of(error: float) -> float:
    """Compute the PSNR of a constant error, range 2."""
    return 20 * float(np.log10(2 / error))


def test_first_frames_are_compared_with_their_stills() -> None:
    """Whatever follows; equality has the PSNR of rounding."""
    clip = phantoms(0)[:2].clone()
    still: Tensor = clip[:, :, 0] + torch.tensor([0.0, 0.02]).view(2, 1, 1, 1)
    clip[:, :, 1:] = 0
    fidelity = first_frame_fidelity(clip, still).tolist()
    assert fidelity == pytest.approx([58.92, psnr_of(0.02)], abs=0.01)


def test_clips_that_cannot_move_are_refused() -> None:
    """Two frames, no clips, no texture, a still of another size."""
    clip = phantoms(0)[:1]
    with pytest.raises(SonoloopError, match="at least 3 frames, got 2"):
        clip_motion(clip[:, :, :2])
    with pytest.raises(SonoloopError, match="no clips to measure"):
        ClipMotion.joined([])
    flat = clip_motion(torch.zeros(1, 1, 4, 16, 16))
    with pytest.raises(SonoloopError, match="no synthetic clip has texture"):
        flow_distance_px(real().flow_histogram, flat.flow_histogram)
    with pytest.raises(SonoloopError, match="differ in"):
        first_frame_fidelity(clip, clip[:, :, 0, :32])
