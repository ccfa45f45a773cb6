"""The example runs as it stands."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

EXAMPLE = Path(__file__).parents[2] / "examples" / "evaluate_clips.py"


def test_example_prints_motion_and_the_nearest_clip(tmp_path: Path) -> None:
    """On clips of which one is a mirrored copy; without the net it says no FVD."""
    rng = np.random.default_rng(0)
    for folder in ("real", "made"):
        (tmp_path / folder).mkdir()
        for number in range(3):
            noise = np.kron(rng.random((8, 8)), np.ones((4, 4)))
            clip = np.stack([np.roll(noise, step, axis=1) for step in range(9)])
            np.save(tmp_path / folder / f"{number}.npy", (200 * clip).astype(np.uint8))
    np.save(tmp_path / "made" / "1.npy", np.load(tmp_path / "real" / "2.npy")[:, :, ::-1])
    result = subprocess.run(
        [sys.executable, EXAMPLE, tmp_path / "real", tmp_path / "made"],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"SONOLOOP_WEIGHTS_DIR": str(tmp_path / "none")},
    )
    assert "FVD" not in result.stdout
    assert "temporal energy" in result.stdout
    assert "nearest to a real clip: 1.npy, similarity 1.000 to 2.npy" in result.stdout
