"""Loops and a dataset for the examples to read, and how they are run."""

import contextlib
import io
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonoloop.cli.main import main
from sonoloop.data.phantom import phantom_clip

EXAMPLES = Path(__file__).parents[2] / "examples"


def _sonoloop(*words: str | Path) -> None:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    assert stop.value.code == 0


@pytest.fixture(scope="session")
def loops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Animate two stills, two loops each."""
    folder = tmp_path_factory.mktemp("synthesized")
    for name, seed in (("first", 0), ("second", 1)):
        clip = phantom_clip(np.random.default_rng(seed), size=64, num_frames=1)
        Image.fromarray(clip[0]).save(folder / f"{name}.png")
    stills = (folder / "first.png", folder / "second.png")
    _sonoloop("synthesize", *stills, "--samples", "2", "--formats", "npy", "--out", folder / "out")
    return folder / "out"


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare a few phantoms."""
    folder = tmp_path_factory.mktemp("prepared")
    _sonoloop("phantom", "--out", folder / "phantoms", "--count", "8")
    prepare = ("data", "prepare", folder / "phantoms", "--size", "64", "--workers", "1")
    _sonoloop(*prepare, "--out", folder / "dataset")
    return folder / "dataset"


@pytest.fixture
def run_example(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run an example as a program and return what it printed."""

    def run(name: str, *words: str | Path) -> str:
        monkeypatch.setattr(sys, "argv", [name, *map(str, words)])
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return printed.getvalue()

    return run
