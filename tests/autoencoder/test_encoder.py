"""The encoder is a 3D ResNet-18 with the reductions it states."""

import torch
from torch import nn

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.encoder import LOGVAR_RANGE, REDUCTION, Encoder


def test_it_has_eighteen_layers() -> None:
    """A stem, sixteen 3x3x3 convolutions in eight blocks and a head (He et al. 2016, Table 1)."""
    encoder = Encoder(AutoencoderConfig())
    convolutions = [m for m in encoder.modules() if isinstance(m, nn.Conv3d)]
    assert sum(m.kernel_size == (3, 3, 3) for m in convolutions) == 16
    assert encoder.stem.kernel_size == (3, 7, 7)
    assert not any(isinstance(m, nn.BatchNorm3d) for m in encoder.modules())


def test_mean_and_log_variance_are_shaped_as_the_latent() -> None:
    """A grid shrinks by (4, 16, 16); a vector has no axes left."""
    clip = torch.rand(1, 1, 16, 64, 96)
    widths = (4, 4, 8, 8)
    config = AutoencoderConfig(encoder_widths=widths, latent_channels=8)
    mean, logvar = Encoder(config)(clip)
    assert mean.shape == logvar.shape == (1, 8, 16 // REDUCTION[0], 4, 6)
    vector = AutoencoderConfig(size=64, encoder_widths=widths, latent="vector", latent_channels=64)
    mean, logvar = Encoder(vector)(torch.rand(2, 1, 16, 64, 64))
    assert mean.shape == logvar.shape == (2, 64)


def test_log_variance_is_bounded() -> None:
    """Whatever the weights, exp(logvar) neither overflows nor vanishes."""
    encoder = Encoder(AutoencoderConfig(size=32, num_frames=8, encoder_widths=(4, 4, 4, 4)))
    encoder.head.bias.data.fill_(1e6)
    _, logvar = encoder(torch.rand(1, 1, 8, 32, 32))
    assert logvar.max() == LOGVAR_RANGE[1]
    encoder.head.bias.data.fill_(-1e6)
    _, logvar = encoder(torch.rand(1, 1, 8, 32, 32))
    assert logvar.min() == LOGVAR_RANGE[0]
