"""``data prepare`` from files to a dataset that training opens."""

from pathlib import Path

import numpy as np
from PIL import Image

from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.data.phantom import phantom_clip
from sonoloop.recipes.prepare import PrepareOptions, prepare

OPTIONS = PrepareOptions(size=64, split="0.5,0.25,0.25", workers=1)


def write_frames(folder: Path, seed: int, num_frames: int = 20) -> None:
    """Write a phantom as a folder of numbered frames."""
    folder.mkdir(parents=True)
    frames = phantom_clip(np.random.default_rng(seed), size=64, num_frames=num_frames)
    for frame_index, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{frame_index}.png")


def make_input(root: Path) -> Path:
    """Two classes, two patients each, two videos per patient."""
    for number in range(8):
        label = "ab"[number // 4]
        write_frames(root / label / f"patient{number // 2}" / f"video{number}", seed=number)
    return root


def test_class_folders_become_a_dataset(tmp_path: Path) -> None:
    """Videos keep their labels, and patients stay on one side."""
    dataset = tmp_path / "dataset"
    result = prepare([make_input(tmp_path / "input")], dataset, OPTIONS)
    assert (result.num_items, result.num_failures, result.num_dropped) == (8, 0, 0)
    clips = ClipSet.open(dataset, None, ClipConfig(size=64))
    assert clips.item_ids[0] == "a/patient0/video0"
    assert clips.labels == ["a"] * 4 + ["b"] * 4
    assert len(set(clips.group_ids)) == 4
    assert clips.clip(0).shape == (16, 64, 64)
    assert not (dataset / ".partial").exists()
