"""Clips of generators from elsewhere."""

import csv
from pathlib import Path

import numpy as np
import pytest

from sonoloop.errors import UsageError
from sonoloop.recipes.study.context import StudyContext
from sonoloop.recipes.study.sources import of_division, parse_source, read_source

CLASS_OF = {"moves": 0, "rests": 1}


def _write(folder: Path, rows: list[dict[str, str]], *, num_frames: int = 16) -> Path:
    folder.mkdir()
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, sorted({key for row in rows for key in row}))
        writer.writeheader()
        writer.writerows(rows)
    for number, row in enumerate(rows):
        if row.get("file", "").startswith("clip"):
            np.save(folder / row["file"], np.full((num_frames, 128, 128), number, np.uint8))
    return folder


def test_clips_are_read_at_the_datasets_size(study_context: StudyContext, tmp_path: Path) -> None:
    """The class is the one asked for, else the still's; a fold takes the clips of its stills."""
    division = study_context.divisions[0]
    still, unseen = division.stills[0], division.held_out[0]
    folder = _write(
        tmp_path / "clips",
        [{"file": "clip0.npy", "item": still, "label": "rests"},
         {"file": "clip1.npy", "source": f"stills/{still}.png"},
         {"file": "clip2.npy", "item": unseen}],
    )  # fmt: skip
    made = read_source("x", folder, study_context.stills, CLASS_OF, study_context.data.clip)
    assert made.clips.shape == (3, 16, 64, 64)
    assert made.requests[0].label == 1
    assert [one.item for one in made.requests] == [still, still, unseen]
    own = study_context.stills.labels[study_context.stills.places([still])[0]]
    assert made.requests[1].label == own
    allowed = of_division(made, division)
    assert [int(clip[0, 0, 0]) for clip in allowed.clips] == [0, 1]


@pytest.mark.parametrize(
    ("row", "num_frames", "sentence"),
    [
        ({"file": "clip0.npy", "item": "nobody"}, 16, "line 2: there is no still 'nobody'"),
        ({"file": "gone.npy", "item": "v1"}, 16, "line 2: there is no file 'gone.npy'"),
        ({"file": "clip0.npy", "item": "v1", "label": "x"}, 16, "'x' is none of moves, rests"),
        ({"file": "clip0.npy", "item": "v1"}, 8, "8 frames, 16 are needed"),
    ],
)
def test_a_wrong_row_is_named(
    row: dict[str, str], num_frames: int, sentence: str, study_context: StudyContext, tmp_path: Path
) -> None:
    """With its line."""
    rows = [row] if row["file"] == "clip0.npy" else [row, {"file": "clip1.npy", "item": "v1"}]
    folder = _write(tmp_path / "clips", rows, num_frames=num_frames)
    with pytest.raises(UsageError, match=sentence):
        read_source("x", folder, study_context.stills, CLASS_OF, study_context.data.clip)


def test_names() -> None:
    """A source is called like no arm, and has a table."""
    assert parse_source("ours=a=b") == ("ours", Path("a=b"))
    for word in ("ours", "i=clips", "a,b=clips"):
        with pytest.raises(UsageError, match="--source"):
            parse_source(word)


def test_a_folder_without_a_table_is_refused(study_context: StudyContext, tmp_path: Path) -> None:
    """It says what a table has."""
    with pytest.raises(UsageError, match=r"manifest.csv is missing; write a row per clip"):
        read_source("x", tmp_path, study_context.stills, CLASS_OF, study_context.data.clip)
