"""Numbered pictures are frames of one video, in numeric order; separate stills are not."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonoloop.data.frame_folders import is_frame_folder, natural_key, read_frame_folder
from sonoloop.errors import UnreadableFileError


def _fill(folder: Path, names: list[str], *, height: int = 24) -> Path:
    """Write one picture a name; its grey is ten times its place in the list."""
    folder.mkdir(exist_ok=True)
    for place, name in enumerate(names):
        Image.new("L", (32, height), 10 * place).save(folder / name)
    return folder


def test_natural_order() -> None:
    """Numbers compare as numbers, wherever they stand."""
    names = ["10.png", "2.png", "b1.png", "a10.png", "a9.png"]
    assert sorted(names, key=natural_key) == ["2.png", "10.png", "a9.png", "a10.png", "b1.png"]


def test_frames_are_read_in_numeric_order(tmp_path: Path) -> None:
    """2.png comes before 10.png, at the rate asked for."""
    folder = _fill(tmp_path / "video", [f"{number}.png" for number in range(1, 13)])
    recording = read_frame_folder(folder, frame_rate_hz=50.0)
    np.testing.assert_array_equal(recording.frames[:, 0, 0], 10 * np.arange(12))
    assert recording.frame_rate_hz == pytest.approx(50)
    assert read_frame_folder(folder).frame_rate_hz == pytest.approx(25)


@pytest.mark.parametrize(
    "names",
    [
        ["000000.png", "000001.png"],
        ["1.jpg", "2.jpg", "10.jpg"],
        ["frame_1.png", "frame_2.png"],
        ["IMG-0001.bmp", "IMG-0002.bmp"],
        ["x66ef_0001.png", "x66ef_0002.png"],
        ["patient_7_1.png", "patient_7_2.png"],
    ],
)
def test_numbered_pictures_are_a_frame_folder(tmp_path: Path, names: list[str]) -> None:
    """The layouts that exporters and BUSV write."""
    assert is_frame_folder(_fill(tmp_path / "video", names))


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["1.png"],
        ["benign (1).png", "benign (2).png"],
        ["benign (1).png", "benign (1)_mask.png"],
        ["patient_1.png", "patient_2.png"],
        ["left1.png", "right2.png"],
        ["1.png", "2.jpg"],
    ],
)
def test_separate_stills_are_no_frame_folder(tmp_path: Path, names: list[str]) -> None:
    """BUSI's names and patients' stills among them."""
    assert not is_frame_folder(_fill(tmp_path / "stills", names))


def test_differing_sizes_and_other_content_are_no_frame_folder(tmp_path: Path) -> None:
    """Frames of one video are of one size and alone in their folder."""
    folder = _fill(tmp_path / "sizes", ["1.png"], height=24)
    _fill(folder, ["2.png"], height=32)
    assert not is_frame_folder(folder)
    folder = _fill(tmp_path / "nested", ["1.png", "2.png"])
    assert is_frame_folder(folder)
    (folder / ".DS_Store").touch()
    assert is_frame_folder(folder)
    (folder / "inner").mkdir()
    assert not is_frame_folder(folder)
    assert not is_frame_folder(tmp_path / "missing")


def test_bad_folders_are_refused(tmp_path: Path) -> None:
    """No picture, pictures of two sizes, a broken picture: each names its file."""
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UnreadableFileError, match="empty: holds no pictures to read as frames"):
        read_frame_folder(empty)
    folder = _fill(tmp_path / "sizes", ["1.png"], height=24)
    _fill(folder, ["2.png"], height=32)
    with pytest.raises(UnreadableFileError, match=r"2\.png: is 32 x 32 .* is 32 x 24"):
        read_frame_folder(folder)
    (folder / "2.png").write_text("notes")
    with pytest.raises(UnreadableFileError, match=r"2\.png: its content is no picture"):
        read_frame_folder(folder)
    assert len(read_frame_folder(folder, max_frames=1).frames) == 1
