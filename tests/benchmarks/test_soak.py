"""The soak of the web service finds nothing wrong where nothing is, and would."""

import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import soak_requests
from running_server import client, running_server

NUMBERS = count()
LOOP = {"still": "a.png", "sample": 0, "files": {"npy": "/npy", "mp4": "/mp4"}}


def obedient(content: Callable[[], bytes], *, lost: int = 0) -> httpx.MockTransport:
    """Answer every request with the loops that it asks for but some, and refuse nothing."""
    asked = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        if request.url.path in {"/npy", "/mp4"}:
            is_video = request.url.path == "/mp4"
            return httpx.Response(200, content=b"....ftypisom" if is_video else content())
        if request.method == "POST":
            samples = re.search(rb'name="samples"\r\n\r\n(\d+)', request.content)
            asked = request.content.count(b'name="stills"') * int(samples[1] if samples else 1)
        found = {"id": "1", "state": "done", "error": None, "results": [LOOP] * (asked - lost)}
        return httpx.Response(202 if request.method == "POST" else 200, json=found)

    return httpx.MockTransport(answer)


@pytest.mark.parametrize(
    ("content", "lost", "wrong"),
    [
        (lambda: b"loop", 0, {"refused", "cancelled"}),
        (lambda: b"loop", 1, {"refused", "cancelled", "loops"}),
        (lambda: b"%d" % next(NUMBERS), 0, {"refused", "cancelled", "loops"}),
    ],
    ids=["obeys", "loses loops", "changes loops"],
)
def test_what_is_wrong_is_told(
    monkeypatch: pytest.MonkeyPatch, content: Callable[[], bytes], lost: int, wrong: set[str]
) -> None:
    """Refusals that do not come, what is not cancelled, loops that are missing or change."""
    monkeypatch.setattr(soak_requests, "LONGEST_BEFORE_CANCEL_S", 0.0)
    transport = obedient(content, lost=lost)
    with httpx.Client(base_url="http://soak", transport=transport) as asker:
        soak = soak_requests.Soak(asker)
        for number in range(100):
            soak.ask(number, seed=0)
    assert {sentence.split(",")[0] for sentence in soak.wrong} == wrong
    assert all(soak.seconds.values())


@pytest.mark.slow
def test_a_few_requests_of_every_kind() -> None:
    """Several at once, to a server of its own."""
    with running_server() as running, client(running) as asker:
        soak = soak_requests.Soak(asker)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda number: soak.ask(number, seed=0), range(25)))
    assert soak.wrong == []
    assert all(soak.seconds.values())
