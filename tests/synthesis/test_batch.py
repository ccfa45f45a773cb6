"""Folders of stills to folders of clips."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from sonoloop.errors import UsageError
from sonoloop.synthesis.batch import synthesize_batch
from sonoloop.synthesis.batch_options import BatchOptions, BatchResult, StillFile
from sonoloop.synthesis.clip_names import file_sha256
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.loops import LoopOptions
from sonoloop.synthesis.provenance import read_provenance

Make = Callable[..., BatchResult]


def write_still(path: Path, seed: int = 0) -> StillFile:
    """Write a textured png."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(1, 255, (40, 48), dtype=np.uint8)
    Image.fromarray(pixels).resize((80, 66)).save(path)
    return StillFile(path, path.name)


@pytest.fixture
def make(model: ImageToVideo, tmp_path: Path) -> Make:
    """Run a batch into one folder; the progress must add up."""

    def run(files: list[StillFile], **options: object) -> BatchResult:
        chosen = BatchOptions(**{"num_samples": 2, "formats": ("npy",), **options})  # type: ignore[arg-type]
        done: list[int] = []
        out = tmp_path / "out"
        result = synthesize_batch(model, files, out, chosen, advance=done.append)
        assert sum(done) == len(files) * chosen.num_samples
        return result

    return run


def test_files_and_rows_agree(make: Make, tmp_path: Path) -> None:
    """Every format of every loop is where its row says, with the row's provenance inside."""
    still = write_still(tmp_path / "one still.png")
    result = make([still], formats=("mp4", "gif", "npy", "strip"), seed=3)
    table = pl.read_parquet(tmp_path / "out" / "manifest.parquet")
    assert table.height == len(result.rows) == 2
    for row in table.iter_rows(named=True):
        for kind in ("mp4", "gif", "strip"):
            provenance = read_provenance(tmp_path / "out" / row[kind])
            assert provenance.source == "one still.png"
            assert provenance.source_sha256 == file_sha256(still.path) == row["source_sha256"]
            assert provenance.seed == 3
            assert provenance.model_sha256 == row["model_sha256"]
            assert provenance.sample == (0 if kind == "strip" else row["sample"])
        assert np.load(tmp_path / "out" / row["npy"]).shape == (16, 66, 80)
        assert (row["height"], row["width"], row["num_frames"]) == (66, 80, 16)
        assert row["typicality_distance"] > 0
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert len(files) == 2 * 3 + 1 + 3
    assert not any(" " in name or name.startswith(".") for name in files)


def test_same_command_again_does_nothing(make: Make, tmp_path: Path) -> None:
    """What is there with the same settings is skipped, what is missing is made."""
    stills = [write_still(tmp_path / "a.png"), write_still(tmp_path / "b.png", seed=1)]
    first = make(stills)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.npy")}
    again = make(stills)
    assert (len(first.rows), first.num_skipped) == (4, 0)
    assert (len(again.rows), again.num_skipped) == (0, 4)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.npy")}
    lost = min(before)
    frames = np.load(lost).astype(int)
    lost.unlink()
    repaired = make(stills)
    assert (len(repaired.rows), repaired.num_skipped) == (1, 3)
    assert np.abs(np.load(lost) - frames).max() <= 1  # batches round differently


def test_other_settings_make_the_loops_again(make: Make, tmp_path: Path) -> None:
    """More steps replace a loop; another seed stands beside it; a changed picture is new."""
    still = write_still(tmp_path / "a.png")
    make([still])
    assert len(make([still], num_inference_steps=5).rows) == 2
    assert len(make([still], num_inference_steps=5, seed=1).rows) == 2
    assert len(list((tmp_path / "out").glob("*.npy"))) == 4
    write_still(still.path, seed=9)
    assert len(make([still], num_inference_steps=5).rows) == 2
    assert len(list((tmp_path / "out").glob("*.npy"))) == 6


def test_new_samples_redraw_the_strip(make: Make, tmp_path: Path) -> None:
    """A strip shows all loops of its still, also those that were there."""
    still = write_still(tmp_path / "a.png")
    heights = []
    for num_samples in (2, 3):
        rows = make([still], formats=("strip",), num_samples=num_samples).rows
        assert len(rows) == num_samples
        with Image.open(tmp_path / "out" / str(rows[0]["strip"])) as image:
            heights.append(image.height)
    assert heights[1] > heights[0]


def test_equal_names_do_not_collide(make: Make, tmp_path: Path) -> None:
    """The same file name in two folders, and two suffixes of one stem."""
    stills = [
        write_still(tmp_path / "x" / "still.png"),
        write_still(tmp_path / "y" / "still.png", seed=1),
        write_still(tmp_path / "y" / "still.bmp", seed=2),
    ]
    result = make(stills)
    assert len({row["npy"] for row in result.rows}) == 6


def test_bad_stills_are_reported_and_the_others_made(make: Make, tmp_path: Path) -> None:
    """An empty file, a text, a folder that vanished."""
    empty, text = tmp_path / "empty.png", tmp_path / "text.png"
    empty.touch()
    text.write_text("hello")
    files = [StillFile(path, path.name) for path in (empty, text, tmp_path / "gone.png")]
    result = make([*files, write_still(tmp_path / "good.png")])
    assert len(result.rows) == 2
    assert [failure.path.name for failure in result.failures] == [
        "empty.png",
        "text.png",
        "gone.png",
    ]


def test_names_are_harmless(make: Make, tmp_path: Path) -> None:
    """Control characters, quotes and leading dots stay out of file names."""
    still = write_still(tmp_path / "..a'b\tc$(d)ü.png")
    name = str(make([still]).rows[0]["npy"])
    assert name.startswith("a_b_c_d_ü-")


def test_unmarked_on_request(make: Make, tmp_path: Path) -> None:
    """Without the mark a gif holds the very loop; with it, not."""
    still = write_still(tmp_path / "a.png")
    formats = ("gif", "npy")
    marked, plain = (
        make([still], formats=formats, mark=mark, num_samples=1).rows[0] for mark in (True, False)
    )
    assert marked["gif"] == plain["gif"]
    with Image.open(tmp_path / "out" / str(plain["gif"])) as image:
        shown = np.asarray(image.convert("L"))
    np.testing.assert_array_equal(shown, np.load(tmp_path / "out" / str(plain["npy"]))[0])
    assert (marked["marked"], plain["marked"]) == (True, False)


def test_interrupted_batch_keeps_its_manifest(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk in the third still: two are on record and need not be made again."""
    stills = [write_still(tmp_path / f"{name}.png", seed=ord(name)) for name in "abc"]
    animate = ImageToVideo.animate
    calls: list[int] = []

    def fail_third(self: ImageToVideo, *args: object, **options: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return animate(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(ImageToVideo, "animate", fail_third)
    with pytest.raises(OSError, match="No space left"):
        make(stills, batch_size=1)
    monkeypatch.undo()
    result = make(stills)
    assert (len(result.rows), result.num_skipped) == (2, 4)


def test_loops_of_an_interrupted_still_are_on_record(
    make: Make, model: ImageToVideo, tmp_path: Path
) -> None:
    """Ctrl-C after the first of two loops: it has its row, and only the second is made anew."""
    still = write_still(tmp_path / "a.png")

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    options = BatchOptions(num_samples=2, formats=("npy",))
    with pytest.raises(KeyboardInterrupt):
        synthesize_batch(model, [still], tmp_path / "out", options, advance=stop)
    assert pl.read_parquet(tmp_path / "out" / "manifest.parquet")["sample"].to_list() == [0]
    result = make([still])
    assert ([row["sample"] for row in result.rows], result.num_skipped) == ([1], 1)


def test_long_closed_loops_are_on_record(make: Make, tmp_path: Path) -> None:
    """Length and closing are columns and part of the settings; the files carry them."""
    still = write_still(tmp_path / "a.png")
    plain = make([still], formats=("gif",), num_samples=1).rows[0]
    loops = LoopOptions(num_frames=30, loop=True)
    made = make([still], formats=("gif",), num_samples=1, loops=loops).rows[0]
    assert (plain["num_frames"], plain["loop"]) == (16, False)
    assert (made["num_frames"], made["loop"], made["label"], made["motion"]) == (
        30,
        True,
        None,
        None,
    )
    with Image.open(tmp_path / "out" / str(made["gif"])) as image:
        assert getattr(image, "n_frames", 1) == 30
    assert read_provenance(tmp_path / "out" / str(made["gif"])).loop
    assert make([still], formats=("gif",), num_samples=1, loops=loops).num_skipped == 1


def test_control_of_a_model_without_it_is_refused_at_once(make: Make, tmp_path: Path) -> None:
    """Before a still is opened."""
    with pytest.raises(UsageError, match="this model was trained without motion strength"):
        make([StillFile(tmp_path / "gone.png", "gone.png")], loops=LoopOptions(motion=0.5))
