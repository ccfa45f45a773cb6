"""A dataset of a few moving blobs and a preset that trains on it in seconds."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from sonoloop.data.splits import SplitName, write_split
from sonoloop.data.store import Entry, StoreWriter
from sonoloop.recipes.config import Preset, load_preset
from sonoloop.recipes.study.context import StudyContext
from sonoloop.recipes.study.data import StudyData, open_study_data
from sonoloop.recipes.study.division import divide
from sonoloop.recipes.study.fold import Makers
from sonoloop.recipes.study.options import EXTRA, StudyOptions
from sonoloop.recipes.study.study import study
from sonoloop.recipes.study.synthesis import ClipMaker
from sonoloop.report.study_record import StudyRecord

SIZE, NUM_FRAMES = 64, 24


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a prepared dataset: four videos to train on, one to validate."""
    folder = tmp_path_factory.mktemp("blobs") / "dataset"
    folder.mkdir()
    sides: dict[str, SplitName] = {}
    y, x = np.mgrid[:SIZE, :SIZE]
    with StoreWriter(folder / "store", size=SIZE) as writer:
        for video in range(5):
            phase = np.arange(NUM_FRAMES)[:, None, None] / 4 + video
            distance = (y - 32 - 8 * np.sin(phase)) ** 2 + (x - 32 - 8 * np.cos(phase)) ** 2
            frames = (220 * np.exp(-distance / 200)).astype(np.uint8)
            entry = Entry(f"video-{video}", "blob", f"group-{video}", "video")
            writer.add(entry, frames, np.arange(NUM_FRAMES) / 12.5)
            sides[entry.item_id] = "validation" if video == 4 else "train"
    write_split(folder / "split.json", sides, ratios=(0.8, 0.2, 0.0), seed=0)
    return folder


@pytest.fixture(scope="session")
def labelled_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a prepared dataset of 14 videos: a blob that circles or rests, one without a class.

    The manifest's ``speed`` is 0, 1 or 2 (as a number with gaps), the label "rests" or "moves".
    Train has 8 videos, validation 2, test 3 and one without a class.
    """
    folder = tmp_path_factory.mktemp("labelled") / "dataset"
    folder.mkdir()
    sides: dict[str, SplitName] = {}
    rows = []
    y, x = np.mgrid[:SIZE, :SIZE]
    with StoreWriter(folder / "store", size=SIZE) as writer:
        for video in range(14):
            speed = video % 2 + (video in {3, 7})
            num_frames = 60 if video == 3 else NUM_FRAMES
            phase = speed * np.arange(num_frames)[:, None, None] / 4 + video
            distance = (y - 32 - 8 * np.sin(phase)) ** 2 + (x - 32 - 8 * np.cos(phase)) ** 2
            frames = (220 * np.exp(-distance / 200)).astype(np.uint8)
            label = None if video == 13 else ("moves" if speed else "rests")
            entry = Entry(f"video-{video}", label, f"group-{video}", "video")
            writer.add(entry, frames, np.arange(num_frames) / 12.5)
            side: SplitName = "train" if video < 8 else "validation" if video < 10 else "test"
            sides[entry.item_id] = side
            rows.append(
                {
                    "item_id": entry.item_id,
                    "label": label,
                    "split": side,
                    "manifest_speed": None if label is None else float(speed),
                    "manifest_device": "one",
                }
            )
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(folder / "index.parquet")
    write_split(folder / "split.json", sides, ratios=(0.6, 0.15, 0.25), seed=0)
    return folder


@pytest.fixture
def small() -> Preset:
    """Return the preset tiny with less of everything."""
    training = {"max_steps": 6, "batch_size": 2, "log_every": 1, "sample_every": 4}
    return load_preset(
        "tiny",
        {
            "autoencoder.encoder_widths": [8, 8, 8, 8],
            "autoencoder.decoder_width": 4,
            "latent_cache.encodings_per_video": 2,
            **{f"autoencoder_training.{key}": value for key, value in training.items()},
            **{f"diffusion_training.{key}": value for key, value in training.items()},
            **{f"flow_training.{key}": value for key, value in training.items()},
            **{f"conditioner_training.{key}": value for key, value in training.items()},
        },
    )


def _blob_clip(number: int, speed: float) -> np.ndarray:
    """Return a blob on a circle; ``number`` sets where it begins and how large it is."""
    y, x = np.mgrid[:32, :32]
    phase = speed * np.arange(16)[:, None, None] / 5 + number
    distance = (y - 16 - 6 * np.sin(phase)) ** 2 + (x - 16 - 6 * np.cos(phase)) ** 2
    return (230 * np.exp(-distance / (20 + 5 * number)) + 10).astype(np.uint8)


@pytest.fixture
def clip_folders(tmp_path: Path) -> tuple[Path, Path]:
    """Write six real clips, and two synthetic samples of each that move at half the speed."""
    real, synthetic = tmp_path / "real", tmp_path / "synthetic"
    for folder, samples in ((real, 0), (synthetic, 2)):
        folder.mkdir()
        for number in range(6):
            if not samples:
                np.save(folder / f"video{number}.npy", _blob_clip(number, 1.0))
            for sample in range(samples):
                path = folder / f"video{number}_sample{sample}.npy"
                np.save(path, _blob_clip(number, 0.5 + sample / 10))
    return real, synthetic


@pytest.fixture(scope="session")
def audited_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a prepared dataset of 20 patients with two videos each, and its index.

    ``moves`` is whether a blob moves, which no single frame shows; two videos lack it and one
    patient has both. ``organ`` shows nowhere but in ``probe``. ``severity`` is a clinical column.
    """
    folder = tmp_path_factory.mktemp("audited") / "dataset"
    folder.mkdir()
    sides: dict[str, SplitName] = {}
    rows = []
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIZE, :SIZE]
    with StoreWriter(folder / "store", size=SIZE) as writer:
        for video in range(40):
            patient = video // 2
            moves, organ = patient % 2 == 1, patient % 4 < 2
            if video == 39:
                moves = not moves
            phase = rng.uniform(0, 6) + np.arange(NUM_FRAMES)[:, None, None] * 0.4 * moves
            distance = (y - 32 - 8 * np.sin(phase)) ** 2 + (x - 32 - 8 * np.cos(phase)) ** 2
            frames = (220 * np.exp(-distance / 200)).astype(np.uint8)
            entry = Entry(f"video-{video}.mp4", None, f"patient_id={patient}", "video")
            writer.add(entry, frames, np.arange(NUM_FRAMES) / 12.5)
            sides[entry.item_id] = "test" if patient > 15 else "train"
            rows.append(
                {
                    "item_id": entry.item_id,
                    "label": None,
                    "num_frames": NUM_FRAMES,
                    "frame_rate_hz": 12.5,
                    "duration_s": NUM_FRAMES / 12.5,
                    "first_frame": 0,
                    "source_height": SIZE,
                    "source_width": SIZE,
                    "scan_height": SIZE,
                    "scan_width": SIZE,
                    "pixel_height_mm": None,
                    "pixel_width_mm": None,
                    "warnings": "",
                    "manifest_patient_id": str(patient),
                    "manifest_moves": "" if video in {0, 5} else ("yes" if moves else "no"),
                    "manifest_organ": "liver" if organ else "lung",
                    "manifest_probe": "linear" if organ == (video % 20 != 0) else "convex",
                    "manifest_severity": str(video % 3),
                    "manifest_ward": "A",
                }
            )
    write_split(folder / "split.json", sides, ratios=(0.8, 0.0, 0.2), seed=0)
    pl.DataFrame(rows).write_parquet(folder / "index.parquet")
    return folder


STUDY_VIDEOS = 32
"""Two of each of 16 patients."""


def study_frames(number: int, label: int) -> np.ndarray:
    """Return a blocky texture of its own that wanders if the label is 1, else rests."""
    rng = np.random.default_rng([3, number])
    picture = np.kron(rng.integers(20, 236, (16, 16), dtype=np.uint8), np.ones((4, 4), np.uint8))
    return np.stack([np.roll(picture, 3 * label * frame, 1) for frame in range(16)])


def move_as_asked(
    starts: np.ndarray, labels: Sequence[str | None], samples: Sequence[int], *, seed: int
) -> np.ndarray:
    """Stand in for a perfect generator: "moves" wanders, all else rests."""
    del samples, seed
    return np.stack(
        [
            np.stack([np.roll(still, 3 * (label == "moves") * frame, 1) for frame in range(16)])
            for still, label in zip(starts, labels, strict=True)
        ]
    )


def give_back(
    starts: np.ndarray, labels: Sequence[str | None], samples: Sequence[int], *, seed: int
) -> np.ndarray:
    """Stand in for a perfect stage 1."""
    del labels, samples, seed
    return starts


def stand_in_makers(
    dataset: Path, folder: Path, wanted: Collection[str], options: StudyOptions, console: Console
) -> dict[str, ClipMaker]:
    """Give the stand-in for every generator."""
    del dataset, folder, options, console
    return {name: give_back if name == "decoder" else move_as_asked for name in wanted}


@pytest.fixture(scope="session")
def stand_ins() -> Makers:
    """Give what stands in for generators."""
    return stand_in_makers


def write_study_dataset(folder: Path, videos: int = STUDY_VIDEOS) -> Path:
    """Write videos of two classes, both of them in every patient."""
    folder.mkdir(parents=True)
    sides: dict[str, SplitName] = {}
    with StoreWriter(folder / "store", size=SIZE) as writer:
        for number in range(videos):
            entry = Entry(f"v{number}", ("rests", "moves")[number % 2], f"p{number // 2}", "video")
            writer.add(entry, study_frames(number, number % 2), np.arange(16) * 0.12)
            sides[entry.item_id] = "train"
    labels = [("rests", "moves")[number % 2] for number in range(videos)]
    table = pl.DataFrame({"item_id": list(sides), "label": labels, "kind": ["video"] * videos})
    table.write_parquet(folder / "index.parquet")
    write_split(folder / "split.json", sides, ratios=(1.0, 0.0, 0.0), seed=0)
    return folder


@pytest.fixture(scope="session")
def study_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the dataset of a study: blocks that rest or wander, two videos of each patient."""
    return write_study_dataset(tmp_path_factory.mktemp("study") / "dataset")


@pytest.fixture(scope="session")
def study_data(study_dataset: Path) -> StudyData:
    """Open it; "moves" is negative, "rests" positive."""
    return open_study_data(study_dataset, "label", ())


@pytest.fixture
def study_context(study_data: StudyData, tmp_path: Path) -> StudyContext:
    """Return a study of tiny trainings with stand-ins for generators."""
    options = StudyOptions(
        folds=2, seeds=1, epochs=1, width=4, size=32, windows=1, samples=2, batch_size=4
    )
    divisions = divide(
        study_data.item_ids, study_data.groups, study_data.class_names,
        folds=2, ratios=(0.5,), seed=0,
    )  # fmt: skip
    return StudyContext(
        tmp_path / "study", study_data, study_data.first_frames, "label", (), divisions, options,
        Console(quiet=True), makers=stand_in_makers, device="cpu",
    )  # fmt: skip


@pytest.fixture(scope="session")
def finished_study(
    study_dataset: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, StudyRecord]:
    """Run one fold of a study with every arm, generators stood in for."""
    out = tmp_path_factory.mktemp("finished") / "study"
    options = StudyOptions(
        arms=",".join(EXTRA), folds=2, run_folds=1, seeds=1, epochs=1, width=4, size=32,
        windows=1, samples=1, batch_size=8,
    )  # fmt: skip
    record = study(
        study_dataset, out, options, label="label", console=Console(quiet=True),
        makers=stand_in_makers,
    )  # fmt: skip
    assert record is not None
    return out, record
