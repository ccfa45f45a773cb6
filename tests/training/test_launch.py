"""Lightning Fabric starts with what the config says."""

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
import torch
from lightning_fabric.plugins import Precision
from safetensors.torch import load_file
from torch import nn

from sonoloop.training.config import TrainingConfig
from sonoloop.training.launch import fabric_on, launch_fabric
from sonoloop.training.log import read_lines


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_precision_is_the_config_s(precision: str) -> None:
    """A layer multiplies in the format asked for and gives float32 back."""
    fabric = launch_fabric(TrainingConfig.model_validate({"precision": precision}))
    layer = fabric.setup(nn.Linear(2, 2))
    with fabric.autocast():
        inner = nn.functional.linear(torch.ones(1, 2, device=fabric.device), layer.weight)
    expected = torch.bfloat16 if precision == "bf16-mixed" else torch.float32
    assert inner.dtype == expected
    assert layer(torch.ones(1, 2, device=fabric.device)).dtype == torch.float32
    assert isinstance(fabric.strategy.precision, Precision)


def test_one_process_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    """And no announcements."""
    fabric = launch_fabric(TrainingConfig(precision="bf16-mixed"))
    assert (fabric.world_size, fabric.global_rank) == (1, 0)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_one_device_whatever_torchrun_says(
    precision: Literal["32-true", "bf16-mixed"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell of a study is one process, also inside a job of several."""
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    fabric = fabric_on("cpu", precision)
    assert (fabric.world_size, fabric.device.type) == (1, "cpu")
    with fabric.autocast():
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.bfloat16 if precision == "bf16-mixed" else torch.float32)


def test_two_processes_train_like_one(tmp_path: Path) -> None:
    """Under torchrun with gloo, losses and weights equal those of one process, to rounding."""
    program = Path(__file__).with_name("shared_training.py")
    runpy.run_path(str(program))["train"](tmp_path / "one")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*launcher, "--nproc-per-node", "2", str(program), str(tmp_path / "two")]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    one, two = (read_lines(tmp_path / name / "log.jsonl") for name in ("one", "two"))
    assert [line["step"] for line in one] == [line["step"] for line in two] == [1, 2, 3, 4, 5, 6]
    for line, other in zip(one, two, strict=True):
        assert line["losses"] == pytest.approx(other["losses"], rel=1e-5)
    weights = [
        load_file(tmp_path / name / "checkpoints" / "step-00000006" / "ema.safetensors")
        for name in ("one", "two")
    ]
    torch.testing.assert_close(*weights, rtol=1e-5, atol=1e-7)
