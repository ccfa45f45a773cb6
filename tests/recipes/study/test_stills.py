"""Stills of a dataset of their own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sonoloop.data.splits import write_split
from sonoloop.data.store import Entry, StoreWriter
from sonoloop.errors import UsageError
from sonoloop.recipes.study import still_check
from sonoloop.recipes.study.context import StudyContext
from sonoloop.recipes.study.stills import read_stills, with_stills


@pytest.fixture(autouse=True)
def _content_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes seconds; test_study_still_check.py tests it."""
    monkeypatch.setattr(still_check, "FEWEST_PATIENTS", 1000)


def _write(folder: Path, labels: list[str | None], heights: tuple[int, int] = (64, 64)) -> Path:
    """Write stills of patients 0, 1, 2 ... and one that videos do not have."""
    folder.mkdir()
    ids = [f"s{number}" for number in range(len(labels))]
    with StoreWriter(folder / "store", size=64) as writer:
        for number, (item, label) in enumerate(zip(ids, labels, strict=True)):
            group = f"p{number}" if number else "somebody else"
            frames = np.full((1, 64, 64), number, np.uint8)
            writer.add(Entry(item, label, group, "still"), frames, np.zeros(1))
    write_split(folder / "split.json", dict.fromkeys(ids, "train"), ratios=(1.0, 0.0, 0.0), seed=0)
    pl.DataFrame(
        {"item_id": ids, "label": labels, "kind": ["still"] * len(ids),
         "scan_height": [heights[0]] * len(ids), "scan_width": [heights[0]] * len(ids)}
    ).write_parquet(folder / "index.parquet")  # fmt: skip
    return folder


def test_stills_of_patients_held_out_are_left_out(
    study_context: StudyContext, tmp_path: Path
) -> None:
    """Of each fold; those of patients without videos stay, those without a class go."""
    labels = ["moves", "rests"] * 8 + [None]
    stills, notes = read_stills(_write(tmp_path / "s", labels), "label", study_context.data)
    assert len(stills.item_ids) == 16
    assert notes[0] == "1 of 17 stills have no class and are left out"
    group_of = dict(zip(study_context.data.item_ids, study_context.data.groups, strict=True))
    for one in with_stills(study_context.divisions, stills, study_context.data):
        groups = {stills.groups[place] for place in stills.places(one.stills)}
        assert "somebody else" in groups
        assert not groups & {group_of[item] for item in (*one.held_out, *one.validation)}


def test_unlabelled_stills_are_refused(study_context: StudyContext, tmp_path: Path) -> None:
    """A class that no still has cannot be balanced."""
    folder = _write(tmp_path / "s", ["moves", None])
    with pytest.raises(UsageError, match=r"no still has the label rests \(there is moves\)"):
        read_stills(folder, "label", study_context.data)
    with pytest.raises(UsageError, match="has no column b_lines"):
        read_stills(folder, "b_lines", study_context.data)


def test_another_size_is_told_with_numbers(
    study_context: StudyContext, study_dataset: Path, tmp_path: Path
) -> None:
    """Medians of the heights of the scans."""
    videos = tmp_path / "videos"
    videos.mkdir()
    index = pl.read_parquet(study_dataset / "index.parquet")
    index.with_columns(scan_height=pl.lit(200), scan_width=pl.lit(200)).write_parquet(
        videos / "index.parquet"
    )
    data = replace(study_context.data, dataset=videos)
    _, notes = read_stills(_write(tmp_path / "s", ["moves", "rests"], (600, 0)), "label", data)
    assert notes[0].startswith("stills are of another size than videos: 600 and 200 px high")
