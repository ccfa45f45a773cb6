"""Names of a batch's files."""

from pathlib import Path

import pytest

from sonoloop.errors import UnreadableFileError
from sonoloop.synthesis.clip_names import LONGEST_NAME, file_sha256, origin, still_stem


def test_stems_are_short_harmless_and_differ() -> None:
    """Folders, blanks and dots go; the hash keeps equal names apart."""
    assert still_stem("a/b/my still.png", "0123456789") == "my_still-01234567"
    assert still_stem("...", "0123456789") == "still-01234567"
    assert len(still_stem("x" * 300, "0" * 64)) == LONGEST_NAME + 9
    assert still_stem("a.png", "0" * 64) != still_stem("a.png", "1" * 64)


def test_origin_is_a_seed_or_a_clip() -> None:
    """Motion that was taken from a clip is named by its hash."""
    assert origin(3, None) == "seed3"
    assert origin(3, "abcdef0123456789") == "motionabcdef01"


def test_hash_of_a_frame_folder_is_that_of_its_first_frame(tmp_path: Path) -> None:
    """An empty folder is refused, and so is what is not there."""
    folder = tmp_path / "frames"
    folder.mkdir()
    with pytest.raises(UnreadableFileError, match="is empty"):
        file_sha256(folder)
    (folder / "000.png").write_bytes(b"first")
    (folder / "001.png").write_bytes(b"second")
    assert file_sha256(folder) == file_sha256(folder / "000.png")
    assert file_sha256(folder) != file_sha256(folder / "001.png")
    with pytest.raises(UnreadableFileError, match="No such file"):
        file_sha256(tmp_path / "gone.png")
