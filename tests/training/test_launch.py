"""Lightning Fabric starts with what the config says."""

import pytest
import torch
from lightning_fabric.plugins import Precision
from torch import nn

from sonoloop.training.config import TrainingConfig
from sonoloop.training.launch import launch_fabric


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
