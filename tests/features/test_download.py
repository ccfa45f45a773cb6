"""Downloads go on where they stopped, and nothing but the wanted file is accepted."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sonoloop.errors import SonoloopError
from sonoloop.features import download as download_module
from sonoloop.features.download import download, file_sha256
from sonoloop.features.pip_settings import PipSettings

if TYPE_CHECKING:
    from conftest import PackageServer

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once."""
    monkeypatch.setattr(download_module, "PAUSE_S", 0.0)


class Site:
    """One file on the server."""

    def __init__(self, server: "PackageServer", settings: PipSettings, folder: Path) -> None:
        """Put it there."""
        server.add("net", "net", CONTENT)
        self.server, self.settings = server, settings
        self.destination = folder / "new" / "net"
        self.partial = folder / "new" / "net.part"
        self.progress: list[tuple[int, int]] = []

    def download(self, *, sha256: str = SHA256, name: str = "net", attempts: int = 3) -> None:
        """Fetch it."""
        download(
            f"http://127.0.0.1:{self.server.port}/files/{name}",
            self.destination,
            sha256=sha256,
            num_bytes=len(CONTENT),
            settings=self.settings,
            on_progress=lambda have, size: self.progress.append((have, size)),
            attempts=attempts,
        )

    def ranges(self) -> list[str | None]:
        """List what was asked for."""
        return [headers.get("Range") for _, headers in self.server.requests]


@pytest.fixture
def site(package_server: "PackageServer", settings: PipSettings, tmp_path: Path) -> Site:
    """Serve one file."""
    return Site(package_server, settings, tmp_path)


def test_a_file_arrives_and_nothing_else_is_left(site: Site) -> None:
    """With progress from something to all."""
    site.download()
    assert site.destination.read_bytes() == CONTENT
    assert file_sha256(site.destination) == SHA256
    assert not site.partial.exists()
    assert site.progress[-1] == (len(CONTENT), len(CONTENT))
    assert site.progress == sorted(site.progress)


def test_a_broken_connection_is_continued(site: Site) -> None:
    """By a Range request, within the same call."""
    site.server.stops_after = [1_000_000, 500_000]
    site.download()
    assert site.destination.read_bytes() == CONTENT
    assert site.ranges() == [None, "bytes=1000000-", "bytes=1500000-"]


def test_a_later_call_continues_too(site: Site) -> None:
    """What has arrived is kept, and the message says so."""
    site.server.stops_after = [1_000_000]
    with pytest.raises(SonoloopError, match=r"stopped at 1\.0 of 3\.0 MB .* run the same command"):
        site.download(attempts=1)
    assert site.partial.stat().st_size == 1_000_000
    site.download()
    assert site.destination.read_bytes() == CONTENT
    assert site.ranges() == [None, "bytes=1000000-"]


def test_a_server_without_ranges_sends_it_again(site: Site) -> None:
    """The partial file is overwritten, not appended to."""
    site.server.takes_ranges = False
    site.server.stops_after = [1_000_000]
    site.download()
    assert site.destination.read_bytes() == CONTENT
    assert site.ranges() == [None, "bytes=1000000-"]


def test_a_wrong_partial_file_is_found_and_deleted(site: Site) -> None:
    """Its beginning is not the file's; the next call starts again."""
    site.partial.parent.mkdir()
    site.partial.write_bytes(b"x" * 1000)
    with pytest.raises(SonoloopError, match=r"is not the file that was wanted.*it was deleted"):
        site.download()
    assert not site.partial.exists()
    assert not site.destination.exists()
    site.download()
    assert site.destination.read_bytes() == CONTENT


@pytest.mark.parametrize("size", [len(CONTENT), len(CONTENT) + 1])
def test_a_partial_file_of_full_size_or_more_is_dealt_with(site: Site, size: int) -> None:
    """A whole one is checked without a request, a longer one starts again."""
    site.partial.parent.mkdir()
    site.partial.write_bytes(CONTENT + b"x" * (size - len(CONTENT)))
    site.download()
    assert site.destination.read_bytes() == CONTENT
    assert len(site.server.requests) == size - len(CONTENT)


def test_another_file_is_refused(site: Site) -> None:
    """By its hash, and deleted."""
    with pytest.raises(SonoloopError, match=f"begins with {SHA256[:12]}, not 000000000000"):
        site.download(sha256="0" * 64)
    assert not list(site.destination.parent.iterdir())


def test_no_byte_more_than_expected_is_read(site: Site) -> None:
    """A server that sends on without end does not fill the disk."""
    site.server.files["/files/net"] = CONTENT + b"x" * 10_000_000
    site.download()
    assert site.destination.read_bytes() == CONTENT


def test_failures_are_named(site: Site) -> None:
    """The server's status, or that it cannot be reached."""
    with pytest.raises(SonoloopError, match=r"stopped at 0\.0 of 3\.0 MB \(status 404\)"):
        site.download(name="missing")
    site.server.port = 9
    with pytest.raises(SonoloopError, match="refused"):
        site.download()


def test_a_range_beyond_the_end_starts_again(site: Site) -> None:
    """The server has a shorter file: its status 416, then the wrong file."""
    site.server.files["/files/net"] = CONTENT[:500]
    site.partial.parent.mkdir()
    site.partial.write_bytes(CONTENT[:1000])
    with pytest.raises(SonoloopError, match="stopped at"):
        site.download(attempts=2)
    assert site.ranges() == ["bytes=1000-", None]
