"""The reader study's addresses."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from sonoloop.data.phantom import phantom_clip
from sonoloop.web.limits import Limits
from sonoloop.web.reader_clips import find_study_clips
from sonoloop.web.reader_rest import ROOT, routes
from sonoloop.web.reader_study import ReaderStudy
from sonoloop.web.server import plain_app

from .conftest import run_server


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    """Serve one real and one synthetic clip."""
    for place, truth in enumerate(("real", "synthetic")):
        (tmp_path / truth).mkdir()
        np.save(tmp_path / truth / "secret.npy", phantom_clip(np.random.default_rng(place)))
    app = plain_app()
    app.include_router(routes(ReaderStudy(find_study_clips(tmp_path), tmp_path, seed=0)))
    for url in run_server(app, Limits()):
        with httpx.Client(base_url=url, trust_env=False) as connected:
            yield connected


def test_study_by_hand(client: httpx.Client) -> None:
    """Task, clip, answer, and a result at the end only; no name of a clip anywhere."""
    told = ""
    for number in range(2):
        task = client.get(f"{ROOT}/Ann").json()
        assert task == {"number": number, "num_done": number, "num_clips": 2, "result": None}
        clip = client.get(f"{ROOT}/Ann/clips/{number}")
        assert (clip.headers["content-type"], clip.headers["cache-control"]) == (
            "video/mp4",
            "no-store",
        )
        assert b"ftyp" in clip.content[:16]
        judgement = {
            "reader": "Ann",
            "number": number,
            "answer": "real",
            "realism": 3,
            "seconds": 1,
        }
        answered = client.post(f"{ROOT}/answers", json=judgement)
        assert answered.status_code == 201
        told += str(clip.headers) + clip.content.decode("latin-1") + str(task)
    assert answered.json()["result"].startswith("1 of 2 right: 50%")
    assert "secret" not in told


def test_wrong_requests_are_sentences(client: httpx.Client) -> None:
    """Another clip's number, a clip before its turn, half an answer, no name."""
    assert "not its turn" in client.get(f"{ROOT}/Ann/clips/1").json()["error"]
    assert "is no name" in client.get(f"{ROOT}/=1").json()["error"]
    half = client.post(f"{ROOT}/answers", json={"reader": "Ann", "number": 0})
    assert half.status_code == 400
    assert half.json()["error"] == "answer: Field required"
    assert client.get("/reader.py").status_code == 404


def test_page_and_its_parts_are_there(client: httpx.Client) -> None:
    """With the types that browsers ask for."""
    assert "<title>Reader study</title>" in client.get("/").text
    assert client.get("/reader.js").headers["content-type"].startswith("text/javascript")
    assert client.get("/reader.css").headers["content-type"].startswith("text/css")
