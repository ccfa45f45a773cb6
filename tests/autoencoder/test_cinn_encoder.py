"""The cINN's encoder has the published size."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from sonoloop.autoencoder.cinn_encoder import CinnEncoder, coarsest_grid
from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.encoder import LOGVAR_RANGE

PUBLISHED = {"latent": "vector", "latent_channels": 64, "in_channels": 3, "encoder": "cinn"}


@pytest.mark.parametrize(
    ("size", "widths", "weights", "gflops"),
    [
        (128, (64, 128, 256, 512), 38_798_528, 17.3),
        (128, (128, 128, 256, 512), 40_458_048, 38.1),
        (64, (128, 256, 512, 512), 73_639_488, 52.3),
    ],
    ids=["DTDB", "landscape", "64 pixels"],
)
def test_size_and_cost_are_the_published_ones(
    size: int, widths: tuple[int, int, int, int], weights: int, gflops: float
) -> None:
    """Counted on the authors' modules; 2 operations per multiplication, one clip."""
    config = AutoencoderConfig.model_validate({**PUBLISHED, "size": size, "encoder_widths": widths})
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        encoder = CinnEncoder(config)
        mean, logvar = encoder(torch.zeros(1, 3, 16, size, size))
    assert mean.shape == logvar.shape == (1, 64)
    assert sum(weight.numel() for weight in encoder.parameters()) == weights
    assert round(counter.get_total_flops() / 1e9, 1) == gflops


@pytest.mark.parametrize(("size", "cells"), [(32, 2), (64, 4), (128, 4), (256, 8)])
def test_what_is_left_behind_the_last_stage_becomes_the_vector(size: int, cells: int) -> None:
    """The head spans all of it, at published sizes and at others; 32 frames leave two."""
    config = AutoencoderConfig.model_validate(
        {**PUBLISHED, "size": size, "num_frames": 32, "encoder_widths": (8, 8, 8, 8)}
    )
    assert coarsest_grid(config) == (2, cells, cells)
    with torch.device("meta"):
        encoder = CinnEncoder(config)
        assert encoder.head.kernel_size == (2, cells, cells)
        assert encoder(torch.zeros(2, 3, 32, size, size))[0].shape == (2, 64)


def test_log_variance_is_bounded() -> None:
    """Whatever the weights, exp(logvar) does not overflow."""
    config = AutoencoderConfig(
        size=32, latent="vector", encoder="cinn", encoder_stem=4, encoder_widths=(4, 4, 4, 4)
    )
    encoder = CinnEncoder(config)
    encoder.head.bias.data.fill_(1e6)
    assert encoder(torch.rand(1, 1, 16, 32, 32))[1].max() == LOGVAR_RANGE[1]
