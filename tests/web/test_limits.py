"""Bounds that leave nothing to do are refused."""

import pytest

from sonoloop.errors import UsageError
from sonoloop.web.limits import Limits


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"max_upload_mb": 0}, "max-upload-mb must be above 0, got 0"),
        ({"max_queue": -1}, "max-queue must be above 0, got -1"),
        ({"time_limit_s": 0.0}, "time-limit must be above 0, got 0"),
        ({"time_limit_s": float("nan")}, "time-limit must be above 0, got nan"),
    ],
)
def test_senseless_bound_is_a_sentence(limits: dict[str, float], sentence: str) -> None:
    """It names the option."""
    with pytest.raises(UsageError, match=sentence):
        Limits(**limits)


def test_megabytes_are_decimal() -> None:
    """As disks and mails count."""
    assert Limits(max_upload_mb=3).max_upload_bytes == 3_000_000
