"""The public interface: any image in, loops of its own size out, reproducible one by one."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from sonoloop import ImageToVideo as PublicImageToVideo
from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.loops import LoopOptions, LoopRequest


def smooth_scan(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Make a textured grey image."""
    noise = np.random.default_rng(seed).integers(20, 220, (height // 4 + 1, width // 4 + 1))
    image = Image.fromarray(noise.astype(np.uint8)).resize((width, height))
    return np.asarray(image).copy()


def test_loops_have_the_size_of_the_still_and_begin_with_it(
    model: ImageToVideo, still_path: Path
) -> None:
    """Odd sizes stay odd, frame 0 is the still inside the scan, later frames differ."""
    loops = model(still_path, num_samples=2)[0]
    pixels = np.asarray(Image.open(still_path))
    top, left, bottom, right = loops.still.region
    assert len(loops) == 2
    assert loops.frame_rate_hz == pytest.approx(16 / 1.92)
    for clip in loops:
        assert clip.shape == (16, 91, 123)
        assert clip.dtype == np.uint8
        np.testing.assert_array_equal(
            clip[0, top:bottom, left:right], pixels[top:bottom, left:right]
        )
        assert (clip[1:] != clip[:1]).mean() > 0.1
    assert (loops[0] != loops[1]).any()


def test_every_kind_of_image_gives_the_same_loop(model: ImageToVideo, tmp_path: Path) -> None:
    """A file, a grey array, an RGB array, floats and a Pillow image are one still."""
    grey = smooth_scan(70, 80)
    path = tmp_path / "still.png"
    Image.fromarray(grey).save(path)
    rgb = np.repeat(grey[..., None], 3, axis=2)
    images = [path, str(path), grey, rgb, grey / 255.0, Image.fromarray(grey), Image.fromarray(rgb)]
    expected, *others = [loops[0] for loops in model(images, batch_size=1)]
    for clip in others:
        np.testing.assert_array_equal(clip, expected)


def test_a_loop_depends_on_seed_still_and_sample_only(model: ImageToVideo) -> None:
    """Batches, order and company change nothing beyond rounding; seed and sample do."""
    first, second = smooth_scan(64, 64), smooth_scan(64, 80, seed=1)
    alone = model(first, num_samples=3, seed=5, batch_size=1)[0]
    together = model([second, first], num_samples=3, seed=5, batch_size=4)[1]
    for clip, same in zip(alone, together, strict=True):
        assert np.abs(clip.astype(int) - same.astype(int)).max() <= 1
    other_seed = model(first, seed=6)[0]
    assert (other_seed[0] != alone[0]).mean() > 0.05
    only_third = next(model.animate([LoopRequest(model.open(first), 2)], seed=5)).frames
    assert np.abs(only_third.astype(int) - alone[2].astype(int)).max() <= 1


def test_first_frame_features_are_computed_once_per_still(
    model: ImageToVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five samples in batches of two: one pass over the still."""
    calls: list[int] = []
    compute = model.autoencoder.first_frame_features

    def counted(first_frame: Tensor) -> list[Tensor]:
        calls.append(len(first_frame))
        return compute(first_frame)

    monkeypatch.setattr(model.autoencoder, "first_frame_features", counted)
    model(smooth_scan(64, 64), num_samples=5, batch_size=2)
    assert calls == [1]


def test_results_carry_no_gradient_and_weights_are_frozen(model: ImageToVideo) -> None:
    """Synthesis never builds a graph."""
    assert isinstance(model.autoencoder, torch.nn.Module)
    assert not any(weight.requires_grad for weight in model.autoencoder.parameters())


def test_verdict_comes_with_the_loops(model: ImageToVideo) -> None:
    """Coarse bright blobs are unlike the tiny model's fine speckle."""
    verdict = model(smooth_scan(64, 64))[0].typicality
    assert verdict is not None
    assert verdict.is_atypical


def test_top_level_name() -> None:
    """``from sonoloop import ImageToVideo`` is this class."""
    assert PublicImageToVideo is ImageToVideo


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((2, 3, 4, 5), np.uint8), r"shape \(h, w\) or \(h, w, 3\), got \(2, 3, 4, 5\)"),
        (np.full((64, 64), np.nan), "must be finite and within"),
        (np.full((64, 64), 128.0), "got 128 to 128; scale it"),
        (np.zeros((64, 64), np.int32), "uint8 or float in .* got int32"),
    ],
)
def test_wrong_arrays_are_refused(model: ImageToVideo, image: np.ndarray, message: str) -> None:
    """One sentence with what was found."""
    with pytest.raises(UsageError, match=message):
        model(image)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.full((1, 1), 7, np.uint8), "is 1x1 pixels; give at least 16 a side"),
        (np.zeros((64, 64), np.uint8), "every pixel has the grey level 0"),
    ],
)
def test_images_that_show_nothing_are_refused(
    model: ImageToVideo, image: np.ndarray, message: str
) -> None:
    """Too small or uniform."""
    with pytest.raises(UnreadableFileError, match=message):
        model(image)


def test_wrong_arguments_are_refused(model: ImageToVideo) -> None:
    """Counts start at one, seeds at zero."""
    still = smooth_scan(64, 64)
    with pytest.raises(UsageError, match="num_samples must be at least 1, got 0"):
        model(still, num_samples=0)
    with pytest.raises(UsageError, match="seed must be at least 0, got -1"):
        model(still, seed=-1)
    with pytest.raises(UsageError, match="num_inference_steps must be at least 1, got 0"):
        model(still, num_inference_steps=0)


def test_wishes_that_cannot_be_met_are_refused_before_any_work(model: ImageToVideo) -> None:
    """Animating is lazy, its refusals are not."""
    requests = [LoopRequest(model.open(smooth_scan(64, 64)), 0)]
    with pytest.raises(UsageError, match="this model was trained without motion strength"):
        model.animate(requests, options=LoopOptions(motion=0.5))
    with pytest.raises(UsageError, match="this model was trained without labels"):
        model(smooth_scan(64, 64), label="cyst")
