"""Folders travel as bytes."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from sonoloop.cluster.folder_bytes import pack_folder, unpack_folder, write_archive


def _write(folder: Path) -> Path:
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / "deep" / "deeper" / "file").write_bytes(b"one")
    (folder / "left").mkdir()
    (folder / "left" / "file").write_bytes(b"two")
    (folder / "file").write_bytes(b"three")
    return folder


def test_what_was_packed_comes_out(tmp_path: Path) -> None:
    """All but what is left out; what is there under the same names is replaced."""
    packed = pack_folder(_write(tmp_path / "here"), without={"left"})
    there = tmp_path / "there"
    (there / "deep").mkdir(parents=True)
    (there / "deep" / "old").touch()
    (there / "stays").touch()
    unpack_folder(packed, there)
    found = {path.relative_to(there).as_posix() for path in there.rglob("*") if path.is_file()}
    assert found == {"deep/deeper/file", "file", "stays"}
    assert (there / "deep" / "deeper" / "file").read_bytes() == b"one"


def test_bytes_depend_on_names_and_contents_alone(tmp_path: Path) -> None:
    """Not on when files were written; an archive in a file is the same."""
    one, two = _write(tmp_path / "one"), _write(tmp_path / "two")
    os.utime(two / "file", (1, 1))
    packed = pack_folder(one)
    assert pack_folder(two) == packed
    buffer = io.BytesIO()
    write_archive(two, buffer)
    assert buffer.getvalue() == packed


def test_a_name_that_leads_out_is_refused(tmp_path: Path) -> None:
    """Nothing is written beside the folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../outside"))
    with pytest.raises(tarfile.FilterError):
        unpack_folder(buffer.getvalue(), tmp_path / "folder")
    assert not (tmp_path / "outside").exists()
    assert not list((tmp_path / "folder").iterdir())
