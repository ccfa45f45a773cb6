"""The page as a browser shows it: loops play, nothing leaves the machine, a phone is wide enough.

Needs Chromium on the path (``apt-get install chromium``); the Playwright package only drives it.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from ..chromium import CHROMIUM, DESKTOP, PHONE, TIMEOUT_MS, Visit, started_browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the path")

FIRST_LOOP = "document.querySelector('video')"
PIXELS = """() => {
  const loop = document.querySelector('video'), canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [loop.videoWidth, loop.videoHeight];
  const context = canvas.getContext('2d');
  context.drawImage(loop, 0, 0);
  return Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data);
}"""


def wait_until(page: Page, condition: str) -> None:
    """Ask again and again: Playwright's own waiting needs the eval that the page forbids."""
    end = time.monotonic() + TIMEOUT_MS / 1000
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(50)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium."""
    with started_browser() as started:
        yield started


@pytest.fixture
def visit(browser: Browser, report_path: Path) -> Iterator[Visit]:
    """Open the report at desktop width."""
    opened = Visit(browser, report_path.as_uri(), hears_console=True)
    yield opened
    opened.context.close()


def test_loops_play(visit: Visit) -> None:
    """Once in sight: time goes on, and other pixels are shown at another time."""
    page = visit.page
    assert page.evaluate(f"{FIRST_LOOP}.paused")  # below the fold
    page.locator("video").first.scroll_into_view_if_needed()
    wait_until(page, f"{FIRST_LOOP}.readyState >= 2 && {FIRST_LOOP}.currentTime > 0")
    before = page.evaluate(PIXELS)
    shown_s = page.evaluate(f"{FIRST_LOOP}.currentTime")
    wait_until(page, f"Math.abs({FIRST_LOOP}.currentTime - {shown_s}) > 0.3")
    page.evaluate("(pixels) => { window.before = pixels.join(); }", before)
    wait_until(page, f"({PIXELS})().join() != window.before")  # its time may be ahead of it
    assert len(set(before)) > 50  # a picture, not a black square
    assert page.evaluate(f"{FIRST_LOOP}.muted && {FIRST_LOOP}.loop && {FIRST_LOOP}.controls")


def test_every_loop_can_be_decoded(visit: Visit) -> None:
    """None of them is broken, all have their size."""
    wait_until(
        visit.page,
        "Array.from(document.querySelectorAll('video')).every("
        "(loop) => loop.readyState >= 2 && loop.videoWidth > 0 && !loop.error)",
    )
    assert visit.page.evaluate(
        "Array.from(document.images).every((image) => image.complete && image.naturalWidth > 0)"
    )


def test_nothing_leaves_the_machine(visit: Visit, report_path: Path) -> None:
    """The file itself and data: addresses; what tries more is stopped by the policy."""
    page = visit.page
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert report_path.as_uri() in visit.requests
    assert all(url == report_path.as_uri() or url.startswith("data:") for url in visit.requests)
    assert visit.complaints == []
    page.evaluate("fetch('https://example.org/').catch(() => {})")
    page.evaluate("new Image().src = 'https://example.org/a.png'")
    end = time.monotonic() + TIMEOUT_MS / 1000
    while "Content Security Policy" not in " ".join(visit.complaints):
        assert time.monotonic() < end
        page.wait_for_timeout(50)
    assert visit.escaped == []


def test_button_stops_and_starts_all_loops(visit: Visit) -> None:
    """By keyboard too."""
    page = visit.page
    page.locator("video").first.scroll_into_view_if_needed()
    wait_until(page, f"!{FIRST_LOOP}.paused")
    button = page.get_by_role("button", name="Pause all loops")
    button.focus()
    page.keyboard.press("Enter")
    wait_until(page, f"{FIRST_LOOP}.paused")
    page.get_by_role("button", name="Play all loops").click()
    wait_until(page, f"!{FIRST_LOOP}.paused")


def test_reduced_motion_is_respected(browser: Browser, report_path: Path) -> None:
    """Nothing starts by itself, gifs stand still; the button starts the loops."""
    page = Visit(browser, report_path.as_uri(), calm=True).page
    page.locator("video").first.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    assert page.evaluate("Array.from(document.querySelectorAll('video')).every((v) => v.paused)")
    wait_until(page, "document.querySelector('picture img').currentSrc != ''")
    gif = "document.querySelector('picture img').currentSrc.slice(0, 14)"
    assert page.evaluate(gif) == "data:image/png"
    page.get_by_role("button", name="Play all loops").click()
    wait_until(page, f"!{FIRST_LOOP}.paused")
    page.context.close()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_nothing_is_wider_than_the_screen(
    browser: Browser, report_path: Path, size: tuple[int, int]
) -> None:
    """Tables and strips scroll in their own containers, also with every fold open."""
    page = Visit(browser, report_path.as_uri(), size).page
    page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    table = page.locator(".results").first
    assert table.is_visible()
    page.context.close()


def test_page_can_be_printed(visit: Visit) -> None:
    """Onto paper, without the button; folds are open while it prints and closed again after."""
    visit.page.evaluate(
        "addEventListener('beforeprint', () => (window.open_folds ="
        " document.querySelectorAll('details[open]').length))"
    )
    folds = visit.page.evaluate("document.querySelectorAll('details').length")
    assert visit.page.pdf(format="A4").startswith(b"%PDF")
    assert visit.page.evaluate("window.open_folds") == folds > 0
    assert visit.page.evaluate("document.querySelectorAll('details[open]').length") == 0
    visit.page.emulate_media(media="print")
    assert not visit.page.locator("#play").is_visible()
