"""Metrics of clips beside their real ones."""

from pathlib import Path

import pytest
import torch

from sonoloop.evaluation.reconstruction import psnr
from sonoloop.features.perceptual import Lpips, Trunk
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.evaluation.pairs import (
    PairedMetric,
    lpips_metric,
    paired_metrics,
    pixel_metrics,
)
from sonoloop.recipes.evaluation.sets import EvaluationSets, open_sets
from sonoloop.report.records import MetricRecord


@pytest.fixture
def sets(clip_folders: tuple[Path, Path]) -> EvaluationSets:
    """Open six pairs with two samples each."""
    return open_sets(*clip_folders, EvaluateOptions())


def measured(
    sets: EvaluationSets, metrics: list[PairedMetric], cache: Path
) -> tuple[list[MetricRecord], dict[str, list[float]]]:
    """Measure without bars."""
    return paired_metrics(sets, metrics, cache, EvaluateOptions(), lambda *_: lambda _: None)


def values(record: MetricRecord) -> dict[str, float]:
    """Read a record's values by role."""
    return {value.role: value.value for value in record.values}


def test_pixel_metrics_are_means_over_pairs(sets: EvaluationSets, tmp_path: Path) -> None:
    """PSNR by hand over frames 1 to 15; frame 0 is the still itself."""
    metrics = pixel_metrics(EvaluateOptions(), ["psnr", "ssim", "motion"])
    records, by_metric = measured(sets, metrics, tmp_path / "cache")
    expected = [
        float(psnr(made.clip(), real.clip())[:, 1:].mean())
        for made, real in zip(sets.roles["synthetic"].sources, sets.real.sources, strict=True)
    ]
    assert by_metric["psnr-db"] == pytest.approx(expected)
    assert values(records[0])["synthetic"] == pytest.approx(sum(expected) / 6)
    assert values(records[0])["synthetic"] > values(records[0])["still-repeated"]
    first_frame = values(records[2])
    assert first_frame["synthetic"] == first_frame["still-repeated"]
    assert first_frame["synthetic"] > 58  # equal to the last of 256 levels, which is the most
    assert records[0].values[0].low is not None


def test_paper_mode_measures_frame_0_too(sets: EvaluationSets, tmp_path: Path) -> None:
    """The given frame is perfect, so the mean rises."""
    scores = []
    for options in (EvaluateOptions(), EvaluateOptions(paper=True)):
        (record,), _ = measured(sets, pixel_metrics(options, ["ssim"]), tmp_path / "cache")
        scores.append(values(record)["synthetic"])
    assert scores[1] > scores[0]


def test_perceptual_metrics_take_a_net(sets: EvaluationSets) -> None:
    """With random weights: LPIPS of a clip with itself is 0, of a still it is not."""
    torch.manual_seed(0)
    net = Lpips(Trunk("vgg"), checksum="0" * 64)
    for head in net.heads:
        torch.nn.init.constant_(head, 1.0)
    metric = lpips_metric(net, EvaluateOptions())
    clip = sets.real.sources[0].clip()[:, :, :4]
    still = sets.roles["still-repeated"].sources[0].clip()[:, :, :4]
    assert metric(clip, clip).flatten().tolist() == pytest.approx([0] * 4, abs=1e-6)
    values = metric(still, clip)[0]
    assert values[0] == pytest.approx(0, abs=1e-6)
    assert values[1:].min() > 1e-4
    assert (metric.checksum, metric.frames) == ("0" * 64, slice(1, None))
