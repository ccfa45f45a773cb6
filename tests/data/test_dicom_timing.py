"""Frame times come from the first attribute that is usable."""

import numpy as np
import pytest
from pydicom import Dataset

from sonoloop.data.dicom_timing import clock_seconds, frame_times


def _header(**attributes: object) -> Dataset:
    header = Dataset()
    for keyword, value in attributes.items():
        setattr(header, keyword, value)
    return header


def test_vector_gives_variable_times() -> None:
    """Milliseconds between frames; the first entry belongs to no step (C.7.6.5.1.2)."""
    header = _header(FrameTimeVector=["7", "40", "60", "20"], FrameTime="99")
    times_s, warnings = frame_times(header, 4)
    np.testing.assert_allclose(times_s, [0, 0.04, 0.1, 0.12])
    assert warnings == ()


@pytest.mark.parametrize(
    ("attributes", "rate_hz"),
    [
        ({"FrameTime": "20"}, 50.0),
        ({"FrameTime": "0", "CineRate": "30"}, 30.0),
        ({"ActualFrameDuration": "50"}, 20.0),
        ({"CineRate": "40", "RecommendedDisplayFrameRate": "10"}, 40.0),
        ({"RecommendedDisplayFrameRate": "10"}, 10.0),
        ({"FrameTimeVector": ["0", "40"], "FrameTime": "20"}, 50.0),
        ({"FrameTimeVector": ["0", "40", "0"], "FrameTime": "20"}, 50.0),
    ],
)
def test_rates_in_order_of_trust(attributes: dict[str, object], rate_hz: float) -> None:
    """A vector that is too short or stands still is passed over, as is a zero."""
    times_s, warnings = frame_times(_header(**attributes), 3)
    np.testing.assert_allclose(times_s, np.arange(3) / rate_hz)
    assert warnings == ()


def test_silent_file_gets_25_hz_and_a_warning() -> None:
    """A still needs no warning."""
    times_s, warnings = frame_times(_header(), 3)
    np.testing.assert_allclose(times_s, [0, 0.04, 0.08])
    assert warnings == ("states no frame times: 25 Hz is assumed",)
    assert frame_times(_header(), 1)[1] == ()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("000000", 0.0),
        ("105959.25", 10 * 3600 + 59 * 60 + 59.25),
        ("1059", None),
        ("10:59:59", None),
        ("", None),
        (None, None),
    ],
)
def test_times_of_day_are_seconds_since_midnight(text: str | None, seconds: float | None) -> None:
    """HHMMSS.FFFFFF as PS3.5 has it; older or shorter forms are no order of frames."""
    assert clock_seconds(text) == seconds
