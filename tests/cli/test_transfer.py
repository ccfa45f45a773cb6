"""``sonoloop transfer``."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from sonoloop.cli.main import main
from sonoloop.data.phantom import phantom_clip
from sonoloop.synthesis.export import write_mp4
from sonoloop.synthesis.provenance import read_provenance


def run(*words: str) -> int:
    """Run a command and return its exit status."""
    with pytest.raises(SystemExit) as exit_info:
        main(list(words))
    return int(exit_info.value.code or 0)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Write two clips and a still."""
    paths = []
    for seed in range(2):
        frames = phantom_clip(np.random.default_rng(seed), size=64, num_frames=50)
        write_mp4(tmp_path / f"clip{seed}.mp4", frames, frame_rate_hz=25.0, provenance=None)
        paths.append(tmp_path / f"clip{seed}.mp4")
    Image.fromarray(phantom_clip(np.random.default_rng(7), num_frames=1)[0]).save(
        tmp_path / "still.png"
    )
    return [*paths, tmp_path / "still.png"]


def test_motion_of_two_clips_for_one_still(
    files: list[Path], tmp_path: Path, model_folder: Path
) -> None:
    """Both loops stand in one folder, each naming its clip; the same again is skipped."""
    out = tmp_path / "out"
    options = ("--out", str(out), "--model", str(model_folder), "--formats", "npy,gif")
    for clip in [*files[:2], files[0]]:
        assert run("transfer", str(clip), str(files[2]), *options) == 0
    table = pl.read_parquet(out / "manifest.parquet")
    assert table["motion_source"].sort().to_list() == ["clip0.mp4", "clip1.mp4"]
    assert table["sampler"].to_list() == ["transfer", "transfer"]
    first, second = (np.load(out / name) for name in table["npy"])
    assert first.shape == (16, 64, 64)
    assert (first != second).any()
    row = table.row(0, named=True)
    provenance = read_provenance(out / row["gif"])
    assert provenance.motion_sha256 == row["motion_sha256"]
    assert provenance.motion_start_s == 0


def test_a_bad_clip_is_wrong_usage(
    files: list[Path], tmp_path: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written."""
    clip, still, out = str(files[0]), str(files[2]), tmp_path / "out"
    options = ("--out", str(out), "--model", str(model_folder))
    for words, message in (
        ((str(tmp_path / "gone.mp4"), still), "there is no file or folder"),
        ((still, still), "motion needs at least 16"),
        ((clip, still, "--start", "5"), "start_s 5 leaves no whole clip"),
    ):
        assert run("transfer", *words, *options) == 2
        assert message in capsys.readouterr().err
    assert not out.exists()
