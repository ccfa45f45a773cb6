"""Distances of sets in the features of a net."""

from pathlib import Path

import pytest
import torch

from sonoloop.recipes.evaluate_options import EvaluateOptions
from sonoloop.recipes.evaluation_distances import distance_metrics
from sonoloop.recipes.evaluation_sets import open_sets
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
    """And few clips in many dimensions are warned about."""
    real, _ = clip_folders
    sets = open_sets(real, real, EvaluateOptions())
    (fvd,) = distance_metrics(
        sets, Net(), {"fvd": "FVD"}, tmp_path, EvaluateOptions(), lambda _: None
    )
    assert fvd.values[0].value == pytest.approx(0, abs=1e-6)
    assert any("identical" in warning for warning in fvd.warnings)
