"""Complete or absent."""

from pathlib import Path

import pytest

from sonoloop.atomic_files import unfinished_file, write_atomically


def test_content_arrives_and_nothing_else(tmp_path: Path) -> None:
    """Missing folders are made; an older file is replaced."""
    path = tmp_path / "a" / "b.bin"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_failure_leaves_the_older_file(tmp_path: Path) -> None:
    """A crash halfway: the old content stays, the half-written file goes."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"old")

    def fail_halfway() -> None:
        with unfinished_file(path) as unfinished:
            unfinished.write_bytes(b"half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left") as raised:
        fail_halfway()
    assert raised.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError("4096 requested and 17 written"), OSError(28, "Full")])
def test_a_full_disk_names_the_file_that_was_to_be(tmp_path: Path, error: OSError) -> None:
    """Numpy gives no error number, ffmpeg and write() no file or the temporary one."""
    path = tmp_path / "a.npy"
    with pytest.raises(OSError, match=r"\[Errno 28\]") as raised, unfinished_file(path):
        raise error
    assert raised.value.filename == str(path)
    assert list(tmp_path.iterdir()) == []
