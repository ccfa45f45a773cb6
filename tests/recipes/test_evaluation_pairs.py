"""Metrics of clips beside their real ones, and of motion."""

from pathlib import Path

import pytest
import torch

from sonoloop.evaluation.reconstruction import psnr
from sonoloop.features.perceptual import Lpips, Trunk
from sonoloop.recipes.evaluate_options import EvaluateOptions
from sonoloop.recipes.evaluation_pairs import (
    diversity_metric,
    lpips_metric,
    motion_metrics,
    paired_metrics,
    pixel_metrics,
)
from sonoloop.recipes.evaluation_sets import EvaluationSets, open_sets
from sonoloop.report.records import MetricRecord


@pytest.fixture
def sets(clip_folders: tuple[Path, Path]) -> EvaluationSets:
    """Open six pairs with two samples each."""
    return open_sets(*clip_folders, EvaluateOptions())


def values(record: MetricRecord) -> dict[str, float]:
    """Read a record's values by role."""
    return {value.role: value.value for value in record.values}


def test_pixel_metrics_are_means_over_pairs(sets: EvaluationSets) -> None:
    """PSNR by hand over frames 1 to 15; frame 0 is the still itself."""
    metrics = pixel_metrics(EvaluateOptions(), ["psnr", "ssim", "motion"])
    records, by_metric = paired_metrics(sets, metrics, EvaluateOptions(), lambda _: None)
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


def test_paper_mode_measures_frame_0_too(sets: EvaluationSets) -> None:
    """The given frame is perfect, so the mean rises."""
    scores = []
    for options in (EvaluateOptions(), EvaluateOptions(paper=True)):
        (record,), _ = paired_metrics(
            sets, pixel_metrics(options, ["ssim"]), options, lambda _: None
        )
        scores.append(values(record)["synthetic"])
    assert scores[1] > scores[0]


def test_motion_tells_half_the_speed_and_none(sets: EvaluationSets) -> None:
    """Temporal energy of a blob at half the speed is about half; of a still it is 0."""
    energy, flow, *_ = motion_metrics(sets, EvaluateOptions(), lambda _: None)
    assert values(energy)["synthetic"] == pytest.approx(0.5, abs=0.1)
    assert values(energy)["still-repeated"] == 0
    assert values(flow)["synthetic"] < values(flow)["still-repeated"]


def test_perceptual_metrics_take_a_net(sets: EvaluationSets) -> None:
    """With random weights: LPIPS of a clip with itself is 0, samples that differ have a DIV."""
    torch.manual_seed(0)
    net = Lpips(Trunk("vgg"), checksum="0" * 64)
    for head in net.heads:
        torch.nn.init.constant_(head, 1.0)
    small = open_sets(sets.real.path, sets.synthetic.path, EvaluateOptions(limit=2))
    metric = lpips_metric(net, EvaluateOptions())
    clip = small.real.sources[0].clip()
    assert metric.measure(clip, clip) == pytest.approx(0, abs=1e-6)
    assert metric.measure(small.roles["still-repeated"].sources[0].clip(), clip) > 1e-4
    record = diversity_metric(small, net, EvaluateOptions(), lambda _: None)
    assert record is not None
    assert record.values[0].value > 0
    assert record.values[0].low is None  # two patients give no interval
    alone = EvaluationSets(small.real, small.roles, small.paired, (), small.synthetic, None, ())
    assert diversity_metric(alone, net, EvaluateOptions(), lambda _: None) is None
