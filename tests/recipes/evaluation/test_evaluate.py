"""The whole evaluation, without weights and with them."""

from pathlib import Path

import pytest
from rich.console import Console

from sonoloop.features.weights import WeightState, verify
from sonoloop.recipes.evaluation.evaluate import evaluate
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.report.records import read_record

QUIET = Console(quiet=True)


def test_record_holds_what_was_found(clip_folders: tuple[Path, Path], tmp_path: Path) -> None:
    """Metrics with references, cases, loops, settings; a corrupt clip is named, not skipped."""
    real, synthetic = clip_folders
    (synthetic / "broken.mp4").write_bytes(b"no video")
    out = tmp_path / "out"
    options = EvaluateOptions(weights_dir=tmp_path / "none", title="half speed")
    record = evaluate(real, synthetic, out, options, console=QUIET)
    assert read_record(out) == record
    assert record.title == "half speed"
    assert record.synthetic.num_clips == 12
    assert [name for name, _ in record.synthetic.failures] == ["broken.mp4"]
    metrics = {metric.id: metric for metric in record.metrics}
    assert {"psnr-db", "ssim", "first-frame-psnr-db", "motion-energy-ratio"} <= metrics.keys()
    assert {value.role for value in metrics["ssim"].values} == {"synthetic", "still-repeated"}
    assert record.privacy is None
    assert any("name the training clips with --train" in note for note in record.notes)
    assert record.cases[0].metric == "psnr-db"
    assert all((out / name).is_file() for loop in record.loops for name in loop.synthetic)
    assert record.settings["metrics"] == "psnr,ssim,motion,privacy"


@pytest.mark.weights
def test_every_metric_is_computed_with_weights(
    clip_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    """FVD, KVD, LPIPS and DIV too; the second run takes features from the cache."""
    assert verify("i3d-kinetics-400") is WeightState.READY
    options = EvaluateOptions(limit=4)
    record = evaluate(*clip_folders, tmp_path / "out", options, console=QUIET)
    names = {metric.name for metric in record.metrics}
    assert {
        "FVD",
        "FVD (paper)",
        "KVD",
        "LPIPS (alex)",
        "LPIPS (vgg)",
        "DIV (VGG)",
        "DIV (I3D)",
    } <= names
    again = evaluate(*clip_folders, tmp_path / "out", options, console=QUIET)
    assert again.metrics == record.metrics
