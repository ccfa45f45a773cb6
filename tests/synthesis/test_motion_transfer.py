"""A clip's motion, as stage 1 reads it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.clip_sampling import clip_indices
from sonoloop.data.config import ClipConfig
from sonoloop.data.item_preparation import ItemTask, prepare_item, read_prepared
from sonoloop.data.phantom import phantom_clip
from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.synthesis.export import write_mp4
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.motion_transfer import IN_MEMORY, KnownMotion, open_clip

CONFIG = ClipConfig(size=64, num_frames=16, window_s=1.92)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a phantom of 64 frames at 25 Hz."""
    path = tmp_path_factory.mktemp("clips") / "moving.mp4"
    frames = phantom_clip(np.random.default_rng(0), size=96, num_frames=64, sector=True)
    write_mp4(path, frames, frame_rate_hz=25.0, provenance=None)
    return path


def test_clip_is_what_training_would_see(video: Path, tmp_path: Path) -> None:
    """``data prepare`` stores the same frames; the window begins where it was asked to."""
    task = ItemTask("moving", video, 0, 64, 16, None, tmp_path)
    frames, times_s = read_prepared(tmp_path, prepare_item(task).key)
    for start_s, start in ((0.0, 0), (0.5, 12)):
        clip = open_clip(video, CONFIG, start_s=start_s)
        np.testing.assert_array_equal(clip.frames, frames[clip_indices(times_s, CONFIG, start)])
        assert clip.start_s == pytest.approx(start_s, abs=0.04)
        assert clip.name == "moving.mp4"
    assert open_clip(video, CONFIG).sha256 != open_clip(video, CONFIG, start_s=0.5).sha256


def test_frames_in_memory_are_taken_in_order() -> None:
    """The first of them, fitted into the square."""
    frames = phantom_clip(np.random.default_rng(0), size=64, num_frames=20)
    clip = open_clip(frames, CONFIG)
    np.testing.assert_array_equal(clip.frames, frames[:16])
    assert clip.name == IN_MEMORY


def test_a_still_moved_as_its_own_clip_is_the_reconstruction(model: ImageToVideo) -> None:
    """Encode, decode: the loop of a clip's first frame is the clip as stage 1 rebuilds it."""
    frames = phantom_clip(np.random.default_rng(0), size=64, num_frames=16)
    loop = model.transfer(frames, frames[0])[0][0]
    assert isinstance(model.autoencoder, VideoAutoencoder)
    clip = torch.from_numpy(frames)[None, None].float() / 127.5 - 1
    rebuilt = model.autoencoder.decode(clip[:, :, 0], model.autoencoder.encode(clip)).clip
    expected = ((rebuilt[0, 0] + 1) * 127.5).clamp(0, 255)
    assert np.abs(loop - expected.numpy()).max() <= 1
    np.testing.assert_array_equal(loop[0], frames[0])


def test_motion_depends_on_the_clip_alone(model: ImageToVideo, video: Path) -> None:
    """The same clip gives the same loops whatever the seed; another part of it gives others."""
    still = phantom_clip(np.random.default_rng(5), size=64, num_frames=1)[0]
    moved = model.with_motion_of(video)
    loops = [moved(still, seed=seed)[0][0] for seed in (0, 1)]
    np.testing.assert_array_equal(*loops)
    later = model.transfer(video, still, start_s=0.6)[0][0]
    assert (later != loops[0]).mean() > 0.05
    closed = model.transfer(video, still, loop=True)[0][0]
    assert closed.shape == loops[0].shape
    np.testing.assert_array_equal(closed[:11], loops[0][:11])


def test_flow_alone_moves_the_still_and_paints_nothing(model: ImageToVideo, video: Path) -> None:
    """Grey levels stay within the still's own, wherever they move."""
    still = phantom_clip(np.random.default_rng(5), size=64, num_frames=1)[0] // 4 + 100
    whole = model.transfer(video, still)[0][0].astype(int)
    moved = model.transfer(video, still, flow_only=True)[0][0].astype(int)
    top, left, bottom, right = model.open(still).region
    inside = moved[:, top:bottom, left:right]
    assert still.min() - 1 <= inside.min()
    assert inside.max() <= still.max() + 1
    assert (inside[1:] != inside[:1]).mean() > 0.1
    assert (whole != moved).any()


def test_bad_clips_are_refused(video: Path, tmp_path: Path) -> None:
    """Too short, blank, no clip at all, or no room for the window."""
    still = tmp_path / "still.png"
    Image.fromarray(phantom_clip(np.random.default_rng(0), num_frames=1)[0]).save(still)
    with pytest.raises(UnreadableFileError, match="has 1 frames; motion needs at least 16"):
        open_clip(still, CONFIG)
    with pytest.raises(UsageError, match=r"uint8 of shape \(t, h, w\), got uint8 of \(64, 64\)"):
        open_clip(np.zeros((64, 64), np.uint8), CONFIG)
    with pytest.raises(UsageError, match=r"start_s 9 leaves no whole clip: give 0 to 0\.7"):
        open_clip(video, CONFIG, start_s=9.0)
    black = tmp_path / "black.mp4"
    write_mp4(black, np.zeros((20, 64, 64), np.uint8), frame_rate_hz=25.0, provenance=None)
    with pytest.raises(UnreadableFileError, match="every pixel has the value 0"):
        open_clip(black, CONFIG)


def test_a_decoder_that_paints_has_no_flow_to_take(model: ImageToVideo) -> None:
    """The paper's decoder."""
    config = AutoencoderConfig(
        size=64, encoder_widths=(8, 8, 8, 8), decoder_width=4, decoder="adain"
    )
    painter = ImageToVideo(VideoAutoencoder(config).eval(), model.sampler, model.config)
    frames = phantom_clip(np.random.default_rng(0), size=64, num_frames=16)
    assert painter.transfer(frames, frames[0])[0][0].shape == (16, 64, 64)
    with pytest.raises(UsageError, match="states no flow: leave flow_only out"):
        painter.transfer(frames, frames[0], flow_only=True)


def test_a_stage_1_that_cannot_encode_is_refused() -> None:
    """Only this package's own can."""
    clip = open_clip(phantom_clip(np.random.default_rng(0), num_frames=16), CONFIG)
    with pytest.raises(UsageError, match="cannot encode clips"):
        KnownMotion.of(clip, torch.nn.Identity(), in_channels=1)
