"""DIV in maps and in features, against sums over pairs written out."""

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch

from sonoloop.features.perceptual import Lpips, Trunk, diversity_taps
from sonoloop.recipes.evaluation.diversity import (
    TEXTURE_SCALE,
    diversity_in_features,
    diversity_in_maps,
)
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.evaluation.sets import EvaluationSets, open_sets
from sonoloop.shapes import Clip


class Net:
    """Mean, spread and change of a clip."""

    id, checksum, num_features = "net/of-tests", "0" * 64, 3

    def __call__(self, clip: Clip) -> torch.Tensor:
        """Return three numbers a clip."""
        flat = clip.flatten(1)
        return torch.stack(
            [flat.mean(1), flat.std(1), clip.diff(dim=2).abs().flatten(1).mean(1)], 1
        )


@pytest.fixture
def sets(clip_folders: tuple[Path, Path]) -> EvaluationSets:
    """Open two stills with three samples each."""
    real, synthetic = clip_folders
    for number in (0, 1):
        frames = np.load(synthetic / f"video{number}_sample0.npy")
        np.save(synthetic / f"video{number}_sample2.npy", frames // 2)
    return open_sets(real, synthetic, EvaluateOptions(limit=2))


def test_features_are_compared_over_ordered_pairs(sets: EvaluationSets, tmp_path: Path) -> None:
    """Mean over i != j of the mean squared difference, and the factor of dynamic textures."""
    options = EvaluateOptions()
    record = diversity_in_features(sets, Net(), "DIV (x)", tmp_path, options, lambda _: None)
    assert record is not None
    expected = []
    for samples in sets.samples:
        assert len(samples) == 3
        features = [Net()(sample.clip())[0] for sample in samples]
        pairs = [float((a - b).square().mean()) for a, b in permutations(features, 2)]
        expected.append(sum(pairs) / len(pairs))
    assert record.values[0].value == pytest.approx(sum(expected) / 2, rel=1e-5)
    assert record.id == "div-net/of-tests"
    assert record.resize == "of-tests"
    assert record.warnings == ("from 3 samples a still, the published protocol has 5",)
    scaled = diversity_in_features(
        sets, Net(), "DIV (x)", tmp_path, options, lambda _: None, scale=TEXTURE_SCALE
    )
    assert scaled is not None
    assert scaled.values[0].value == pytest.approx(1000 * record.values[0].value)


def test_maps_are_compared_frame_by_frame(sets: EvaluationSets, tmp_path: Path) -> None:
    """With random weights: the same as all maps of all frames at once, mean over five levels."""
    torch.manual_seed(0)
    net = Lpips(Trunk("vgg"), checksum="0" * 64).requires_grad_(requires_grad=False)
    frames = [sample.read()[:2] for sample in sets.samples[0]]
    samples = tuple(
        replace(sample, read=lambda two=two: two)
        for sample, two in zip(sets.samples[0], frames, strict=True)
    )
    short = replace(sets, samples=(samples,))
    record = diversity_in_maps(short, net, tmp_path, EvaluateOptions(), lambda _: None)
    assert record is not None
    levels = []
    maps = [
        [level.flatten() for level in diversity_taps(sample.clip()[0].transpose(0, 1), net.trunk)]
        for sample in short.samples[0]
    ]
    for level in range(5):
        pairs = [(a[level] - b[level]).square().mean() for a, b in permutations(maps, 2)]
        levels.append(float(torch.stack(pairs).mean()))
    assert record.values[0].value == pytest.approx(sum(levels) / 5, rel=1e-4)
    assert record.values[0].low is None  # one patient gives no interval


def test_one_sample_has_no_diversity(clip_folders: tuple[Path, Path], tmp_path: Path) -> None:
    """None is returned, nothing measured."""
    real, _ = clip_folders
    alone = open_sets(real, real, EvaluateOptions())
    net = Lpips(Trunk("vgg"), checksum="0" * 64)
    options = EvaluateOptions()
    assert diversity_in_maps(alone, net, tmp_path, options, lambda _: None) is None
    assert diversity_in_features(alone, Net(), "x", tmp_path, options, lambda _: None) is None
