"""scripts/train_default.sh: from a pack to a model, on a machine that reads no videos."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sonoloop.data.pack import write_pack
from sonoloop.data.phantom import phantom_clip
from sonoloop.data.store import Entry, Store, StoreWriter
from sonoloop.synthesis.image_to_video import ImageToVideo

if TYPE_CHECKING:
    from sonoloop.data.splits import SplitName

SCRIPT = Path(__file__).parents[2] / "scripts" / "train_default.sh"
SIZE, NUM_FRAMES = 64, 48

ABSENT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"av", "polars", "pydicom", "pylibjpeg", "tyro", "matplotlib"}:
            raise ModuleNotFoundError(f"no module {name} here", name=name)

sys.meta_path.insert(0, Absent())
"""
"""A ``sitecustomize.py``: Python runs it at the start of every process that finds it."""


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """Write a pack of five phantoms."""
    sides: dict[str, SplitName] = {}
    with StoreWriter(tmp_path / "store", size=SIZE) as writer:
        for number in range(5):
            rng = np.random.default_rng(number)
            clip = phantom_clip(rng, size=SIZE, num_frames=NUM_FRAMES)
            entry = Entry(f"phantom{number}", "cyst", f"patient{number}", "video")
            writer.add(entry, clip, np.arange(NUM_FRAMES) / 25)
            sides[entry.item_id] = "train" if number < 4 else "validation"
    path = tmp_path / "phantoms.pack"
    write_pack(path, Store.open(tmp_path / "store"), sides, step=16.0, source="phantoms")
    return path


def train(packed: Path, out: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the script with the preset tiny, shortened, where the readers of videos are missing."""
    (out.parent / "site").mkdir(exist_ok=True)
    (out.parent / "site" / "sitecustomize.py").write_text(ABSENT)
    environment = os.environ | {
        "PYTHONPATH": str(out.parent / "site"),
        "PYTHON": sys.executable,
        "PRESET": "tiny",
        **variables,
    }
    steps = ["autoencoder_training.max_steps=4", "diffusion_training.max_steps=4"]
    return subprocess.run(
        [SCRIPT, packed, out, "--set", *steps],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )


def test_training_from_a_pack_reads_no_videos(packed: Path, tmp_path: Path) -> None:
    """A piece that stops in stage 1: status 0, with a checkpoint and weights to hand over."""
    out = tmp_path / "trained"
    piece = train(packed, out, MAX_SECONDS="0.01")
    assert piece.returncode == 0, piece.stderr
    assert "stopped at step 1 of 4" in piece.stdout
    assert (out / "stage1" / "checkpoints" / "step-00000001").is_dir()
    assert (out / "stage1" / "handover.safetensors").is_file()
    assert not (out / "stage2").exists()


@pytest.mark.slow
def test_the_next_piece_ends_in_a_model(packed: Path, tmp_path: Path) -> None:
    """It goes on where the first one stopped; a wrong path is one sentence and status 2."""
    out = tmp_path / "trained"
    train(packed, out, MAX_SECONDS="0.01")
    second = train(packed, out)
    assert second.returncode == 0, second.stderr
    assert "from step 1 to 4" in second.stdout
    model = ImageToVideo.from_pretrained(out / "model")
    assert model.config.clip.size == SIZE
    wrong = train(tmp_path / "absent", tmp_path / "other")
    assert wrong.returncode == 2
    assert wrong.stderr.endswith("no clip store here; make one with 'sonoloop data prepare'\n")
    assert "Traceback" not in wrong.stderr
