"""The config of a model folder."""

import pytest
from pydantic import ValidationError

from sonoloop.data.config import ClipConfig
from sonoloop.synthesis.config import ModelConfig, TypicalityConfig, playing_rate_hz


def test_rate_shows_motion_at_its_true_speed() -> None:
    """16 frames over the paper's 48 frames at 25 Hz play at 8.33 Hz, stated either way."""
    assert playing_rate_hz(ClipConfig(num_frames=16, window_s=1.92)) == pytest.approx(25 / 3)
    assert playing_rate_hz(ClipConfig(num_frames=16, window_frames=48)) == pytest.approx(25 / 3)


def test_unknown_and_impossible_values_are_refused() -> None:
    """A key of another version, a checksum that is none."""
    with pytest.raises(ValidationError, match="colour"):
        TypicalityConfig.model_validate(
            {
                "threshold": 1.0,
                "unusual_threshold": 0.9,
                "num_stills": 3,
                "num_groups": 2,
                "colour": "red",
            }
        )
    with pytest.raises(ValidationError, match="weights_sha256"):
        ModelConfig.model_validate({"weights_sha256": "abc"})
