"""The options of prepare."""

import pytest
from pydantic import ValidationError

from sonoloop.data.config import ClipConfig
from sonoloop.data.prepare_options import PrepareOptions


def test_the_clips_they_describe() -> None:
    """Seconds by default, frames on request."""
    assert PrepareOptions().clip_config() == ClipConfig()
    assert PrepareOptions(window_frames=48, size=64).clip_config() == ClipConfig(
        size=64, window_frames=48
    )
    with pytest.raises(ValidationError, match="exactly one of window_s and window_frames"):
        PrepareOptions(window_frames=48, window_s=1.0).clip_config()


@pytest.mark.parametrize("values", [{"size": 32}, {"size": 512}, {"workers": 0}, {"layout": "x"}])
def test_impossible_options_are_refused(values: dict[str, object]) -> None:
    """Sizes outside 64 to 256, no workers, unknown layouts."""
    with pytest.raises(ValidationError, match=next(iter(values))):
        PrepareOptions.model_validate(values)
