"""Time the page and the queue of ``sonoloop serve``, and watch its memory.

Start: python benchmarks/serve.py [--users 8] [--rounds 4]. Needs the extras web and test, and
Chromium on the path. Prints a Markdown table.
"""

import argparse
import os
import shutil
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from process_memory import memory_mb
from pydicom.examples import get_path
from running_server import RunningServer, client, outcome, running_server, submit

STILL = Path(get_path("ybr_color"))
VISITS = 3


def open_page(page: Page, url: str) -> float:
    """Tell how long until the page can be used."""
    began = time.perf_counter()
    page.goto(url)
    page.get_by_role("button", name="Make loops").wait_for()
    return time.perf_counter() - began


def one_loop(page: Page) -> float:
    """Tell how long from the button to a loop that plays."""
    page.locator("#sl-files input[type=file]").set_input_files(STILL)
    page.locator("#sl-files a[href]").wait_for()
    page.get_by_label("number input for Loops per still").fill("1")
    page.get_by_label("number input for Loops per still").press("Tab")
    began = time.perf_counter()
    page.get_by_role("button", name="Make loops").click()
    page.locator(".sl-player[data-ready]").wait_for()
    page.wait_for_function("document.querySelector('video').currentTime > 0")
    return time.perf_counter() - began


def ended(server: RunningServer, job: str) -> tuple[str, float]:
    """Wait for the end of a job; give its state and when it came."""
    with client(server) as asker:
        return str(outcome(asker, job)["state"]), time.perf_counter()


def crowd(server: RunningServer, num_users: int, first_seed: int) -> tuple[float, int, bool]:
    """Let users come one after the other and wait together.

    Returns:
        Seconds until the last was served, how many failed, whether the order was kept.
    """
    began = time.perf_counter()
    still = {STILL.name: STILL.read_bytes()}
    with client(server) as asker:
        answers = [submit(asker, still, seed=first_seed + user) for user in range(num_users)]
    jobs = [answer.raise_for_status().json()["id"] for answer in answers]
    with ThreadPoolExecutor(num_users) as pool:
        outcomes = list(pool.map(lambda job: ended(server, job), jobs))
    times = [when for _, when in outcomes]
    in_order = all(later > sooner - 0.1 for sooner, later in pairwise(times))
    return max(times) - began, sum(state != "done" for state, _ in outcomes), in_order


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with running_server() as server:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            opened, made = [], []
            for _ in range(VISITS):
                page = browser.new_page()
                page.set_default_timeout(60_000)
                opened.append(open_page(page, server.url))
                made.append(one_loop(page))
                page.close()
            browser.close()
        rounds = [
            (*crowd(server, options.users, 100 * number), memory_mb(server.process))
            for number in range(options.rounds)
        ]
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} at the end, one still of 320 x 240 pixels\n")
    print("| what | seconds |\n|---|---|")
    print(f"| start until the address is printed | {server.start_s:.1f} |")
    print(f"| first page until it can be used | {opened[0]:.1f} |")
    print(f"| later pages, median of {VISITS - 1} | {statistics.median(opened[1:]):.1f} |")
    print(f"| one loop: button to playing, median of {VISITS} | {statistics.median(made):.1f} |")
    users = options.users
    for number, (seconds, num_failed, in_order, megabytes) in enumerate(rounds, start=1):
        order = "order kept" if in_order else "ORDER NOT KEPT"
        print(
            f"| {users} users at once, round {number}: {num_failed} failed, {order}, memory "
            f"{megabytes:.0f} MB | {seconds:.1f} |"
        )


if __name__ == "__main__":
    main()
