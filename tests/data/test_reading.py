"""One door opens every kind of recording and refuses the rest in one sentence."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonoloop.data.reading import find_recordings, has_dicom_mark, read_recording
from sonoloop.errors import UnreadableFileError

RAMP = Image.fromarray(np.tile(np.arange(32, dtype=np.uint8), (24, 1)))


def test_suffix_decides_the_reader_in_any_case(tmp_path: Path) -> None:
    """A still, a gif and a folder of frames."""
    folder = tmp_path / "video"
    folder.mkdir()
    for name in ("2.png", "10.png"):
        RAMP.save(folder / name)
    RAMP.save(tmp_path / "a.PNG")
    RAMP.save(tmp_path / "b.gif", save_all=True, append_images=[RAMP.rotate(180)])
    assert read_recording(tmp_path / "a.PNG").is_still
    assert len(read_recording(tmp_path / "b.gif").frames) == 2
    assert len(read_recording(tmp_path / "b.gif", max_frames=1).frames) == 1
    assert read_recording(folder, frame_rate_hz=10.0).frame_rate_hz == pytest.approx(10)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.png", "there is no such file or folder"),
        ("notes.txt", r"\.txt is of no kind that can be read: use DICOM, NIfTI, MHA or \.avi, "),
        ("notes", "a file without suffix is of no kind"),
        ("black.png", "every pixel has the value 0: there is no scan in it"),
        ("a.png", "is no picture"),
    ],
)
def test_bad_input_is_refused(tmp_path: Path, name: str, message: str) -> None:
    """The sentence starts with the file."""
    for text_file in ("notes.txt", "notes", "a.png"):
        (tmp_path / text_file).write_text("notes")
    Image.new("L", (32, 32)).save(tmp_path / "black.png")
    with pytest.raises(UnreadableFileError, match=message) as raised:
        read_recording(tmp_path / name)
    assert str(raised.value).startswith(str(tmp_path / name))
    assert "\n" not in str(raised.value)


def test_recordings_are_found_in_natural_order(tmp_path: Path) -> None:
    """Frame folders are one entry, hidden and other files are left out, UIDs are opened."""
    frames = tmp_path / "benign" / "video7"
    frames.mkdir(parents=True)
    for name in ("1.png", "2.png"):
        RAMP.save(frames / name)
    for name in ("10.mp4", "9.mp4", ".hidden.mp4", "notes.txt", "1.2.840.5", "other"):
        (tmp_path / "benign" / name).write_bytes(b"x")
    (tmp_path / "benign" / "1.2.840.6").write_bytes(bytes(128) + b"DICM")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "a.mp4").write_bytes(b"x")
    found = [path.relative_to(tmp_path / "benign").as_posix() for path in find_recordings(tmp_path)]
    assert found == ["1.2.840.6", "9.mp4", "10.mp4", "video7"]
    assert find_recordings(frames) == [frames]
    assert find_recordings(tmp_path / "benign" / "9.mp4") == [tmp_path / "benign" / "9.mp4"]
    with pytest.raises(UnreadableFileError, match="there is no such file or folder"):
        find_recordings(tmp_path / "missing")


def test_links_that_lead_back_up_are_not_followed(tmp_path: Path) -> None:
    """Each file is found once, under its short name; links elsewhere are listed."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    RAMP.save(tmp_path / "in" / "deep" / "a.png")
    RAMP.save(tmp_path / "elsewhere" / "b.png")
    (tmp_path / "in" / "deep" / "up").symlink_to("..")
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "elsewhere")
    found = find_recordings(tmp_path / "in")
    names = [path.relative_to(tmp_path / "in").as_posix() for path in found]
    assert names == ["deep/a.png", "linked"]


def test_dicom_mark_is_looked_for_after_the_preamble(tmp_path: Path) -> None:
    """DICOM PS3.10, section 7.1; shorter files have none."""
    path = tmp_path / "a"
    path.write_bytes(bytes(128) + b"DICM")
    assert has_dicom_mark(path)
    path.write_bytes(b"DICM")
    assert not has_dicom_mark(path)
