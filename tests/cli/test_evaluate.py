"""``sonoloop evaluate``."""

import subprocess
import sys
from pathlib import Path

import numpy as np


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    command = [sys.executable, "-m", "sonoloop", "evaluate", *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_command_measures_and_reports_failures(tmp_path: Path) -> None:
    """Exit status 1 where a clip could not be used, the table all the same."""
    rng = np.random.default_rng(0)
    for folder in ("real", "made"):
        (tmp_path / folder).mkdir()
        for number in range(3):
            clip = rng.integers(0, 256, (16, 32, 32), dtype=np.uint8)
            np.save(tmp_path / folder / f"{number}.npy", clip)
    (tmp_path / "made" / "empty.mp4").touch()
    sets = ("--real", tmp_path / "real", "--synthetic", tmp_path / "made")
    result = run(*sets, "--out", tmp_path / "out", "--metrics", "psnr,motion")
    assert result.returncode == 1, result.stderr
    assert "PSNR, dB" in result.stdout
    assert "empty.mp4" in result.stdout
    assert (tmp_path / "out" / "evaluation.json").is_file()


def test_wrong_usage_is_one_sentence(tmp_path: Path) -> None:
    """A folder that is not there, a metric that does not exist."""
    sets = ("--real", tmp_path / "gone", "--synthetic", tmp_path, "--out", tmp_path / "out")
    for words, message in (((), "there is no folder"), (("--metrics", "fid"), "no metric 'fid'")):
        result = run(*sets, *words)
        assert result.returncode == 2
        assert message in result.stderr
        assert "Traceback" not in result.stderr
