"""Settings that cannot work are refused by name."""

import pytest
from pydantic import ValidationError

from sonoloop.autoencoder.config import AutoencoderConfig, AutoencoderLossConfig


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"size": 100}, "size"),
        ({"num_frames": 12}, "num_frames"),
        ({"encoder_widths": (0, 1, 1, 1)}, "encoder_widths"),
        ({"decoder": "gan"}, "decoder"),
        ({"latent_chanels": 4}, "latent_chanels"),
        ({"decoder": "spade"}, "decoder spade need latent vector, got grid"),
        ({"encoder": "cinn"}, "encoder cinn and decoder spade need latent vector"),
        ({"encoder": "cinn", "latent": "vector", "num_frames": 24}, "multiple of 16, got 24"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, object], named: str) -> None:
    """The message names the field."""
    with pytest.raises(ValidationError, match=named):
        AutoencoderConfig.model_validate(settings)


def test_negative_weights_are_refused() -> None:
    """A loss is never rewarded."""
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        AutoencoderLossConfig(l1=-1)
