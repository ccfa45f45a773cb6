"""The video distance streams, says what it was made from and warns where it must."""

import weakref
from collections.abc import Iterator

import pytest
import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.frechet import Moments, frechet_distance
from sonoloop.evaluation.fvd import frechet_video_distance
from sonoloop.shapes import Clip


class FrameMeans:
    """A net of no weights: the mean of every frame."""

    id = "frame means"
    checksum = "0" * 64
    num_features = 4

    def __init__(self) -> None:
        """Count what is seen."""
        self.batches: list[int] = []

    def __call__(self, clip: Clip) -> Float[Tensor, "b features"]:
        """Average over channels and space."""
        self.batches.append(len(clip))
        return clip.mean(dim=(1, 3, 4))


def clips(count: int, seed: int) -> Clip:
    """Draw clips of 4 frames."""
    return torch.randn(count, 1, 4, 8, 8, generator=torch.Generator().manual_seed(seed))


def test_the_value_is_the_distance_of_the_features() -> None:
    """However the sets are cut, in the net's batches of the size asked for."""
    real, synthetic, extractor = clips(11, 0), clips(9, 1) + 0.2, FrameMeans()
    result = frechet_video_distance(real.split(3), synthetic, extractor, batch_size=4)
    moments = [Moments.of(extractor(one)) for one in (real, synthetic)]
    assert result.value == pytest.approx(frechet_distance(*moments), rel=1e-9)
    assert extractor.batches[:6] == [4, 4, 3, 4, 4, 1]
    assert (result.num_real, result.num_synthetic, result.num_features) == (11, 9, 4)
    assert (result.extractor_id, result.extractor_checksum) == ("frame means", "0" * 64)
    assert result.warnings == ()


def test_small_sets_and_identical_sets_are_named() -> None:
    """A covariance of 4 dimensions needs 5 clips; a set compared with itself is 0, with a note."""
    few = frechet_video_distance(clips(4, 0), clips(5, 1), FrameMeans())
    assert len(few.warnings) == 1
    assert "4 real clips are too few for a covariance in 4 dimensions" in few.warnings[0]
    same = frechet_video_distance(clips(9, 0), clips(9, 0).flip(0), FrameMeans())
    assert same.value == pytest.approx(0, abs=1e-9)
    assert same.warnings == ("the two sets are identical to this net",)


def test_sets_of_two_shapes_are_refused_before_the_second_is_read() -> None:
    """The net sees no synthetic clip."""
    extractor = FrameMeans()
    with pytest.raises(SonoloopError, match=r"\(1, 4, 8, 8\) and \(1, 3, 8, 8\)"):
        frechet_video_distance(clips(5, 0), clips(5, 1)[:, :, 1:], extractor)
    assert extractor.batches == [5]


def test_too_few_clips_are_refused() -> None:
    """None, or one."""
    with pytest.raises(SonoloopError, match="at least 2 clips, got 0"):
        frechet_video_distance([], clips(5, 1), FrameMeans())
    with pytest.raises(SonoloopError, match="at least 2 clips, got 1"):
        frechet_video_distance(clips(5, 1), clips(1, 1), FrameMeans())


def test_clips_are_let_go_as_they_are_done() -> None:
    """Of a long stream no more than one batch and one item lives at any time."""
    alive: weakref.WeakSet[Tensor] = weakref.WeakSet()
    most = 0

    def stream(count: int) -> Iterator[Tensor]:
        nonlocal most
        for number in range(count):
            clip = clips(1, number)[0]
            alive.add(clip)
            most = max(most, len(alive))
            yield clip

    few, counts = FrameMeans(), []
    for count in (40, 400):
        most = 0
        frechet_video_distance(stream(count), stream(count), few, batch_size=4)
        counts.append(most)
    assert counts[0] == counts[1] <= 6
