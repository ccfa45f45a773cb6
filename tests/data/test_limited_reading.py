"""Files are read elsewhere as they are here; a bad one costs nothing but itself."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonoloop.limited_process import Limits
from sonoloop.data.limited_reading import LimitedReader
from sonoloop.data.phantom import phantom_clip
from sonoloop.data.reading import ReadRecording, read_recording
from sonoloop.errors import UnreadableFileError


def test_a_limited_reader_reads_what_read_recording_reads(tmp_path: Path) -> None:
    """The same frames, times and warnings, of as many frames as asked for."""
    path = tmp_path / "clip.gif"
    frames = phantom_clip(np.random.default_rng(0), size=64, num_frames=20)
    first, *others = map(Image.fromarray, frames)
    first.save(path, save_all=True, append_images=others, duration=40)
    with LimitedReader() as reader:
        assert isinstance(reader, ReadRecording)
        for max_frames in (None, 5):
            here = read_recording(path, max_frames=max_frames)
            there = reader(path, max_frames=max_frames)
            np.testing.assert_array_equal(there.frames, here.frames)
            np.testing.assert_array_equal(there.times_s, here.times_s)
            assert there.warnings == here.warnings


def test_refusals_are_the_same(tmp_path: Path) -> None:
    """In the words of the reader that refused."""
    (tmp_path / "a.png").write_text("no picture")
    with LimitedReader() as reader:
        with pytest.raises(UnreadableFileError) as there:
            reader(tmp_path / "a.png")
        with pytest.raises(UnreadableFileError) as here:
            read_recording(tmp_path / "a.png")
        assert str(there.value) == str(here.value)


def test_a_file_that_takes_too_much_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    """A picture of 9 million pixels, where only 4 MB may be taken."""
    Image.new("L", (3000, 3000)).save(tmp_path / "large.png")
    pixels = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    Image.fromarray(pixels).save(tmp_path / "small.png")
    limits = Limits(cpu_s=20.0, cpu_s_per_mb=1.0, memory_bytes=4 << 20)
    with LimitedReader(limits) as reader:
        with pytest.raises(UnreadableFileError, match=r"large\.png: .*memory"):
            reader(tmp_path / "large.png")
        assert reader(tmp_path / "small.png").frames.shape == (1, 64, 64)
