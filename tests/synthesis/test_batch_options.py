"""Formats as the command line gives them."""

import pytest

from sonoloop.errors import UsageError
from sonoloop.synthesis.batch_options import parse_formats


def test_order_and_repetition_do_not_matter() -> None:
    """Spaces neither."""
    assert parse_formats("npy, mp4,npy") == ("mp4", "npy")


@pytest.mark.parametrize(("text", "found"), [("mp4,avi", "avi"), ("", ""), (",", ",")])
def test_unknown_formats_are_refused(text: str, found: str) -> None:
    """The choice is in the message."""
    with pytest.raises(UsageError, match=f"no format '{found}': choose among mp4, gif, npy, strip"):
        parse_formats(text)
