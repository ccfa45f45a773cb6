"""All metrics in the order of the table."""

from pathlib import Path

import pytest
import torch

from sonoloop.features.extractor import Precision
from sonoloop.features.i3d import I3dKinetics400
from sonoloop.features.weights import WeightState, verify
from sonoloop.recipes.evaluation.metrics import measure
from sonoloop.recipes.evaluation.options import EvaluateOptions, parse_metrics
from sonoloop.recipes.evaluation.sets import open_sets
from sonoloop.shapes import Clip


def test_bars_end_where_they_said(clip_folders: tuple[Path, Path], tmp_path: Path) -> None:
    """Every clip of every metric is counted once; pairs come last, cases by the first of them."""
    lengths: dict[str, int] = {}
    done: dict[str, int] = {}

    def start(name: str, count: int) -> object:
        lengths[name], done[name] = count, 0

        def advance(number: int) -> None:
            done[name] += number

        return advance

    options = EvaluateOptions()
    sets = open_sets(*clip_folders, options)
    names = parse_metrics("ssim,psnr,motion")
    records, cases = measure(sets, names, tmp_path / "cache", options, start)  # type: ignore[arg-type]
    assert lengths == done
    assert lengths["motion"] == 18
    assert [record.id for record in records[4:]] == ["psnr-db", "ssim", "first-frame-psnr-db"]
    assert {case.metric for case in cases} == {"psnr-db"}


def test_metrics_say_in_which_precision(
    clip_folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I3D computes as asked for, and the id of every metric tells; the resize stays the resize."""

    class Net:
        checksum, num_features = "0" * 64, 2

        def __init__(self, _: Path | None, *, precision: Precision, device: str) -> None:
            self.id = f"net/bilinear-{precision}-{device}/{precision}"

        def __call__(self, clip: Clip) -> torch.Tensor:
            return torch.stack([clip.flatten(1).mean(1), clip.flatten(1).std(1)], 1)

    monkeypatch.setattr(I3dKinetics400, "from_weights", Net)
    options = EvaluateOptions(precision="bf16")
    sets = open_sets(*clip_folders, options)
    records, _ = measure(sets, ("fvd", "kvd"), tmp_path, options, lambda *_: lambda _: None)
    assert [record.id.rpartition("/")[2] for record in records] == ["bf16", "bf16"]
    assert [str(record.resize)[:13] for record in records] == ["bilinear-bf16"] * 2


@pytest.mark.weights
def test_nets_of_kinetics_and_imagenet(clip_folders: tuple[Path, Path], tmp_path: Path) -> None:
    """FVD in two variants, KVD, DIV of both nets, LPIPS of both trunks."""
    assert verify("i3d-kinetics-400") is WeightState.READY
    options = EvaluateOptions(limit=2)
    sets = open_sets(*clip_folders, options)
    names = parse_metrics("fvd,fvd-paper,kvd,div,lpips")
    records, _ = measure(sets, names, tmp_path, options, lambda *_: lambda _: None)
    assert [record.name for record in records] == [
        "FVD",
        "KVD",
        "FVD (paper)",
        "DIV (VGG)",
        "DIV (I3D)",
        "LPIPS (alex)",
        "LPIPS (vgg)",
    ]
