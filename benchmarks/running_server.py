"""Start ``sonoloop serve``, and ask it by REST as another program would."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx

ROOT = "/api/v1"
ENDED = {"done", "failed", "cancelled"}
POLL_S = 0.05


class RunningServer(NamedTuple):
    """A server that answers.

    Args:
        process: Its number.
        url: Its address.
        start_s: Seconds until it told it.
    """

    process: int
    url: str
    start_s: float


@contextmanager
def running_server(*options: str) -> Iterator[RunningServer]:
    """Start a server on a free port, and end it.

    Args:
        options: Of ``sonoloop serve``.
    """
    began = time.perf_counter()
    words = [sys.executable, "-m", "sonoloop", "serve", "--port", "0", *options]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise RuntimeError
            url = process.stdout.readline().split()[3]
            yield RunningServer(process.pid, url, time.perf_counter() - began)
        finally:
            process.terminate()


def client(server: RunningServer) -> httpx.Client:
    """Connect to it past any proxy; no answer may take longer than a minute."""
    return httpx.Client(base_url=server.url, timeout=60, trust_env=False)


def submit(asker: httpx.Client, stills: dict[str, bytes], **settings: int) -> httpx.Response:
    """Ask for loops of stills."""
    files = [("stills", (name, content)) for name, content in stills.items()]
    data = {name: str(value) for name, value in settings.items()}
    return asker.post(f"{ROOT}/jobs", files=files, data=data)


def outcome(asker: httpx.Client, job: str) -> dict[str, Any]:
    """Wait for the end of a job; give the last answer about it."""
    while True:
        answer: dict[str, Any] = asker.get(f"{ROOT}/jobs/{job}").raise_for_status().json()
        if answer["state"] in ENDED:
            return answer
        time.sleep(POLL_S)
