"""A real browser for tests: Debian's Chromium, driven by Playwright, that may ask nobody else."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
TIMEOUT_MS = 120_000
"""Long, because a busy machine with one core must pass too."""
DESKTOP, PHONE = (1280, 900), (360, 740)


@contextmanager
def started_browser() -> Iterator[Browser]:
    """Start Chromium; without its sandbox where it refuses to have one, as root."""
    expect.set_options(timeout=TIMEOUT_MS)
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=arguments, timeout=TIMEOUT_MS
        )
        yield browser
        browser.close()


class Visit:
    """A page that is open, with what it asked for, what of it elsewhere, and its complaints."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        size: tuple[int, int] = DESKTOP,
        *,
        calm: bool = False,
        hears_console: bool = False,
    ) -> None:
        """Open an address and listen; only what lies below it is let through."""
        self.escaped: list[str] = []
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            accept_downloads=True,
            reduced_motion="reduce" if calm else "no-preference",
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(TIMEOUT_MS)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if hears_console:
            self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("request", lambda request: self.requests.append(request.url))
        own = rf"(?!s?://{re.escape(url[7:])})" if url.startswith("http://") else ""
        self.page.route(re.compile(f"^(http|ws){own}"), self._stop)
        self.page.goto(url)

    def _stop(self, route: Route) -> None:
        self.escaped.append(route.request.url)
        route.abort()
