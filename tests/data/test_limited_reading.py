"""Files are read elsewhere as they are here; a bad one costs nothing but itself."""

import resource
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, FileMetaDataset, dcmwrite
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage

from sonoloop.data.limited_reading import LimitedReader, find_recordings, is_video
from sonoloop.data.phantom import phantom_clip
from sonoloop.data.reading import ReadRecording, is_video_folder, read_recording
from sonoloop.errors import UnreadableFileError
from sonoloop.limited_process import LimitedProcess, Limits


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


def write_bombs(folder: Path) -> None:
    """Write two deflated DICOM files of one series, each 100 MB unpacked, 100 kB on disk."""
    folder.mkdir()
    for number in range(2):
        file = Dataset()
        file.file_meta = FileMetaDataset()
        file.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        file.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
        file.SOPClassUID = UltrasoundMultiFrameImageStorage
        file.file_meta.MediaStorageSOPInstanceUID = file.SOPInstanceUID = UID(f"1.2.{number}")
        file.add_new("EncapsulatedDocument", "OB", bytes(100_000_000))
        dcmwrite(folder / f"{number}.dcm", file, enforce_file_format=True)


def most_memory_mb(_: object) -> float:
    """Tell the most memory that a process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_looking_through_a_folder_takes_no_more_than_a_file_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headers of a series unpack to any size, so none is read here; its files are listed then."""
    read_here: list[object] = []
    monkeypatch.setattr("sonoloop.data.dicom_series.dcmread", read_here.append)
    limits = Limits(cpu_s=60.0, cpu_s_per_mb=0.0, memory_bytes=48 << 20)
    monkeypatch.setattr("sonoloop.data.limited_reading.WHOLE_FILE_LIMITS", limits)
    write_bombs(tmp_path / "in")
    (tmp_path / "video").mkdir()
    for number in range(2):
        Image.new("L", (32, 32)).save(tmp_path / "video" / f"{number}.png")
    with LimitedProcess() as process:
        found = find_recordings(tmp_path, process)
        names = [path.relative_to(tmp_path).as_posix() for path in found]
        assert names == ["in/0.dcm", "in/1.dcm", "video"]
        assert not read_here
        most_mb = process.call(most_memory_mb, None, path=tmp_path, limits=limits)
    with LimitedProcess() as process:
        monkeypatch.undo()
        find_recordings(tmp_path, process)
        assert process.call(most_memory_mb, None, path=tmp_path, limits=limits) > most_mb + 64


def test_folders_are_told_apart_as_without_limits(tmp_path: Path) -> None:
    """Videos from stills, and files from both."""
    for name in ("video", "stills"):
        (tmp_path / name).mkdir()
    for number in range(2):
        Image.new("L", (32, 32)).save(tmp_path / "video" / f"{number}.png")
        Image.new("L", (32, 32 + number)).save(tmp_path / "stills" / f"{number}.png")
    with LimitedProcess() as process:
        for path in (*tmp_path.iterdir(), tmp_path, tmp_path / "video" / "0.png"):
            assert is_video(process, path) == is_video_folder(path)
        assert is_video(process, tmp_path / "video")
