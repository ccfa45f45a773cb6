"""What is done with files that show more than a grey scan."""

from sonoloop.data.prepare_options import PrepareOptions
from sonoloop.data.reading_options import ReadingOptions


def test_nothing_is_thrown_away_and_nothing_risky_read_by_default() -> None:
    """Doppler stays, as grey; text of unknown place is refused."""
    assert ReadingOptions() == ReadingOptions("grey", "refuse")
    assert PrepareOptions().reading_options() == ReadingOptions()
