"""Which metrics can be computed."""

from pathlib import Path

import pytest
import torch

from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.recipes.evaluation.choice import choose_metrics, leave_out_unfit
from sonoloop.recipes.evaluation.options import EvaluateOptions


def test_metrics_without_weights_are_left_out_or_refused(tmp_path: Path) -> None:
    """By default a note says how to get the net; asked for, it is an error."""
    names, notes = choose_metrics(EvaluateOptions(weights_dir=tmp_path))
    assert names == ("psnr", "ssim", "motion", "privacy")
    assert any("fvd was left out" in note and "sonoloop weights fetch" in note for note in notes)
    assert any("fid was left out" in note and "pt_inception-2015" in note for note in notes)
    with pytest.raises(UsageError, match=r"fvd cannot be computed: .*weights fetch i3d"):
        choose_metrics(EvaluateOptions(metrics="fvd", weights_dir=tmp_path))
    with pytest.raises(UsageError, match=r"dtfvd cannot be computed: .*may not be passed on"):
        choose_metrics(EvaluateOptions(metrics="dtfvd"))
    with pytest.raises(UsageError, match=r"fid cannot be computed: .*--inception-weights"):
        choose_metrics(EvaluateOptions(metrics="fid"))


def test_damaged_weights_are_never_left_out(tmp_path: Path) -> None:
    """Unless no metric needs them."""
    (tmp_path / "lpips-vgg.safetensors").write_bytes(b"damaged")
    with pytest.raises(UsageError, match=r"lpips-vgg are damaged .*wrong SHA-256"):
        choose_metrics(EvaluateOptions(weights_dir=tmp_path))
    names, _ = choose_metrics(EvaluateOptions(metrics="psnr", weights_dir=tmp_path))
    assert names == ("psnr",)


def test_the_users_files_are_checked_first(tmp_path: Path) -> None:
    """Another net is refused before anything is measured."""
    torch.save({"state_dict": {"fc": torch.ones(1)}}, tmp_path / "net.pth")
    with pytest.raises(UnreadableFileError, match="so it is another net; DTFVD needs"):
        choose_metrics(EvaluateOptions(metrics="dtfvd", dtfvd_weights=tmp_path / "net.pth"))
    with pytest.raises(UnreadableFileError, match="so it is another net; FID needs"):
        choose_metrics(EvaluateOptions(metrics="fid", inception_weights=tmp_path / "net.pth"))


def test_clips_may_be_too_short_or_small() -> None:
    """I3D needs 9 frames, motion 3, SSIM 11 pixels, AlexNet 31."""
    options = EvaluateOptions()
    kept, notes = leave_out_unfit(("fvd", "psnr", "motion"), (8, 64, 64), options)
    assert kept == ("psnr", "motion")
    assert notes == ["fvd was left out: clips have 8 frames, it needs 9"]
    kept, _ = leave_out_unfit(("motion", "psnr"), (2, 64, 64), options)
    assert kept == ("psnr",)
    kept, _ = leave_out_unfit(("lpips", "ssim", "psnr"), (16, 64, 10), options)
    assert kept == ("psnr",)
    kept, _ = leave_out_unfit(("fvd", "lpips", "ssim"), (9, 31, 31), options)
    assert kept == ("fvd", "lpips", "ssim")
    asked = EvaluateOptions(metrics="lpips")
    with pytest.raises(UsageError, match="clips have 30 x 64 pixels, it needs 31 each way"):
        leave_out_unfit(("lpips",), (16, 64, 30), asked)
