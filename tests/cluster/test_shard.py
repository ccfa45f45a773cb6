"""One shard, in this process."""

import io
import tarfile
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from sonoloop.cluster.shard import make_shard, settings_of, shard_name
from sonoloop.cluster.shard_folder import COLUMNS, ShardFolder
from sonoloop.cluster.still_listing import ListedStill, list_stills
from sonoloop.synthesis.batch_options import BatchOptions
from sonoloop.synthesis.image_to_video import ImageToVideo

OPTIONS = BatchOptions(num_samples=2, seed=1, formats=("npy",), num_inference_steps=1)


def _stills(folder: Path) -> list[ListedStill]:
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(1, 255, (40, 48), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "one.png")
    (folder / "two.png").write_bytes(b"no picture")
    (folder / "same").mkdir()
    Image.fromarray(pixels).save(folder / "same" / "one.png")
    return list(list_stills([str(folder / name) for name in ("one.png", "two.png", "same")]))


def test_a_shard_has_its_loops_and_their_rows(model: ImageToVideo, tmp_path: Path) -> None:
    """Two stills of one name and content share loops; one that cannot be used is told."""
    stills, out = _stills(tmp_path / "stills"), tmp_path / "out"
    report = make_shard(model, stills, "name", ShardFolder(str(out)), OPTIONS)
    assert (report.num_stills, report.num_loops) == (3, 4)
    assert len(report.failures) == 1
    assert "two.png" in report.failures[0]
    rows = pl.read_parquet(out / "name.parquet")
    assert rows.schema == pl.Schema(COLUMNS)
    assert rows["still_key"].to_list() == [stills[0].key] * 2 + [stills[2].key] * 2
    with tarfile.open(out / "name.tar") as archive:
        assert set(archive.getnames()) == set(rows["npy"])
        (archive_npy,) = [one for one in archive if one.name == rows["npy"][0]]
        file = archive.extractfile(archive_npy)
        assert file is not None
        assert np.load(io.BytesIO(file.read())).shape == (16, 40, 48)


def test_nothing_is_written_for_nothing(model: ImageToVideo, tmp_path: Path) -> None:
    """No shard without a loop."""
    stills = _stills(tmp_path / "stills")[1:2]
    report = make_shard(model, stills, "name", ShardFolder(str(tmp_path / "out")), OPTIONS)
    assert (report.num_loops, len(report.failures)) == (0, 1)
    assert not (tmp_path / "out").exists()


def test_names_follow_content(model: ImageToVideo, tmp_path: Path) -> None:
    """Other stills, another order or other settings: another shard. Batches are no content."""
    stills = _stills(tmp_path / "stills")
    settings = settings_of(model, OPTIONS)
    other = settings_of(model, BatchOptions(num_samples=3, seed=1, formats=("npy",)))
    names = {
        shard_name(settings, stills),
        shard_name(settings, stills[:2]),
        shard_name(settings, stills[::-1]),
        shard_name(other, stills),
    }
    assert len(names) == 4
    again = BatchOptions(
        num_samples=2, seed=1, formats=("npy",), num_inference_steps=1, batch_size=8
    )
    assert settings_of(model, again) == settings
