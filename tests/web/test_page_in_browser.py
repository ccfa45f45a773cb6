"""The page as a browser shows it: stills in, loops that play, files out, errors in words.

Needs Chromium on the path (``apt-get install chromium``); the Playwright package only drives it.
"""

import json
from pathlib import Path

import av
import numpy as np
import pydicom
import pytest
from playwright.sync_api import Browser, Page, expect

from sonoloop.synthesis.provenance import read_provenance

from ..chromium import PHONE, Visit
from .conftest import Served, wait_for

FIRST = "document.querySelector('video')"
PIXELS = """() => {
  const loop = document.querySelector('video'), canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [loop.videoWidth, loop.videoHeight];
  const context = canvas.getContext('2d');
  context.drawImage(loop, 0, 0);
  return Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data);
}"""
PLAYER = ".sl-player[data-ready]"


def choose(page: Page, *files: Path) -> None:
    """Put files into the place for stills, and wait until the server has them."""
    page.locator("#sl-files input[type=file]").set_input_files(list(files))
    for file in files:
        expect(page.locator("#sl-files")).to_contain_text(file.stem[-8:])


def make(page: Page) -> None:
    """Ask for loops."""
    page.get_by_role("button", name="Make loops").click()


def shown_frame(page: Page) -> int:
    """Read the frame that the words tell, once they say where the stopped loop is."""
    page.wait_for_function(
        f"document.querySelector('.sl-frame').textContent.split(' ')[1] =="
        f" Math.min(15, Math.floor({FIRST}.currentTime / 0.12 + 0.01)) + 1"
    )
    return int(page.locator(".sl-frame").inner_text().split()[1])


@pytest.fixture(scope="module")
def visit(browser: Browser, served: Served, real_still: Path) -> Visit:
    """Open the page and make loops of the real still."""
    opened = Visit(browser, served.url)
    choose(opened.page, real_still)
    make(opened.page)
    opened.page.locator(PLAYER).wait_for()
    return opened


def test_loops_play_together(visit: Visit) -> None:
    """Time goes on, other pixels are shown at another time, and all loops show the same frame."""
    page = visit.page
    assert page.locator("video").count() == 2
    page.wait_for_function(f"{FIRST}.currentTime > 0")
    shown_s, before = page.evaluate(f"{FIRST}.currentTime"), page.evaluate(PIXELS)
    page.evaluate("(pixels) => { window.before = pixels.join(); }", before)
    page.wait_for_function(f"Math.abs({FIRST}.currentTime - {shown_s}) > 0.3")
    page.wait_for_function(f"({PIXELS})().join() != window.before")  # its time may be ahead of it
    assert len(set(before)) > 50  # a picture, not a black square
    times = page.evaluate("Array.from(document.querySelectorAll('video'), (v) => v.currentTime)")
    assert max(times) - min(times) < 0.12  # one frame lasts so long
    page.wait_for_function(f"""() => {{  // and it begins again: a time before the one just seen
      const [seen, now] = [window.seen ?? 0, {FIRST}.currentTime];
      window.seen = now;
      return now < seen;
    }}""")


def test_one_set_of_controls_moves_all_loops(visit: Visit) -> None:
    """Pause, step forth and back, speed; the frame is told in words."""
    page = visit.page
    page.get_by_role("button", name="Pause").click()
    page.wait_for_function("[...document.querySelectorAll('video')].every((v) => v.paused)")
    shown = page.locator(".sl-frame")
    before = shown_frame(page)
    page.get_by_role("button", name="One frame on").click()
    expect(shown).to_have_text(f"frame {before % 16 + 1} of 16")
    page.get_by_role("button", name="One frame back").click()
    page.get_by_role("button", name="One frame back").click()
    expect(shown).to_have_text(f"frame {(before - 2) % 16 + 1} of 16")
    page.get_by_label("Speed").select_option("0.5")
    assert page.evaluate("[...document.querySelectorAll('video')].map((v) => v.playbackRate)") == [
        0.5,
        0.5,
    ]
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"!{FIRST}.paused")


def test_player_is_moved_by_keyboard(visit: Visit) -> None:
    """Space, arrows and d, once the player has the focus."""
    page = visit.page
    page.locator(PLAYER).focus()
    if not page.evaluate(f"{FIRST}.paused"):
        page.keyboard.press("Space")
    page.wait_for_function(f"{FIRST}.paused")
    before = shown_frame(page)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".sl-frame")).to_have_text(f"frame {before % 16 + 1} of 16")
    page.keyboard.press("d")
    canvas = page.locator(".sl-picture canvas").first
    expect(canvas).to_be_visible()
    page.keyboard.press("d")
    expect(canvas).to_be_hidden()
    page.keyboard.press("Space")
    page.wait_for_function(f"!{FIRST}.paused")


def test_difference_is_dark_at_the_still_and_keeps_the_mark(visit: Visit) -> None:
    """At frame 0 only the word is bright; later the motion is."""
    page = visit.page
    page.evaluate("document.querySelector('[data-do=difference]').checked || "
                  "document.querySelector('[data-do=difference]').click()")  # fmt: skip
    if not page.evaluate(f"{FIRST}.paused"):
        page.locator("[data-do=play]").click()
    for number, told in ((0, "above < 0.002"), (8, "above > 0.013")):
        page.evaluate(f"{FIRST}.currentTime = {(number + 0.5) * 0.12}")
        expect(page.locator(".sl-frame")).to_have_text(f"frame {number + 1} of 16")
        page.wait_for_function(f"""() => {{
          const canvas = document.querySelector('.sl-picture canvas');
          const [w, h] = [canvas.width, canvas.height], context = canvas.getContext('2d');
          const bright = (top, rows) => {{ const data = context.getImageData(0, top, w, rows).data;
            let count = 0; for (let i = 0; i < data.length; i += 4) count += data[i] > 40;
            return count / (w * rows); }};
          const foot = Math.round(h / 8);
          const [above, word] = [bright(0, h - foot), bright(h - foot, foot)];
          return {told} && word > 0.005;
        }}""")
    page.locator("[data-do=difference]").click()
    page.locator("[data-do=play]").click()


def test_downloads_open(visit: Visit, tmp_path: Path) -> None:
    """mp4, gif, DICOM, npy and the manifest, each a file that says where it came from."""
    page = visit.page
    files = {}
    figure = page.locator(".sl-loops figure").first
    for name in ("mp4", "gif", "DICOM", "npy"):
        with page.expect_download() as begun:
            figure.get_by_role("link", name=name).click()
        files[name] = tmp_path / begun.value.suggested_filename
        begun.value.save_as(files[name])
    with av.open(str(files["mp4"])) as container:
        assert sum(1 for _ in container.decode(video=0)) == 16
    assert read_provenance(files["gif"]).model == "tiny"
    assert pydicom.dcmread(files["DICOM"]).NumberOfFrames == 16
    assert np.load(files["npy"]).shape[0] == 16
    with page.expect_download() as begun:
        page.get_by_role("link", name="manifest (csv)").click()
    begun.value.save_as(tmp_path / "manifest.csv")
    assert files["mp4"].name in (tmp_path / "manifest.csv").read_text()


def test_no_request_leaves_the_machine(visit: Visit) -> None:
    """Nothing was asked of anyone else, and the browser's own policy would not allow it."""
    page = visit.page
    assert len(visit.requests) > 10
    assert visit.escaped == []
    assert visit.complaints == []
    assert "https://" not in page.evaluate(
        "[...document.querySelectorAll('link, script, img')].map((e) => e.href || e.src).join()"
    )
    blocked = page.evaluate(
        "fetch('https://example.org/').then(() => 'passed', (error) => String(error))"
    )
    assert "Failed to fetch" in blocked
    assert visit.escaped == []  # stopped before the network


def test_garbage_is_answered_in_words(browser: Browser, served: Served, tmp_path: Path) -> None:
    """No traceback; the same page makes loops of a good still next."""
    page = Visit(browser, served.url).page
    garbage = tmp_path / "garbage.png"
    garbage.write_bytes(b"this is no picture")
    choose(page, garbage)
    make(page)
    alert = page.locator("#sl-answer").get_by_role("alert")
    expect(alert).to_contain_text("garbage.png: its content is no picture")
    page.get_by_label("Thumbnail 2 of 3").click()
    expect(page.locator("#sl-files")).to_contain_text("phantom_cyst")
    make(page)
    page.locator(PLAYER).wait_for()
    assert "Traceback" not in page.content()
    page.context.close()


def test_wrong_setting_is_answered_in_words(browser: Browser, served: Served) -> None:
    """And without a still there is nothing to do."""
    page = Visit(browser, served.url).page
    make(page)
    alert = page.locator("#sl-answer").get_by_role("alert")
    expect(alert).to_contain_text("no still was sent")
    page.get_by_label("Frames").fill("many")
    make(page)
    expect(alert).to_contain_text("frames: Input should be a valid integer")
    page.context.close()


def test_too_many_and_too_large_are_refused_before_they_are_sent(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    """500 files at once, and files over the limit."""
    visit = Visit(browser, served.url)
    page = visit.page
    files = [tmp_path / f"{number}.png" for number in range(500)]
    for file in files:
        file.write_bytes(b"x")
    page.locator("#sl-files input[type=file]").set_input_files(files)
    alert = page.locator("#sl-limits")
    expect(alert).to_contain_text("500 files were chosen, at most 20")
    large = tmp_path / "large.png"
    large.write_bytes(bytes(3_000_000))
    page.locator("#sl-files input[type=file]").set_input_files(large)
    expect(alert).to_contain_text("The files are 3 MB together, at most 2 MB")
    page.wait_for_timeout(300)
    assert not any("gradio_api/upload" in url for url in visit.requests)
    page.context.close()


def start_long(page: Page, still: Path) -> None:
    """Begin work of minutes."""
    choose(page, still)
    page.get_by_label("Frames").fill("3000")
    make(page)
    expect(page.locator(".sl-working")).to_be_visible()


def test_cancel_stops_the_work(browser: Browser, served: Served, still_path: Path) -> None:
    """By its button, within moments."""
    page = Visit(browser, served.url).page
    start_long(page, still_path)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#sl-answer")).to_contain_text("Cancelled")
    page.context.close()


def test_two_users_wait_for_each_other_and_leaving_ends_the_work(
    browser: Browser, served: Served, still_path: Path
) -> None:
    """The second is told who is before it; when the first closes its tab, the second is served."""
    first, second = Visit(browser, served.url).page, Visit(browser, served.url).page
    choose(second, still_path)
    start_long(first, still_path)
    make(second)
    expect(second.locator("#sl-answer")).to_contain_text("Waiting: 1 request before yours.")
    first_id = first.locator(".sl-working").get_attribute("data-job")
    assert first_id is not None
    first.close()
    wait_for(lambda: served.service.job(first_id).state == "cancelled")
    second.locator(PLAYER).wait_for()
    first.context.close()
    second.context.close()


def test_page_is_used_by_keyboard_alone(browser: Browser, served: Served) -> None:
    """Tab reaches an example, the button and the player."""
    page = Visit(browser, served.url).page
    page.get_by_label("Thumbnail 3 of 3").wait_for()

    def tab_to(selector: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement.matches({json.dumps(selector)})"):
                return
        raise AssertionError(selector)

    tab_to("#sl-examples button:not([disabled])")
    page.keyboard.press("Enter")
    expect(page.locator("#sl-files")).to_contain_text("examples_y")
    tab_to("#sl-start")
    page.keyboard.press("Enter")
    page.locator(PLAYER).wait_for()
    tab_to(".sl-player")
    page.keyboard.press("Space")
    page.wait_for_function(f"{FIRST}.paused")
    page.context.close()


def test_phone_needs_no_sideways_scrolling(
    browser: Browser, served: Served, still_path: Path
) -> None:
    """Before and after loops are made; the controls are large enough for a thumb."""
    page = Visit(browser, served.url, PHONE).page
    choose(page, still_path)
    make(page)
    page.locator(PLAYER).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    box = page.get_by_role("button", name="One frame on").bounding_box()
    assert box is not None
    assert box["height"] >= 36
    assert page.locator("video").first.bounding_box()["width"] <= PHONE[0]
    page.context.close()
