"""A clip has one window, in seconds by default."""

import pytest
from pydantic import ValidationError

from sonoloop.data.config import ClipConfig


def test_default_window_is_the_papers_in_seconds() -> None:
    """48 frames at 25 Hz are 1.92 s (LDDM, MICCAI 2024)."""
    config = ClipConfig()
    assert config.window_s == 48 / 25
    assert config.window_frames is None
    assert (config.size, config.num_frames) == (128, 16)


def test_a_window_in_frames_replaces_the_one_in_seconds() -> None:
    """The paper preset names frames only; what is saved opens again."""
    config = ClipConfig(window_frames=48)
    assert config.window_s is None
    assert ClipConfig.model_validate(config.model_dump()) == config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"window_s": 1.0, "window_frames": 48}, "exactly one of window_s and window_frames"),
        ({"window_s": None}, "exactly one of window_s and window_frames"),
        ({"window_frames": 8}, "window_frames 8 is less than num_frames 16"),
        ({"size": 32}, "greater than or equal to 64"),
        ({"sizes": 64}, "Extra inputs are not permitted"),
    ],
)
def test_impossible_clips_are_refused(values: dict[str, float], message: str) -> None:
    """Both windows, none, too few frames, too small, unknown key."""
    with pytest.raises(ValidationError, match=message):
        ClipConfig.model_validate(values)
