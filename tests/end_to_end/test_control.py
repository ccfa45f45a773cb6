"""Asked for more motion, a model trained on phantoms moves more: through the command line alone."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonoloop.data.phantom import phantom_clip

NUM_STILLS = 12


def sonoloop(*words: str | Path) -> None:
    """Run one command and show what it printed if it failed."""
    command = [sys.executable, "-m", "sonoloop", *map(str, words)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train on slow and fast phantoms, and write stills that were never trained on."""
    folder = tmp_path_factory.mktemp("control")
    dataset, stage1, stage2 = (folder / name for name in ("dataset", "autoencoder", "diffusion"))
    sonoloop("phantom", "--out", folder / "phantoms", "--count", "48", "--motion-label")
    sonoloop("data", "prepare", folder / "phantoms", "--out", dataset, "--size", "64")
    tiny = ("--data", dataset, "--preset", "tiny")
    sonoloop("train", "autoencoder", *tiny, "--out", stage1)
    sonoloop("train", "diffusion", *tiny, "--autoencoder", stage1, "--control", "--out", stage2)
    stages = ("--autoencoder", stage1, "--diffusion", stage2)
    sonoloop("export", *stages, "--out", folder / "model")
    (folder / "stills").mkdir()
    for number in range(NUM_STILLS):
        still = phantom_clip(np.random.default_rng([1, number]), num_frames=1)[0]
        Image.fromarray(still).save(folder / "stills" / f"still{number:02d}.png")
    return folder


def energy(folder: Path, *asked: str) -> float:
    """Synthesize with these options; return the mean change from frame to frame."""
    out = folder / "-".join(["loops", *asked]).replace("--", "")
    options = ("--model", folder / "model", "--out", out, "--formats", "npy", "--samples", "2")
    sonoloop("synthesize", folder / "stills", *options, *asked)
    clips = np.stack([np.load(path) for path in sorted(out.glob("*.npy"))]).astype(np.float32)
    assert len(clips) == 2 * NUM_STILLS
    return float(np.abs(np.diff(clips, axis=1)).mean())


@pytest.mark.slow
def test_twice_the_motion_moves_more(folder: Path) -> None:
    """Energy rises from 0.2 to 0.4 to 0.8, and with guidance by more."""
    plain, guided = (
        [energy(folder, "--motion", motion, *scale) for motion in ("0.2", "0.4", "0.8")]
        for scale in ((), ("--guidance-scale", "2"))
    )
    assert plain == sorted(plain)
    assert guided == sorted(guided)
    assert plain[2] > 1.3 * plain[0]
    assert guided[2] / guided[0] > plain[2] / plain[0]


@pytest.mark.slow
def test_labels_move_as_their_class(folder: Path) -> None:
    """Loops of the fast class move more than those of the slow class."""
    assert energy(folder, "--label", "fast") > 1.2 * energy(folder, "--label", "slow")
