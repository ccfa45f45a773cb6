"""A server in a thread with a tiny model, and a browser that may ask nobody else."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser

from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.web.address import Address, listening
from sonoloop.web.limits import Limits
from sonoloop.web.server import gradio_settings, make_server, page_app
from sonoloop.web.service import SynthesisService
from sonoloop.web.study_view import StudyFolder

from ..chromium import CHROMIUM, TIMEOUT_MS, started_browser

LIMITS = Limits(max_upload_mb=2, max_frames=4000, max_files=20)


class Served(NamedTuple):
    """A running server."""

    url: str
    service: SynthesisService


def wait_for(condition: Callable[[], bool], timeout_s: float = TIMEOUT_MS / 1000) -> None:
    """Look until it is so."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def run_server(app: FastAPI, limits: Limits) -> Iterator[str]:
    """Serve an application on a free port until the fixture ends; give its address."""
    address = Address(port=0)
    with listening(address) as listener:
        server = make_server(app, address, limits)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def serve(model: ImageToVideo, folder: Path, study: StudyFolder | None = None) -> Iterator[Served]:
    """Serve the page until the fixture ends."""
    with (
        gradio_settings(folder / "uploads"),
        SynthesisService(model, folder / "jobs", LIMITS) as service,
    ):
        for url in run_server(page_app(service, folder / "examples", study), LIMITS):
            yield Served(url, service)


@pytest.fixture(scope="session")
def served(model: ImageToVideo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the page with a tiny model."""
    yield from serve(model, tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium for one file: its event loop is in the way of others."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium on the path")
    with started_browser() as started:
        yield started


@pytest.fixture(scope="session")
def real_still() -> Path:
    """Find the real ultrasound frame that comes with pydicom."""
    from pydicom.examples import get_path  # noqa: PLC0415

    return Path(get_path("ybr_color"))
