"""Frame times increase, whatever the file states."""

import numpy as np
import pytest

from sonoloop.data.frame_times import stated_times, steady_times


def test_steady_times_of_the_paper() -> None:
    """48 frames at 25 Hz span 47 intervals of 40 ms (LDDM, Section 3.1)."""
    times = steady_times(48, 25.0)
    assert times[0] == 0
    assert times[-1] == pytest.approx(1.88)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_impossible_rate_is_refused(rate: float) -> None:
    """The message gives the value."""
    with pytest.raises(ValueError, match=f"above 0 Hz and finite, got {rate}"):
        steady_times(3, rate)


def test_stated_times_start_at_zero() -> None:
    """Variable delays are kept."""
    np.testing.assert_allclose(stated_times([1.0, 1.1, 1.4]), [0, 0.1, 0.4], atol=1e-12)


@pytest.mark.parametrize(
    "times", [[], [None], [0.0, None], [0.0, 0.0], [0.0, 0.2, 0.1], [0.0, float("nan")]]
)
def test_unusable_times_are_not_used(times: list[float | None]) -> None:
    """Missing, repeated and backward times give None."""
    assert stated_times(times) is None
