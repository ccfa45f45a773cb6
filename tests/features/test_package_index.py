"""Files are found on an index of either kind, with its password and no one else's."""

import base64
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sonoloop.features.package_index import NotOnIndexError, find_file, open_url
from sonoloop.features.pip_settings import PipSettings

if TYPE_CHECKING:
    from conftest import PackageServer

FILE = "net-1.0.tar.gz"


@pytest.fixture
def sha256(package_server: "PackageServer") -> str:
    """Put a file on the index and return its hash."""
    package_server.add("net", FILE, b"content")
    return package_server.announced[FILE]


@pytest.mark.parametrize("speaks_json", [True, False])
def test_a_file_is_found(
    package_server: "PackageServer", settings: PipSettings, sha256: str, *, speaks_json: bool
) -> None:
    """PEP 691 and PEP 503; relative addresses count from the page."""
    package_server.speaks_json = speaks_json
    url = find_file("net", FILE, sha256, settings)
    assert url == f"http://127.0.0.1:{package_server.port}/files/{FILE}"
    with open_url(url, settings) as response:
        assert response.read(100) == b"content"


def test_the_next_index_is_asked(
    package_server: "PackageServer", settings: PipSettings, sha256: str
) -> None:
    """A dead one, one without the project and a bare folder come first."""
    port = package_server.port
    indexes = ("http://127.0.0.1:9/simple", f"http://127.0.0.1:{port}/nothing", *settings.indexes)
    settings = dataclasses.replace(settings, indexes=("file:///nowhere", *indexes))
    assert find_file("net", FILE, sha256, settings).endswith(FILE)


def test_an_index_may_be_a_folder(settings: PipSettings, tmp_path: Path) -> None:
    """As pip reads file: addresses."""
    page = tmp_path / "net" / "index.html"
    page.parent.mkdir()
    page.write_text(f'<a name="x">none</a><a href="{FILE}">net</a>')
    (tmp_path / "net" / FILE).write_bytes(b"content")
    settings = dataclasses.replace(settings, indexes=(tmp_path.as_uri(),))
    with open_url(find_file("net", FILE, "0" * 64, settings), settings) as response:
        assert response.read(100) == b"content"


def test_why_there_is_none_is_said_for_each_index(
    package_server: "PackageServer", settings: PipSettings, sha256: str
) -> None:
    """Unreachable, unknown project, unknown file, another file, no index at all."""
    index = package_server.index
    with pytest.raises(NotOnIndexError, match=f"{index}: status 404"):
        find_file("other", FILE, sha256, settings)
    with pytest.raises(NotOnIndexError, match=f"{index} has no net-2"):
        find_file("net", "net-2.0.tar.gz", sha256, settings)
    with pytest.raises(NotOnIndexError, match=f"{index} has another {FILE}, of SHA-256 ed7002b4"):
        find_file("net", FILE, "0" * 64, settings)
    dead = dataclasses.replace(settings, indexes=("http://127.0.0.1:9/simple", "ftp://x/simple"))
    with pytest.raises(NotOnIndexError, match=r":9/simple: .*refused; ftp:.*it is no http"):
        find_file("net", FILE, sha256, dead)
    none = dataclasses.replace(settings, indexes=())
    with pytest.raises(NotOnIndexError, match="pip is told to use no index"):
        find_file("net", FILE, sha256, none)


def test_a_page_that_follows_no_standard_is_no_find(
    package_server: "PackageServer", settings: PipSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON of another kind."""
    package_server.add("net", FILE, b"content")
    kind = "application/json"
    monkeypatch.setattr(type(package_server), "page", lambda _: (kind, b'{"files": [1]}'))
    with pytest.raises(NotOnIndexError, match="its answer does not follow PEP 691"):
        find_file("net", FILE, "0" * 64, settings)


def test_password_goes_to_the_index_alone_and_is_never_shown(
    package_server: "PackageServer", settings: PipSettings, sha256: str
) -> None:
    """Basic authentication, for its pages and for files on the same host."""
    index = package_server.index.replace("127", "me:s%3Ap%40ss@127")
    private = dataclasses.replace(settings, indexes=(index,))
    url = find_file("net", FILE, sha256, private)
    with open_url(url, private) as response:
        response.read(100)
    expected = "Basic " + base64.b64encode(b"me:s:p@ss").decode()
    assert [headers["Authorization"] for _, headers in package_server.requests] == [expected] * 2
    with pytest.raises(NotOnIndexError) as error:
        find_file("net", "other", sha256, private)
    assert "p%40ss" not in str(error.value)
    package_server.files["/simple/net/"] = b""
    elsewhere = package_server.index.replace("127.0.0.1", "me:secret@localhost")
    page = f"http://127.0.0.1:{package_server.port}/files/{FILE}"
    package_server.page = lambda: (  # type: ignore[method-assign]
        "text/html",
        f'<a href="{page}">net</a>'.encode(),
    )
    foreign = find_file("net", FILE, sha256, dataclasses.replace(settings, indexes=(elsewhere,)))
    assert foreign == page
