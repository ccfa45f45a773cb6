"""Stills of another kind than the videos."""

import csv
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from sonoloop.data.phantom import phantom_clip
from sonoloop.data.prepare_options import PrepareOptions
from sonoloop.recipes.prepare import prepare
from sonoloop.recipes.study.data import Stills, StudyData, open_study_data
from sonoloop.recipes.study.still_check import most_expected, still_notes
from sonoloop.recipes.study.stills import read_stills

REAL = os.environ.get("SONOLOOP_REAL_DATA")
QUIET = Console(quiet=True)


def _stills(seed: int, count: int) -> Stills:
    """Return phantoms, each of a patient of its own."""
    frames = [
        phantom_clip(np.random.default_rng([seed, number]), num_frames=1)[0]
        for number in range(count)
    ]
    ids = tuple(f"{seed}-{number}" for number in range(count))
    return Stills(ids, ids, np.arange(count) % 2, np.stack(frames))


def _index(kind: str, height: int, width: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"kind": [kind] * 3, "scan_height": [height] * 3, "scan_width": [width] * 3}
    )


@pytest.fixture(scope="module")
def videos() -> Stills:
    """Return first frames of phantoms."""
    return _stills(0, 24)


@pytest.fixture
def data(study_data: StudyData, videos: Stills) -> StudyData:
    """Return a study of these videos."""
    return replace(study_data, first_frames=videos)


def test_stills_of_the_same_kind_are_not_remarked_on(data: StudyData) -> None:
    """Other phantoms of the same simulator, prepared alike."""
    notes = still_notes(_stills(1, 24), data, _index("still", 200, 300), _index("video", 220, 300))
    assert notes == []


def test_every_difference_is_told_with_numbers(data: StudyData) -> None:
    """Size, shape, grey levels and content, each in a sentence of its own."""
    rng = np.random.default_rng(0)
    stripes = np.sin(np.linspace(0, 30, 64))[None, :, None] * np.ones((24, 64, 64))
    noise = (stripes * 20 + 215 + rng.normal(0, 8, (24, 64, 64))).clip(0, 255).astype(np.uint8)
    others = replace(_stills(1, 24), frames=noise)
    size, shape, mean, contrast, content = still_notes(
        others, data, _index("still", 600, 600), _index("video", 200, 400)
    )
    assert size.startswith("stills are of another size than videos: 600 and 200 px high")
    assert "width by height 1.00 and 2.00" in shape
    assert "100% of 24 stills lie outside of what 98 % of the videos have" in mean
    assert contrast.startswith("stills have another contrast")
    assert content.startswith("stills may be of another organ or device than videos: 100% of 24")
    assert "(100%, 100% by class)" in content


def test_few_patients_allow_more() -> None:
    """Of two samples of one kind at most one in a hundred is remarked on, with 24 as with 300."""
    rng = np.random.default_rng(0)
    for patients, stills in ((24, 24), (24, 300), (300, 300)):
        most, remarked = most_expected(0.15, patients, stills), 0
        for _ in range(300):
            low, high = np.quantile(rng.normal(size=patients), [0.01, 0.99])
            values = rng.normal(size=stills)
            remarked += bool(np.mean((values < low) | (values > high)) > most)
        assert remarked <= 3
    assert most_expected(0.15, 51, 58) < 0.9  # breast stills beside lungs: 90 % are outside


def test_few_patients_do_not_say_what_is_usual(data: StudyData, videos: Stills) -> None:
    """Below ten, what stills show is not judged."""
    few = Stills(*(part[:6] for part in (videos.item_ids, videos.groups)), videos.labels[:6],
                 videos.frames[:6])  # fmt: skip
    empty = pl.DataFrame({"item_id": ["a"]})
    notes = still_notes(_stills(1, 24), replace(data, first_frames=few), empty, empty)
    assert not any("organ" in note for note in notes)


@pytest.mark.slow
@pytest.mark.skipif(REAL is None, reason="needs SONOLOOP_REAL_DATA")
def test_breast_stills_beside_lung_videos_are_told(tmp_path: Path) -> None:
    """BUSI beside BLUES; lungs of other patients of BLUES are not."""
    root = Path(REAL or "")
    with (root / "blues" / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    first = {row["patient_id"]: row for row in rows}.values()
    (tmp_path / "blues").mkdir()
    with (tmp_path / "blues" / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows({**row, "path": root / "blues" / row["path"]} for row in first)
    options = PrepareOptions(size=64, workers=1, max_frames=32)
    prepare([tmp_path / "blues"], tmp_path / "videos", options, console=QUIET)
    prepare([root / "busi"], tmp_path / "stills", options, console=QUIET)
    lungs = open_study_data(tmp_path / "videos", "b_lines", ())
    named = dict(zip(("benign", "malignant"), lungs.classes, strict=True))
    _, notes = read_stills(tmp_path / "stills", "label", replace(lungs, class_of=named))
    assert any("another organ" in note for note in notes)
