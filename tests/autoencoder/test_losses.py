"""Terms of the loss vanish where they should and agree with independent sources."""

import numpy as np
import torch
from skimage.metrics import structural_similarity
from torch.distributions import Normal
from torch.distributions import kl_divergence as reference_kl

from sonoloop.autoencoder.losses import gradient_loss, kl_divergence, l1_loss, ssim


def test_equal_clips_have_no_loss() -> None:
    """All differences are zero, SSIM is one."""
    clip = torch.rand(2, 1, 4, 16, 16) * 2 - 1
    assert l1_loss(clip, clip) == 0
    assert gradient_loss(clip, clip) == 0
    torch.testing.assert_close(ssim(clip, clip), torch.tensor(1.0))


def test_l1_sees_coarse_differences_four_times_and_fine_ones_once() -> None:
    """An offset counts at every level; a chessboard vanishes when frames are halved."""
    clip = torch.zeros(1, 1, 2, 16, 16)
    torch.testing.assert_close(l1_loss(clip + 0.3, clip), torch.tensor(0.3))
    board = (torch.arange(16)[:, None] + torch.arange(16)) % 2 * 2.0 - 1
    torch.testing.assert_close(l1_loss(clip + board, clip), torch.tensor(1 / 4))
    torch.testing.assert_close(l1_loss(clip + board, clip, num_levels=1), torch.tensor(1.0))


def test_gradient_loss_ignores_brightness_and_sees_motion() -> None:
    """An offset costs nothing; the same offset on every other frame does."""
    clip = torch.rand(1, 1, 4, 8, 8)
    torch.testing.assert_close(gradient_loss(clip + 0.5, clip), torch.tensor(0.0))
    flicker = torch.tensor([0, 0.5, 0, 0.5]).view(1, 1, 4, 1, 1)
    torch.testing.assert_close(gradient_loss(clip + flicker, clip), torch.tensor(0.5 / 3))


def test_ssim_agrees_with_scikit_image() -> None:
    """structural_similarity on frames in [0, 1], data_range 1, its border cropped as it does."""
    rng = np.random.default_rng(0)
    clip = rng.uniform(-1, 1, (1, 1, 2, 20, 24)).astype(np.float32)
    target = np.clip(clip + rng.normal(0, 0.3, clip.shape), -1, 1).astype(np.float32)
    expected = np.mean(
        [
            structural_similarity((c + 1) / 2, (t + 1) / 2, data_range=1.0)
            for c, t in zip(clip[0, 0], target[0, 0], strict=True)
        ]
    )
    result = ssim(torch.from_numpy(clip), torch.from_numpy(target))
    np.testing.assert_allclose(float(result), expected, atol=1e-5)


def test_kl_agrees_with_torch_distributions() -> None:
    """Mean over the latent's numbers of the closed form."""
    mean, logvar = torch.randn(3, 8, 2, 2, 2), torch.randn(3, 8, 2, 2, 2)
    posterior = Normal(mean, (0.5 * logvar).exp())
    expected = reference_kl(posterior, Normal(0.0, 1.0)).mean()
    torch.testing.assert_close(kl_divergence(mean, logvar), expected)
