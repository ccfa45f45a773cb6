"""Find one file on the package index that pip is configured with, without pip.

Speaks the simple repository API: JSON (PEP 691) where the index has it, else HTML (PEP 503).
"""

import base64
import json
import ssl
from collections.abc import Mapping
from html.parser import HTMLParser
from http.client import HTTPResponse
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener
from urllib.response import addinfourl

from sonoloop.errors import SonoloopError
from sonoloop.features.pip_settings import PipSettings

JSON_TYPE: Final = "application/vnd.pypi.simple.v1+json"
_ACCEPT: Final = f"{JSON_TYPE}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_MAX_PAGE_BYTES: Final = 20_000_000

Response = HTTPResponse | addinfourl
"""What urllib answers with; the latter for files."""


class NotOnIndexError(SonoloopError):
    """No index has the file, or none could be asked."""


def open_url(url: str, settings: PipSettings, headers: Mapping[str, str] | None = None) -> Response:
    """Open an address with pip's certificates, proxy and timeout.

    Args:
        url: http, https or file; a name and password in it are sent as basic authentication.
        settings: As pip has them.
        headers: Of the request.

    Raises:
        OSError: If the server cannot be reached or refuses.
        ValueError: If the address is of another kind.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https", "file"}:
        msg = f"cannot open {url}: it is no http, https or file address"
        raise ValueError(msg)
    request = Request(url, headers=dict(headers or {}))  # noqa: S310 - scheme checked above
    if parts.username is not None and parts.scheme != "file":
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        place = parts.netloc.rpartition("@")[2]
        request = Request(parts._replace(netloc=place).geturl(), headers=dict(headers or {}))  # noqa: S310
        # Unredirected: the password is for this host alone.
        request.add_unredirected_header(
            "Authorization", f"Basic {base64.b64encode(secret).decode()}"
        )
    context = ssl.create_default_context(
        cafile=str(settings.certificates) if settings.certificates else None
    )
    proxies = {"http": settings.proxy, "https": settings.proxy} if settings.proxy else None
    opener = build_opener(ProxyHandler(proxies), HTTPSHandler(context=context))
    response: Response = opener.open(request, timeout=settings.timeout_s)
    return response


def find_file(project: str, filename: str, sha256: str, settings: PipSettings) -> str:
    """Ask the indexes in turn for the address of a file.

    Args:
        project: Normalised name of the project.
        filename: The file wanted.
        sha256: Its SHA-256; an index that announces another one is not used.
        settings: As pip has them.

    Returns:
        Address of the file.

    Raises:
        NotOnIndexError: If none has it; the message says why for each.
    """
    reasons = []
    for index in settings.indexes:
        shown = _without_login(index)
        try:
            files = _list_files(index, project, settings)
        except (OSError, ValueError) as error:
            reasons.append(f"{shown}: {reason_of(error)}")
            continue
        if filename not in files:
            reasons.append(f"{shown} has no {filename}")
            continue
        url, announced = files[filename]
        if announced is not None and announced != sha256:
            reasons.append(f"{shown} has another {filename}, of SHA-256 {announced[:12]}")
            continue
        return url
    raise NotOnIndexError("; ".join(reasons) or "pip is told to use no index")


def _list_files(
    index: str, project: str, settings: PipSettings
) -> dict[str, tuple[str, str | None]]:
    """Return file name -> (address, announced SHA-256) of a project."""
    page = f"{index}/{project}/" + ("index.html" if index.startswith("file:") else "")
    with open_url(page, settings, {"Accept": _ACCEPT}) as response:
        content = response.read(_MAX_PAGE_BYTES)
        kind = response.headers.get_content_type()
        where = response.geturl()  # after redirects: relative addresses count from here
    links = _json_links(content) if kind.endswith("json") else _html_links(content)
    listed = {}
    for name, url, sha256 in links:
        listed[name] = (_with_login_of(index, urljoin(where, url)), sha256)
    return listed


def _json_links(content: bytes) -> list[tuple[str, str, str | None]]:
    """Read name, address and SHA-256 of each file from a page of PEP 691."""
    try:
        return [
            (str(file["filename"]), str(file["url"]), dict(file["hashes"]).get("sha256"))
            for file in json.loads(content)["files"]
        ]
    except (KeyError, TypeError) as error:
        msg = "its answer does not follow PEP 691"
        raise ValueError(msg) from error


def _html_links(content: bytes) -> list[tuple[str, str, str | None]]:
    """Read name, address and SHA-256 of each file from a page of PEP 503."""
    parser = _Anchors()
    parser.feed(content.decode("utf-8", errors="replace"))
    links = []
    for address in parser.addresses:
        url, fragment = urldefrag(address)
        kind, _, value = fragment.partition("=")
        name = unquote(urlsplit(url).path.rpartition("/")[2])
        links.append((name, url, value if kind == "sha256" else None))
    return links


class _Anchors(HTMLParser):
    """Collects where the links of a page lead."""

    def __init__(self) -> None:
        """Start with none."""
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one link."""
        address = dict(attrs).get("href")
        if tag == "a" and address:
            self.addresses.append(address)


def _with_login_of(index: str, url: str) -> str:
    """Give a file on the index's own host the index's name and password."""
    login, at, host = urlsplit(index).netloc.rpartition("@")
    parts = urlsplit(url)
    return parts._replace(netloc=f"{login}@{host}").geturl() if at and parts.netloc == host else url


def _without_login(url: str) -> str:
    """Leave name and password out of what is shown."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def reason_of(error: Exception) -> str:
    """Say in a few words why an address could not be opened."""
    if isinstance(error, HTTPError):
        error.close()
        return f"status {error.code}"
    return str(error.reason if isinstance(error, URLError) else error)
