"""The net of FVD: its id, what it refuses, and the published values."""

import math
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from sonoloop.errors import UsageError
from sonoloop.features.i3d import I3dKinetics400
from sonoloop.features.inflated_inception import InflatedInception, load_inception
from sonoloop.features.weight_sources import SOURCES

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import ReferenceI3d
    from sonoloop.features.extractor import FeatureExtractor

TOLERANCE = 1e-4
"""Relative; the specification asks for 1e-3."""


@pytest.fixture
def net(reference_kinetics: "ReferenceI3d") -> InflatedInception:
    """Build a net of random weights."""
    return load_inception(reference_kinetics.units, num_classes=400, eps=1e-3)


def noise(num_frames: int, size: int, *, channels: int = 3, seed: int = 0) -> Tensor:
    """Make a random clip."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, channels, num_frames, size, size, generator=generator) * 2 - 1


def test_features_are_logits_of_the_resized_clip(net: InflatedInception) -> None:
    """In float32, without gradients, one row per clip."""
    extractor: FeatureExtractor = I3dKinetics400(net, checksum="abc")
    clip = torch.cat([noise(9, 64), noise(9, 64, seed=1)])
    features = extractor(clip)
    assert features.shape == (2, extractor.num_features)
    assert not features.requires_grad
    frames = [
        torch.nn.functional.interpolate(c.transpose(0, 1), 224, mode="bilinear") for c in clip
    ]
    for row, frame in zip(features, frames, strict=True):
        expected = net(frame.transpose(0, 1)[None])
        torch.testing.assert_close(row[None], expected, rtol=0, atol=1e-4 * float(expected.std()))


def test_grey_gives_what_its_rgb_gives(net: InflatedInception) -> None:
    """To rounding."""
    extractor = I3dKinetics400(net, checksum="abc")
    grey = noise(9, 64, channels=1)
    features = extractor(grey)
    scale = float(features.std())
    rgb = extractor(grey.repeat(1, 3, 1, 1, 1))
    torch.testing.assert_close(features, rgb, rtol=0, atol=1e-4 * scale)


def test_the_id_names_all_that_changes_the_numbers(net: InflatedInception) -> None:
    """Resize and precision too."""
    assert I3dKinetics400(net, checksum="").id == "i3d-kinetics-400-logits/bilinear-224"
    paper = I3dKinetics400(net, checksum="", resize="bilinear-tf1", precision="tf32")
    assert paper.id == "i3d-kinetics-400-logits/bilinear-tf1-224/tf32"


def test_resizes_give_other_features(net: InflatedInception) -> None:
    """So they may not be mixed."""
    clip = noise(9, 32)
    ours = I3dKinetics400(net, checksum="")(clip)
    paper = I3dKinetics400(net, checksum="", resize="bilinear-tf1")(clip)
    assert float((ours - paper).norm() / ours.norm()) > 1e-3


def test_bfloat16_is_close_and_says_so(net: InflatedInception) -> None:
    """Not exact: a few hundredths of the features' spread."""
    clip = noise(9, 64)
    exact = I3dKinetics400(net, checksum="")(clip)
    half = I3dKinetics400(net, checksum="", precision="bf16")
    assert half.id.endswith("/bf16")
    features = half(clip)
    assert features.dtype == torch.float32
    assert float((features - exact).std() / exact.std()) < 0.1


@pytest.mark.parametrize(
    ("clip", "sentence"),
    [
        (torch.zeros(1, 3, 8, 32, 32), "8 frames .* at least 9"),
        (torch.zeros(1, 2, 16, 32, 32), "2 channels"),
        (torch.full((1, 1, 16, 32, 32), 128.0), r"in \[128, 128\]"),
    ],
)
def test_clips_that_do_not_fit_are_refused(
    net: InflatedInception, clip: Tensor, sentence: str
) -> None:
    """Rather than misread."""
    with pytest.raises(UsageError, match=sentence):
        I3dKinetics400(net, checksum="")(clip)


def test_without_weights_the_command_is_named(tmp_path: "Path") -> None:
    """Nothing is fetched unasked."""
    with pytest.raises(UsageError, match="sonoloop weights fetch i3d-kinetics-400 --weights-dir"):
        I3dKinetics400.from_weights(tmp_path)


# Published values, of the net that TF-Hub serves. Sources: docs/metrics.md, Feature nets.


@pytest.fixture(scope="module")
def published() -> I3dKinetics400:
    """Load the fetched weights."""
    extractor = I3dKinetics400.from_weights()
    assert extractor.checksum == SOURCES["i3d-kinetics-400"].content_sha256
    return extractor


def wave() -> Tensor:
    """Make a clip that sees swapped axes, 16 frames of 224 x 224, RGB."""
    t, y, x, c = torch.meshgrid(*map(torch.arange, (16.0, 224.0, 224.0, 3.0)), indexing="ij")
    v = 0.5 * torch.sin(2 * math.pi * (3 * x / 224 + y / 224 + 2 * t / 16 + c / 3))
    v = v + 0.4 * torch.sin(2 * math.pi * (5 * x * y / 224**2 - t / 16))
    return v.permute(3, 0, 1, 2)[None].contiguous()


def squared_distance(features: Tensor, others: Tensor) -> float:
    """Compute |a - b|^2 in float64."""
    return float((features.double() - others.double()).square().sum())


@pytest.mark.weights
@pytest.mark.parametrize(
    ("num_frames", "expected"),
    [(15, 133.90846), (16, 152.90184), (24, 66.29170), (30, 151.39247)],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_black_against_white_is_as_published(
    published: I3dKinetics400, num_frames: int, expected: float, channels: int
) -> None:
    """The self-test of FVD implementations: constant clips of 64 x 64 (TF-Hub, T=30: 151.39244)."""
    white = torch.ones(1, channels, num_frames, 64, 64)
    distance = squared_distance(published(-white), published(white))
    assert distance == pytest.approx(expected, rel=TOLERANCE)


@pytest.mark.weights
def test_the_wave_is_as_published(published: I3dKinetics400) -> None:
    """Swapped axes, channels or time change these."""
    clip = wave()
    logits = published(clip)
    assert float(logits.double().square().sum()) == pytest.approx(8735.18, rel=TOLERANCE)
    assert int(logits.argmax()) == 327
    assert logits[0, :4].tolist() == pytest.approx([1.26658, 4.62224, 6.56824, 3.81935], rel=1e-4)
    for other, expected in (
        (clip.flip(2), 1328.73),
        (clip.transpose(3, 4), 1622.21),
        (clip.flip(1), 1403.00),
    ):
        assert squared_distance(published(other), logits) == pytest.approx(expected, rel=TOLERANCE)
