"""A reader at the page of the reader study: by mouse, by keyboard, on a phone, in two visits.

Needs Chromium on the path.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from sonoloop.data.phantom import phantom_clip
from sonoloop.web.limits import Limits
from sonoloop.web.reader_clips import find_study_clips
from sonoloop.web.reader_rest import routes
from sonoloop.web.reader_study import ANSWERS_FILE, ReaderStudy
from sonoloop.web.server import plain_app

from ..chromium import PHONE, Visit
from .conftest import run_server

NUM_CLIPS = 4


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name the folder of the answers."""
    return tmp_path_factory.mktemp("answers")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, answers: Path) -> Iterator[str]:
    """Serve a study of two real and two synthetic clips."""
    folder = tmp_path_factory.mktemp("clips")
    for place, truth in enumerate(("real", "synthetic")):
        (folder / truth).mkdir()
        for number in range(NUM_CLIPS // 2):
            clip = phantom_clip(np.random.default_rng([place, number]), num_frames=16)
            np.save(folder / truth / f"patient{number}.npy", clip)
    app = plain_app()
    app.include_router(routes(ReaderStudy(find_study_clips(folder), answers, seed=0)))
    yield from run_server(app, Limits())


def begin(page: Page, name: str) -> None:
    """Give a name."""
    page.get_by_label("Your name or code").fill(name)
    page.get_by_role("button", name="Begin").click()


def rows(folder: Path, reader: str) -> list[dict[str, str]]:
    """Read what was kept of a reader."""
    with (folder / ANSWERS_FILE).open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["reader"] == reader]


def test_study_by_mouse_in_two_visits(browser: Browser, url: str, answers: Path) -> None:
    """The loop plays; nothing tells what it is; after a reload it goes on; the end tells."""
    visit = Visit(browser, url)
    page = visit.page
    begin(page, "Ann")
    expect(page.get_by_role("status")).to_have_text("Loop 1 of 4")
    page.wait_for_function("document.querySelector('video').currentTime > 0")
    page.get_by_label("Real").check()
    page.get_by_label("4", exact=True).check()
    page.get_by_role("button", name="Next loop").click()
    expect(page.get_by_role("status")).to_have_text("Loop 2 of 4")
    page.reload()
    begin(page, "Ann")
    for number in range(2, NUM_CLIPS + 1):
        expect(page.get_by_role("status")).to_have_text(f"Loop {number} of 4")
        page.get_by_label("Synthetic").check()
        page.get_by_label("2", exact=True).check()
        page.get_by_role("button", name="Next loop").click()
    expect(page.locator("#result")).to_contain_text("of 4 right")
    kept = rows(answers, "Ann")
    assert [row["answer"] for row in kept] == ["real", *["synthetic"] * 3]
    assert [row["realism"] for row in kept] == ["4", *["2"] * 3]
    told = " ".join(visit.requests) + page.content()
    assert not re.search(r"patient|\.npy|/synthetic|real/", told)
    assert (visit.escaped, visit.complaints) == ([], [])
    visit.context.close()


def test_study_by_keyboard_on_a_phone(browser: Browser, url: str, answers: Path) -> None:
    """R, S, 1 to 5 and Enter are enough, and nothing is wider than the screen."""
    visit = Visit(browser, url, PHONE)
    page = visit.page
    page.get_by_label("Your name or code").focus()
    page.keyboard.type("Bob")
    page.keyboard.press("Enter")
    for number in range(1, NUM_CLIPS + 1):
        expect(page.get_by_role("status")).to_have_text(f"Loop {number} of 4")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        page.keyboard.press("s" if number % 2 else "r")
        page.keyboard.press("5")
        page.keyboard.press("Enter")
    expect(page.locator("#result")).to_contain_text("Your result: ")
    kept = rows(answers, "Bob")
    assert [row["answer"] for row in kept] == ["synthetic", "real"] * 2
    assert {row["realism"] for row in kept} == {"5"}
    visit.context.close()


def test_unusable_name_is_a_sentence(browser: Browser, url: str) -> None:
    """The form stays."""
    visit = Visit(browser, url)
    begin(visit.page, "=1+1")
    expect(visit.page.get_by_role("alert")).to_contain_text("is no name for a reader")
    expect(visit.page.get_by_role("button", name="Begin")).to_be_visible()
    visit.context.close()


def test_half_an_answer_is_not_taken(browser: Browser, url: str, answers: Path) -> None:
    """Both questions are asked."""
    visit = Visit(browser, url)
    begin(visit.page, "Eve")
    visit.page.get_by_label("Real").check()
    visit.page.get_by_role("button", name="Next loop").click()
    expect(visit.page.get_by_role("status")).to_have_text("Loop 1 of 4")
    assert not (answers / ANSWERS_FILE).exists() or rows(answers, "Eve") == []
    visit.context.close()
