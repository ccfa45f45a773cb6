"""Classes from a column, windows from videos."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sonoloop.checksums import write_sums
from sonoloop.data.config import ClipConfig
from sonoloop.data.store import Entry, StoreWriter
from sonoloop.errors import UsageError
from sonoloop.recipes.labelled_dataset import (
    INDEX_FILE,
    column_values,
    evenly_spread,
    labelled_videos,
    parse_classes,
    read_index,
    read_labels,
    shrink,
)

CLIP = ClipConfig(size=64)


def test_every_value_is_a_class_in_alphabetical_order(labelled_dataset: Path) -> None:
    """The label column; the video without one is left out and counted."""
    labels = read_labels(labelled_dataset, "label", {})
    assert labels.classes == ("moves", "rests")
    assert (labels.numbers["video-0"], labels.numbers["video-1"]) == (1, 0)
    assert "video-13" not in labels.numbers
    assert labels.others == {"": 1}


def test_values_are_joined_into_classes(labelled_dataset: Path) -> None:
    """A manifest column by its own name; whole numbers are written without a point."""
    labels = read_labels(labelled_dataset, "speed", parse_classes(["rests=0", "moves=1,2"]))
    assert labels.classes == ("rests", "moves")
    assert [labels.numbers[f"video-{number}"] for number in range(4)] == [0, 1, 0, 1]
    some = read_labels(labelled_dataset, "manifest_speed", {"0": "rests", "2": "fast"})
    assert "video-1" not in some.numbers
    assert some.others["1"] > 0


@pytest.mark.parametrize(
    ("column", "class_of", "sentence"),
    [
        ("lable", {}, "--label lable: .* has no such column; there are item_id, label, split, sp"),
        ("device", {}, r"device holds one class only \(one \(14\)\): choose another --label"),
        ("label", {"moves": "a", "rests": "a"}, "label holds one class only"),
        ("label", {"moves": "a", "still": "b"}, "no video has label = still; there are rests"),
    ],
)
def test_columns_without_two_classes_are_refused(
    column: str, class_of: dict[str, str], sentence: str, labelled_dataset: Path
) -> None:
    """Naming the column and what it holds."""
    with pytest.raises(UsageError, match=sentence):
        read_labels(labelled_dataset, column, class_of)


def test_a_dataset_of_stills_is_refused(tmp_path: Path) -> None:
    """There is no video whose class could be learnt."""
    folder = tmp_path / "dataset"
    with StoreWriter(folder / "store", size=64) as writer:
        still = np.zeros((1, 64, 64), np.uint8)
        writer.add(Entry("still", "benign", "patient", "still"), still, np.zeros(1))
    row = {"item_id": "still", "label": "benign"}
    pl.DataFrame([row]).write_parquet(folder / "index.parquet")
    with pytest.raises(UsageError, match="it holds no videos"):
        read_labels(folder, "label", {})


def test_names_are_no_classes(labelled_dataset: Path, tmp_path: Path) -> None:
    """A column of 21 values or more: patients, not classes."""
    folder = tmp_path / "dataset"
    shutil.copytree(labelled_dataset, folder)
    table = pl.read_parquet(folder / "index.parquet")
    more = pl.DataFrame({"item_id": [f"video-{number}" for number in range(14)]})
    table.with_columns(more["item_id"].alias("manifest_patient")).write_parquet(
        folder / "index.parquet"
    )
    assert len(read_labels(folder, "patient", {}).classes) == 14
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sonoloop.recipes.labelled_dataset.MAX_CLASSES", 13)
        with pytest.raises(UsageError, match="patient holds 14 values, such as video-0"):
            read_labels(folder, "patient", {})


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["benign"], "--classes benign: write name=value,value"),
        (["a=0", "a=1"], "a comes twice"),
        (["a=0,1", "b=1"], "the value 1 is in a and in b"),
    ],
)
def test_a_bad_choice_of_classes_is_refused(words: list[str], sentence: str) -> None:
    """Before anything is read."""
    with pytest.raises(UsageError, match=sentence):
        parse_classes(words)


def test_a_missing_index_is_named(labelled_dataset: Path, tmp_path: Path) -> None:
    """And how to get one; the same where it is no table."""
    folder = tmp_path / "dataset"
    shutil.copytree(labelled_dataset, folder)
    (folder / "index.parquet").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="not a readable index"):
        column_values(folder, "label")
    (folder / "index.parquet").unlink()
    with pytest.raises(UsageError, match=r"index.parquet: missing; run 'sonoloop data prepare'"):
        column_values(folder, "label")


def test_long_videos_give_several_windows(labelled_dataset: Path) -> None:
    """60 frames at 12.5 Hz hold two windows of 1.92 s, 24 frames one; all of one patient."""
    labels = read_labels(labelled_dataset, "label", {})
    options = {"clip": CLIP, "size": 64}
    found = labelled_videos(labelled_dataset, "train", labels, **options, windows=4)
    assert found.item_ids == tuple(f"video-{number}" for number in range(8))
    np.testing.assert_array_equal(found.clips.videos, [0, 1, 2, 3, 3, 4, 5, 6, 7])
    assert found.clips.groups[3:5] == ("group-3", "group-3")
    np.testing.assert_array_equal(found.clips.labels, [1, 0, 1, 0, 0, 1, 0, 1, 0])
    assert not found.clips.synthetic.any()
    assert len(labelled_videos(labelled_dataset, "train", labels, **options, windows=1).clips) == 8
    everything = labelled_videos(labelled_dataset, None, labels, **options, windows=1)
    assert len(everything.item_ids) == 13


def test_frames_are_shrunk_to_the_networks_size(labelled_dataset: Path) -> None:
    """64 pixels become 32; never larger than they are."""
    labels = read_labels(labelled_dataset, "label", {})
    for size, expected in ((32, 32), (112, 64)):
        found = labelled_videos(labelled_dataset, "test", labels, clip=CLIP, size=size, windows=1)
        assert found.clips.clips.shape == (3, 16, expected, expected)


def test_nothing_with_a_class_is_refused(labelled_dataset: Path) -> None:
    """A split whose videos have no class."""
    labels = read_labels(labelled_dataset, "speed", {"0": "rests", "1": "moves"})
    lonely = type(labels)(labels.classes, labels.class_of, {"video-0": 0}, {})
    with pytest.raises(UsageError, match="none of the 2 videos in its validation split has a cla"):
        labelled_videos(labelled_dataset, "validation", lonely, clip=CLIP, size=64, windows=1)


def test_oblong_frames_are_set_into_a_square() -> None:
    """40 rows of 80 columns become 32 square, black above and below."""
    square = shrink(np.full((2, 40, 80), 200, np.uint8), 32)
    assert square.shape == (2, 32, 32)
    assert (square[:, 8:24] == 200).all()
    assert (square[:, :8] == 0).all()


def test_windows_are_spread_evenly() -> None:
    """The middles of equal parts; all of them where there are few."""
    assert evenly_spread(3, 5) == [0, 1, 2]
    assert evenly_spread(10, 1) == [5]
    assert evenly_spread(12, 3) == [2, 6, 10]


def test_an_index_that_differs_from_its_checksum_is_refused(
    labelled_dataset: Path, tmp_path: Path
) -> None:
    """A class may have changed, and it would still be a table."""
    dataset = shutil.copytree(labelled_dataset, tmp_path / "dataset")
    write_sums(dataset, [INDEX_FILE])
    assert read_index(dataset).height == 14
    read_index(dataset).with_columns(pl.lit("moves").alias("label")).write_parquet(
        dataset / INDEX_FILE
    )
    with pytest.raises(UsageError, match=r"index\.parquet: differs from its checksum"):
        column_values(dataset, "label")
