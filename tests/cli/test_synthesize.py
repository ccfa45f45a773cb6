"""``sonoloop synthesize``."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonoloop.cli.main import main
from sonoloop.cluster.bulk import BulkResult
from sonoloop.synthesis.batch_options import BatchOptions


def run(*words: str) -> int:
    """Run a command and return its exit status."""
    with pytest.raises(SystemExit) as exit_info:
        main(list(words))
    return int(exit_info.value.code or 0)


@pytest.fixture
def still(tmp_path: Path) -> Path:
    """Write a textured png."""
    path = tmp_path / "still.png"
    pixels = np.random.default_rng(0).integers(1, 255, (40, 48), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_options_reach_the_batch(still: Path, tmp_path: Path, model_folder: Path) -> None:
    """Samples, seed, formats and the output folder."""
    out = tmp_path / "out"
    options = f"--samples 2 --seed 3 --formats npy --steps 1 --model {model_folder} --out {out}"
    assert run("synthesize", str(still), *options.split()) == 0
    names = sorted(path.name for path in out.glob("*.npy"))
    assert [name.split("-")[0] for name in names] == ["still", "still"]
    assert [name.split("_", 1)[1] for name in names] == ["seed3_sample0.npy", "seed3_sample1.npy"]


def test_frames_and_loop_reach_the_batch(still: Path, tmp_path: Path, model_folder: Path) -> None:
    """A longer loop than the model's clips."""
    out = tmp_path / "out"
    options = f"--frames 24 --loop --formats npy --model {model_folder} --out {out}"
    assert run("synthesize", str(still), *options.split()) == 0
    assert np.load(next(out.glob("*.npy"))).shape == (24, 40, 48)


def test_exit_status_tells_bad_stills_from_wrong_usage(
    still: Path, tmp_path: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """1: some still could not be used, the others were made. 2: nothing was started."""
    bad = tmp_path / "bad.png"
    bad.write_text("no image")
    out = tmp_path / "out"
    options = ("--out", str(out), "--model", str(model_folder), "--formats", "npy")
    assert run("synthesize", str(bad), str(still), *options) == 1
    assert len(list(out.glob("*.npy"))) == 1
    nowhere = tmp_path / "nowhere"
    for words, message in (
        ((str(still), "--formats", "avi"), "there is no format 'avi'"),
        ((str(still), "--model", "nonsense"), "there is no model 'nonsense'"),
        ((str(tmp_path / "gone.png"),), "there is no file or folder"),
        ((), "give at least one still"),
        ((str(still), "--samples", "0"), "samples must be at least 1, got 0"),
        ((str(still), "--threads", "0"), "--threads 0: at least 1 is needed"),
        ((str(still), "--steps", "0"), "steps must be at least 1, got 0"),
        ((str(still), "--seed", "-1"), "seed must be at least 0, got -1"),
        ((str(still), "--frames", "1"), "a clip needs at least 2 frames, got num_frames 1"),
        ((str(still), "--label", "cyst"), "label 'cyst': this model was trained without labels"),
        ((str(still), "--guidance-scale", "2"), "this model was trained without labels"),
    ):
        given = ("--model", str(model_folder), *words) if "--model" not in words else words
        assert run("synthesize", *given, "--out", str(nowhere)) == 2
        assert message in capsys.readouterr().err
    assert not list(nowhere.glob("*"))


def test_a_cluster_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses stay as they are; status 1 where a still could not be used."""
    asked: list[tuple[object, ...]] = []

    def bulk(images: object, out: object, options: BatchOptions, **rest: object) -> BulkResult:
        asked.append((images, out, options.seed, rest))
        return BulkResult(num_failed=len(asked) - 1)

    monkeypatch.setattr("sonoloop.cluster.bulk.synthesize_in_bulk", bulk)
    words = ("s3://bucket/*.png", "--out", "s3://bucket/loops", "--seed", "3", "--engine", "ray")
    more = ("--address", "h:1", "--threads", "2", "--shard", "7")
    assert [run("synthesize", *words), run("synthesize", *words, *more)] == [0, 1]
    place = (("s3://bucket/*.png",), "s3://bucket/loops", 3)
    rest = {"model": "default", "stills_per_shard": 64, "address": None, "threads": 1}
    assert asked[0] == (*place, rest)
    assert asked[1] == (*place, rest | {"stills_per_shard": 7, "address": "h:1", "threads": 2})


def test_addresses_need_a_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2 and a sentence."""
    assert run("synthesize", "s3://bucket/still.png", "--out", "loops") == 2
    assert "s3://bucket/still.png: addresses are for --engine ray" in capsys.readouterr().err
