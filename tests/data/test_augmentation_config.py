"""Impossible ranges are refused."""

import pytest
from pydantic import ValidationError

from sonoloop.data.augmentation_config import AugmentationConfig


@pytest.mark.parametrize(
    ("key", "value"),
    [("flip", 1.5), ("rotation_degrees", -1.0), ("scale", 1.0), ("shift", 2.0), ("gamma", -0.1)],
)
def test_impossible_range_is_refused(key: str, value: float) -> None:
    """The error names the key."""
    with pytest.raises(ValidationError, match=key):
        AugmentationConfig.model_validate({key: value})


def test_unknown_change_is_refused() -> None:
    """A misspelt change must not be ignored."""
    with pytest.raises(ValidationError, match="rotate"):
        AugmentationConfig.model_validate({"rotate": 5.0})
