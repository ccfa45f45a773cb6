"""Distances of sets in the features of a net."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sonoloop.evaluation.frechet import frechet_distance_of_features
from sonoloop.features.frame_inception import FrameInception
from sonoloop.recipes.evaluation import distances
from sonoloop.recipes.evaluation.distances import distance_metrics
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.evaluation.sets import open_sets
from sonoloop.shapes import Clip


class Net:
    """Mean, spread and change of a clip."""

    id, checksum, num_features = "net-of-tests", "0" * 64, 3

    def __call__(self, clip: Clip) -> torch.Tensor:
        """Return three numbers a clip."""
        flat = clip.flatten(1)
        return torch.stack(
            [flat.mean(1), flat.std(1), clip.diff(dim=2).abs().flatten(1).mean(1)], 1
        )


def test_every_set_is_compared_with_the_real_one(
    clip_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    """Synthetic clips move half as much: nearer than a still repeated; intervals hold the value."""
    sets = open_sets(*clip_folders, EvaluateOptions())
    done: list[int] = []
    fvd, kvd = distance_metrics(
        sets, Net(), {"fvd": "FVD", "kvd": "KVD"}, tmp_path, EvaluateOptions(), done.append
    )
    assert sum(done) == 18
    assert fvd.id == "fvd-net-of-tests"
    assert fvd.net_sha256 == Net.checksum
    assert kvd.name == "KVD"
    values = {value.role: value for value in fvd.values}
    assert 0 < values["synthetic"].value < values["still-repeated"].value
    for value in fvd.values:
        assert value.num_clips == value.num_reference_clips == 6
        assert value.low is not None
        assert value.high is not None
        assert value.low <= value.value <= value.high


def test_identical_sets_score_zero_with_a_note(
    clip_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    """KVD too, whose estimate of independent sets would be below 0."""
    real, _ = clip_folders
    sets = open_sets(real, real, EvaluateOptions())
    fvd, kvd = distance_metrics(
        sets, Net(), {"fvd": "FVD", "kvd": "KVD"}, tmp_path, EvaluateOptions(), lambda _: None
    )
    for record in (fvd, kvd):
        assert record.values[0].value == 0
        assert any("pixel for pixel" in warning for warning in record.warnings)


def test_nearly_identical_sets_are_noted(clip_folders: tuple[Path, Path], tmp_path: Path) -> None:
    """The net sees no difference where pixels have one: here it only sees the first frame."""

    class Blind(Net):
        def __call__(self, clip: Clip) -> torch.Tensor:
            return super().__call__(clip[:, :, :2])

    real, _ = clip_folders
    other = real.with_name("other")
    other.mkdir()
    for path in real.iterdir():
        frames = np.load(path)
        frames[5] = 0
        np.save(other / path.name, frames)
    sets = open_sets(real, other, EvaluateOptions())
    (fvd,) = distance_metrics(
        sets, Blind(), {"fvd": "FVD"}, tmp_path, EvaluateOptions(), lambda _: None
    )
    assert fvd.values[0].value == pytest.approx(0, abs=1e-6)
    assert any("identical to the real ones for this net" in w for w in fvd.warnings)


def test_large_sets_have_a_kvd_without_interval(
    clip_folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks instead of all pairs, and a warning."""
    monkeypatch.setattr(distances, "MAX_ROWS", 5)
    sets = open_sets(*clip_folders, EvaluateOptions())
    (kvd,) = distance_metrics(
        sets, Net(), {"kvd": "KVD"}, tmp_path, EvaluateOptions(), lambda _: None
    )
    assert kvd.values[0].low is None
    assert kvd.values[0].value < next(v.value for v in kvd.values if v.role == "still-repeated")
    assert any("too many for draws" in warning for warning in kvd.warnings)


class FrameNet(FrameInception):
    """Mean and spread of every frame, in the place of the Inception."""

    id, num_features = "frame-net/of-tests", 2

    def __init__(self) -> None:
        """Need no weights."""
        self.checksum = "0" * 64

    def __call__(self, clip: Clip) -> torch.Tensor:
        """Return two numbers a frame."""
        frames = clip.transpose(1, 2).flatten(2)
        return torch.stack([frames.mean(2), frames.std(2)], 2)


def test_fid_pools_the_frames_of_drawn_clips(
    clip_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    """Frame 0, which was given, only in paper mode; the value is that of all frames by hand."""
    sets = open_sets(*clip_folders, EvaluateOptions())
    for options, start in ((EvaluateOptions(), 1), (EvaluateOptions(paper=True), 0)):
        (fid,) = distance_metrics(
            sets, FrameNet(), {"fid": "FID"}, tmp_path, options, lambda _: None
        )
        frames = [
            torch.cat([FrameNet()(source.clip())[0, start:] for source in clips.sources])
            for clips in (sets.real, sets.roles["synthetic"])
        ]
        synthetic = next(value for value in fid.values if value.role == "synthetic")
        assert synthetic.value == pytest.approx(frechet_distance_of_features(*frames), rel=1e-6)
        assert synthetic.low is not None
        assert fid.id == "fid-frame-net/of-tests"
        assert fid.frames == ("all" if options.paper else "from 1")
