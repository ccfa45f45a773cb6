"""What nets refuse, and what they compute with."""

import pytest
import torch

from sonoloop.errors import UsageError
from sonoloop.features.extractor import check_clip, check_range, computing, resize_of


def test_clips_that_fit_pass() -> None:
    """Grey and RGB, at the ends of the range and a rounding error beyond, even no clip at all."""
    check_clip(torch.ones(2, 1, 9, 8, 8), min_frames=9)
    check_clip(-torch.ones(2, 3, 16, 8, 8) * 1.0005, min_frames=9)
    check_clip(torch.ones(0, 1, 9, 8, 8), min_frames=9)


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ((1, 2, 16, 8, 8), r"a clip has 2 channels, 1 \(grey\) or 3 \(RGB\) are needed"),
        ((1, 3, 8, 8, 8), "a clip has 8 frames of 8 x 8, the net needs at least 9 frames"),
        ((1, 3, 9, 0, 8), "a clip has 9 frames of 0 x 8"),
    ],
)
def test_other_shapes_are_refused(shape: tuple[int, ...], sentence: str) -> None:
    """With what is needed."""
    with pytest.raises(UsageError, match=sentence):
        check_clip(torch.zeros(shape), min_frames=9)


@pytest.mark.parametrize(
    ("value", "place"), [(255.0, r"\[0, 255\]"), (-1.1, r"\[-1.1, 0\]"), (torch.nan, "nan")]
)
def test_other_ranges_are_refused(value: float, place: str) -> None:
    """Grey levels of a file, overshoot, and what is no number."""
    clip = torch.zeros(1, 1, 9, 8, 8)
    clip[0, 0, 3, 2, 1] = value
    with pytest.raises(UsageError, match=rf"pixels are in .*{place}.*must be in \[-1, 1\]"):
        check_range(clip)


def test_exact_computing_allows_no_tf32_and_restores_what_was() -> None:
    """By default it is allowed."""
    cudnn = torch.backends.cudnn
    before = (cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32)
    for precision in ("exact", "tf32", "bf16"):
        with computing(precision):
            assert cudnn.enabled == before[0]
            assert cudnn.allow_tf32 == (precision == "tf32")
            assert not torch.is_grad_enabled()
        assert (cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32) == before


def test_an_id_tells_the_resize() -> None:
    """With and without a precision behind it, or none at all."""
    assert resize_of("i3d/bilinear-224") == resize_of("i3d/bilinear-224/bf16") == "bilinear-224"
    assert resize_of("net-of-tests") is None
