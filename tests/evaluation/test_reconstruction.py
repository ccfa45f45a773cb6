"""PSNR and SSIM are those of an independent code, frame by frame."""

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.reconstruction import MAX_PSNR_DB, psnr, reconstruction, ssim


def pair(channels: int = 1) -> tuple[Tensor, Tensor]:
    """Draw clips of 3 frames and noisier copies."""
    rng = np.random.default_rng(0)
    target = rng.uniform(-1, 1, (2, channels, 3, 20, 24)).astype(np.float32)
    clip = np.clip(target + rng.normal(0, 0.3, target.shape), -1, 1).astype(np.float32)
    return torch.from_numpy(clip), torch.from_numpy(target)


@pytest.mark.parametrize("channels", [1, 3])
def test_both_agree_with_scikit_image(channels: int) -> None:
    """With the settings its documentation gives for Wang et al. (2004), in float64."""
    clip, target = pair(channels)
    found = psnr(clip, target), ssim(clip, target)
    for item in range(2):
        for frame in range(3):
            made, true = (pixels[item, :, frame].double().numpy() for pixels in (clip, target))
            expected = peak_signal_noise_ratio(true, made, data_range=2)
            assert float(found[0][item, frame]) == pytest.approx(expected, rel=1e-12)
            expected = structural_similarity(
                true,
                made,
                data_range=2,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
                channel_axis=0,
            )
            assert float(found[1][item, frame]) == pytest.approx(expected, rel=1e-9)


def test_equal_clips_are_perfect() -> None:
    """SSIM 1, and the PSNR of rounding to 8 bits."""
    clip, _ = pair()
    assert (psnr(clip, clip) == MAX_PSNR_DB).all()
    assert pytest.approx(10 * np.log10(12 * 255**2), abs=0.01) == MAX_PSNR_DB
    torch.testing.assert_close(ssim(clip, clip), torch.ones(2, 3, dtype=torch.float64))


def test_the_given_frame_does_not_count_unless_asked() -> None:
    """Frames 1 to the last by default, all in paper mode."""
    clip, target = pair()
    clip[:, :, 0] = target[:, :, 0]
    result = reconstruction(clip, target)
    torch.testing.assert_close(result.psnr_db, psnr(clip, target)[:, 1:].mean(1))
    torch.testing.assert_close(result.ssim, ssim(clip, target)[:, 1:].mean(1))
    paper = reconstruction(clip, target, first_measured_frame=0)
    assert (paper.ssim > result.ssim).all()
    assert (paper.psnr_db > result.psnr_db).all()


def test_clips_that_cannot_be_compared_are_refused() -> None:
    """Other shape, too small, no frame left."""
    clip, target = pair()
    with pytest.raises(SonoloopError, match="differ in shape"):
        psnr(clip, target[:, :, 1:])
    with pytest.raises(SonoloopError, match=r"at least 11 pixels, got \(20, 10\)"):
        ssim(clip[..., :10], target[..., :10])
    with pytest.raises(SonoloopError, match="from frame 1 on: clips have 1"):
        reconstruction(clip[:, :, :1], target[:, :, :1])
