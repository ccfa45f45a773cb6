"""Loops as files: what comes back is what went in."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from sonoloop.data.recording import Frames
from sonoloop.errors import SonoloopError
from sonoloop.synthesis.export import write_gif, write_mp4, write_npy
from sonoloop.synthesis.provenance import Provenance, read_provenance

PROVENANCE = Provenance("still.png", "ab" * 32, 3, 7, "default", "cd" * 32, "euler", 10)
RATE_HZ = 25 / 3


def moving(height: int, width: int) -> Frames:
    """Make 16 frames of drifting speckle."""
    noise = np.random.default_rng(0).standard_normal((height, width + 16))
    speckle = ndimage.gaussian_filter(noise, 1.2)
    levels = (110 + 45 * speckle / speckle.std()).clip(0, 255).astype(np.uint8)
    return np.stack([levels[:, shift : shift + width] for shift in range(16)])


@pytest.mark.parametrize(("height", "width"), [(96, 128), (91, 123), (16, 17)])
def test_mp4(tmp_path: Path, height: int, width: int) -> None:
    """H.264, yuv420p, 8.33 Hz, 16 frames; grey levels close; odd sides gain one copied line."""
    path, frames = tmp_path / "loop.mp4", moving(height, width)
    write_mp4(path, frames, frame_rate_hz=RATE_HZ, provenance=PROVENANCE)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert float(stream.average_rate or 0) == pytest.approx(RATE_HZ)
        decoded = np.stack([frame.to_ndarray(format="gray") for frame in container.decode(stream)])
    assert decoded.shape == (16, height + height % 2, width + width % 2)
    error = decoded[:, :height, :width].astype(float) - frames
    assert abs(error.mean()) < 1
    assert 10 * np.log10(255**2 / (error**2).mean()) > 35
    assert read_provenance(path) == PROVENANCE


def test_sizes_beyond_the_encoder_are_refused(tmp_path: Path) -> None:
    """H.264 ends at 16,384 pixels a side; nothing is left behind."""
    frames = np.zeros((2, 16, 20_000), np.uint8)
    with pytest.raises(SonoloopError, match=r"20000x16 cannot be encoded .* leave mp4 out"):
        write_mp4(tmp_path / "loop.mp4", frames, frame_rate_hz=8.0, provenance=PROVENANCE)
    assert not list(tmp_path.iterdir())


def test_gif(tmp_path: Path) -> None:
    """Grey levels exact, 120 ms a frame, endless."""
    path, frames = tmp_path / "loop.gif", moving(61, 47)
    write_gif(path, frames, frame_rate_hz=RATE_HZ, provenance=PROVENANCE)
    with Image.open(path) as image:
        assert image.info["loop"] == 0
        assert image.info["duration"] == 120
        for frame_index, expected in enumerate(frames):
            image.seek(frame_index)
            np.testing.assert_array_equal(np.asarray(image.convert("L")), expected)
    assert read_provenance(path) == PROVENANCE


def test_npy(tmp_path: Path) -> None:
    """The very numbers."""
    path, frames = tmp_path / "loop.npy", moving(20, 30)
    write_npy(path, frames)
    np.testing.assert_array_equal(np.load(path, allow_pickle=False), frames)


def test_unwritable_place_leaves_nothing(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "loop"
    with pytest.raises(OSError, match="file"):
        write_mp4(
            target.with_suffix(".mp4"), moving(16, 16), frame_rate_hz=8.0, provenance=PROVENANCE
        )
    with pytest.raises(OSError, match="file"):
        write_npy(target.with_suffix(".npy"), moving(16, 16))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
