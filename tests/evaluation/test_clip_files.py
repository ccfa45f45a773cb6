"""Clips of any kind, read by what a limited process runs."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonoloop.errors import UnreadableFileError
from sonoloop.evaluation.clip_files import look_at_clip, read_clip

FRAMES = np.random.default_rng(0).integers(0, 256, (5, 32, 40), dtype=np.uint8)


def write_gif(path: Path) -> None:
    """Write the frames at 10 Hz."""
    first, *others = map(Image.fromarray, FRAMES)
    first.save(path, save_all=True, append_images=others, duration=100)


def test_videos_arrays_and_folders_are_read(tmp_path: Path) -> None:
    """Only a video states its rate."""
    np.save(tmp_path / "a.npy", FRAMES)
    write_gif(tmp_path / "a.gif")
    (tmp_path / "a").mkdir()
    for number, frame in enumerate(FRAMES):
        Image.fromarray(frame).save(tmp_path / "a" / f"{number}.png")
    for name, rate_hz in (("a.npy", None), ("a", None), ("a.gif", pytest.approx(10))):
        frames, found_hz = read_clip(tmp_path / name)
        assert found_hz == rate_hz
        assert frames.shape == FRAMES.shape
        assert look_at_clip(tmp_path / name) == (FRAMES.shape, rate_hz)
    np.testing.assert_array_equal(read_clip(tmp_path / "a.npy").frames, FRAMES)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    """Of both kinds."""
    for name in ("a.npy", "a.mp4"):
        (tmp_path / name).write_bytes(b"damaged")
        with pytest.raises(UnreadableFileError):
            look_at_clip(tmp_path / name)


def test_a_process_that_reads_clips_needs_no_torch() -> None:
    """It starts for every folder, and torch takes seconds."""
    program = "import sys, sonoloop.evaluation.clip_files; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert found.stdout == b"False\n"
