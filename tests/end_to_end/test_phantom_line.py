"""The whole line on phantoms, from nothing to loops, through the command line alone."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from sonoloop.data.phantom import phantom_clip

NUM_STILLS = 16
FRAME_STRIDE = 3
"""16 frames spread over 48, the window of 1.92 s on which the model was trained."""

Clips = npt.NDArray[np.float32]
BadFiles = dict[str, tuple[Callable[[Path], object], str]]


@dataclass(frozen=True)
class Line:
    """What the whole line made.

    Args:
        real: Phantoms that were never trained on, (item, t, h, w), grey levels.
        synthetic: Loops made from their first frames.
        folder: Where everything lies.
    """

    real: Clips
    synthetic: Clips
    folder: Path


def _run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one command as a user does."""
    command = [sys.executable, "-m", "sonoloop", *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def sonoloop(*words: str | Path) -> None:
    """Run one command and show what it printed if it failed."""
    result = _run(*words)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """Walk the line once: phantom, prepare, train, train, export, synthesize."""
    folder = tmp_path_factory.mktemp("line")
    phantoms, dataset, model = folder / "phantoms", folder / "dataset", folder / "model"
    stage1, stage2 = folder / "autoencoder", folder / "diffusion"
    sonoloop("phantom", "--out", phantoms, "--count", "32")
    sonoloop("data", "prepare", phantoms, "--out", dataset, "--size", "64")
    tiny = ("--data", dataset, "--preset", "tiny")
    sonoloop("train", "autoencoder", *tiny, "--out", stage1)
    sonoloop("train", "diffusion", *tiny, "--autoencoder", stage1, "--out", stage2)
    sonoloop("export", "--autoencoder", stage1, "--diffusion", stage2, "--out", model)
    real = _write_stills(folder / "stills")
    loops = folder / "loops"
    sonoloop(
        *("synthesize", folder / "stills", "--model", model, "--out", loops, "--formats", "npy")
    )
    files = sorted(loops.rglob("*.npy"))
    assert len(files) == NUM_STILLS
    synthetic = np.stack([np.load(file) for file in files]).astype(np.float32)
    return Line(real, synthetic, folder)


def _write_stills(folder: Path) -> Clips:
    """Write first frames of new phantoms and return the clips that they begin."""
    folder.mkdir()
    clips = []
    for number in range(NUM_STILLS):
        clip = phantom_clip(np.random.default_rng([1, number]))[::FRAME_STRIDE]
        Image.fromarray(clip[0]).save(folder / f"still{number:02d}.png")
        clips.append(clip)
    return np.stack(clips).astype(np.float32)


def _temporal_energy(clips: Clips) -> float:
    """Mean absolute difference of successive frames."""
    return float(np.abs(np.diff(clips, axis=1)).mean())


def test_synthesis_moves_as_much_as_the_real_thing(line: Line) -> None:
    """Temporal energy is 0.5 to 2.0 of that of the clips whose first frames were given."""
    assert line.synthetic.shape == line.real.shape
    assert 0.5 <= _temporal_energy(line.synthetic) / _temporal_energy(line.real) <= 2.0


def test_synthesis_moves_smoothly(line: Line) -> None:
    """Shuffling the frames raises the temporal energy by 1.2 x or more; flicker would not."""
    order = np.random.default_rng(0)
    shuffled = [
        _temporal_energy(line.synthetic[:, order.permutation(line.synthetic.shape[1])])
        for _ in range(8)
    ]
    assert np.mean(shuffled) >= 1.2 * _temporal_energy(line.synthetic)


def test_synthesis_keeps_the_first_frame(line: Line) -> None:
    """Frame 0 of each loop is the still, at a PSNR of 30 dB or more."""
    error = np.square(line.synthetic[:, 0] - line.real[:, 0]).mean(axis=(1, 2))
    psnr_db = 10 * np.log10(255**2 / np.maximum(error, 1e-3))
    assert psnr_db.min() >= 30


def test_synthesis_again_gives_the_same_loops(line: Line) -> None:
    """The same seed, still and model give the same bytes, alone or beside others."""
    again = line.folder / "again"
    still = line.folder / "stills" / "still03.png"
    model = line.folder / "model"
    sonoloop("synthesize", still, "--model", model, "--out", again, "--formats", "npy")
    [file] = again.rglob("*.npy")
    np.testing.assert_allclose(np.load(file).astype(np.float32), line.synthetic[3], atol=1)


def test_bad_stills_are_named_and_the_others_animated(line: Line, bad_files: BadFiles) -> None:
    """Each bad still has its sentence, the good one its loop, and the status is 1."""
    folder = line.folder / "mixed"
    folder.mkdir()
    for name, (write, _) in bad_files.items():
        write(folder / name)
    shutil.copy(line.folder / "stills" / "still00.png", folder / "good.png")
    loops = line.folder / "mixed_loops"
    words = ("synthesize", folder, "--model", line.folder / "model", "--out", loops)
    result = _run(*words, "--formats", "npy")
    assert result.returncode == 1
    text = " ".join((result.stdout + result.stderr).split())
    assert "Traceback" not in text
    for name in bad_files.keys() - {"one_frame.mp4"}:  # of a video its first frame is wanted
        assert name in text
    assert any(file.name.startswith("good") for file in loops.rglob("*.npy"))
    assert not list(loops.rglob("*.part"))


@pytest.mark.parametrize("part", ["autoencoder", "diffusion", "typicality"])
@pytest.mark.parametrize("honest", [False, True], ids=["checksum", "shape"])
def test_damaged_weights_are_refused(
    line: Line, tmp_path: Path, part: str, *, honest: bool
) -> None:
    """Weights that differ from their checksum, or from the shapes of their config, are refused."""
    model = tmp_path / "model"
    shutil.copytree(line.folder / "model", model)
    weights = load_file(model / "weights.safetensors")
    name = next(key for key in weights if key.startswith(part) and weights[key].ndim > 1)
    weights[name] = np.ascontiguousarray(weights[name][:-1])
    save_file(weights, model / "weights.safetensors")
    if honest:
        config = json.loads((model / "config.json").read_text())
        [key] = [key for key in config if "sha256" in key]
        config[key] = hashlib.sha256((model / "weights.safetensors").read_bytes()).hexdigest()
        (model / "config.json").write_text(json.dumps(config))
    still = line.folder / "stills" / "still00.png"
    result = _run("synthesize", still, "--model", model, "--out", tmp_path / "loops")
    assert result.returncode in {1, 2}
    assert "Traceback" not in result.stderr
    assert "export" in " ".join(result.stderr.split())
    assert not list((tmp_path / "loops").rglob("*.mp4"))
