"""The pyramid of the first frame halves four times."""

import torch

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.first_frame import FirstFrameEncoder, level_widths


def test_levels_halve_and_widths_grow_up_to_eight_times() -> None:
    """From 1/2 to 1/16 of the frame."""
    config = AutoencoderConfig(decoder_width=4)
    pyramid = FirstFrameEncoder(config)(torch.rand(2, 1, 64, 96))
    assert level_widths(4) == (4, 16, 32, 32)
    assert [tuple(level.shape) for level in pyramid] == [
        (2, width, 64 // 2**k, 96 // 2**k) for k, width in enumerate(level_widths(4), start=1)
    ]
