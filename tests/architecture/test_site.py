"""The site of ``make docs``: built without a warning, asking nothing of the network."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ..chromium import CHROMIUM, Visit, started_browser

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))


class _Loaded(HTMLParser):
    """Gathers the addresses that a browser fetches with a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is fetched; a link to follow is not."""
        wanted = {"a": (), "link": ("href",)}.get(tag, ("src", "srcset", "data", "poster"))
        self.addresses += [value for name, value in attrs if name in wanted and value]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as ``make docs`` does."""
    for module in ("mkdocs", "material"):
        pytest.importorskip(module, reason="pip install 'sonoloop[docs]' builds the site")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    result = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_page_is_in_the_site_and_its_navigation(site: Path, path: Path) -> None:
    """A page that is written can be found from the first one."""
    page = path.relative_to(ROOT / "docs").with_suffix(".html")
    assert (site / page).is_file()
    assert f'href="{page.as_posix()}"' in (site / "index.html").read_text()


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    """No font, script, style or picture comes from another machine."""
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(PAGES)  # and the one for what is not found
    for page in pages:
        loaded = _Loaded()
        loaded.feed(page.read_text())
        assert loaded.addresses
        assert not [address for address in loaded.addresses if re.match("(https?:)?//", address)]
    for style in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import )['\"]?(https?:)?//", style.read_text())


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the path")
def test_search_works_from_a_folder(site: Path) -> None:
    """A word finds its page without a server, and without a request that leaves the machine."""
    with started_browser() as browser:
        visit = Visit(browser, (site / "index.html").as_uri())
        visit.page.locator("input.md-search__input").press_sequentially("typicality")
        found = visit.page.locator("a.md-search-result__link").first
        # Each key searches again: what the first of them found stands there until then.
        expect(found).to_have_attribute("href", re.compile(r"/synthesis\.html\?h=typicality"))
    assert len(visit.requests) > 3
    assert all(address.startswith("file:") for address in visit.requests)
