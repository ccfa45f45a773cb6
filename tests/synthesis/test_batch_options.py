"""Formats as the command line gives them."""

import pytest

from sonoloop.errors import UsageError
from sonoloop.synthesis.batch_options import BatchOptions, parse_formats


def test_order_and_repetition_do_not_matter() -> None:
    """Spaces neither."""
    assert parse_formats("npy, mp4,npy") == ("mp4", "npy")


@pytest.mark.parametrize(("text", "found"), [("mp4,avi", "avi"), ("", ""), (",", ",")])
def test_unknown_formats_are_refused(text: str, found: str) -> None:
    """The choice is in the message."""
    with pytest.raises(
        UsageError,
        match=f"no format '{found}': choose among mp4, gif, npy, dicom, nifti, mha, strip",
    ):
        parse_formats(text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_samples": 0}, "samples must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"seed": 2**63}, "seed must be at most 9223372036854775807, got 9223372036854775808"),
        ({"num_inference_steps": 1001}, "steps must be at most 1000, got 1001"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, int], message: str) -> None:
    """A seed that the manifest cannot hold would fail at the very end."""
    with pytest.raises(UsageError, match=message):
        BatchOptions(**options)
