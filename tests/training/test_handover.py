"""Averaged weights travel in fp16."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from sonoloop.errors import UsageError
from sonoloop.training.handover import HANDOVER_FILE, read_handover, write_handover


class Small(nn.Module):
    """A weight of ordinary size, one beyond fp16, and a counter."""

    def __init__(self) -> None:
        """Fill them."""
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.1, -3.0]))
        self.large = nn.Parameter(torch.tensor([1e6]))
        self.register_buffer("count", torch.tensor(7))


def test_weights_come_back_to_three_digits(tmp_path: Path) -> None:
    """In half the bytes; what fp16 cannot hold stays as it is, a counter too."""
    path = tmp_path / HANDOVER_FILE
    write_handover(path, "diffusion", Small(), 12)
    tensors = read_handover(path, "diffusion")
    assert tensors["weight"].dtype == torch.float16
    torch.testing.assert_close(tensors["weight"].float(), Small().weight.data, rtol=1e-3, atol=0)
    assert torch.equal(tensors["large"], Small().large)
    assert torch.equal(tensors["count"], torch.tensor(7))


def test_weights_of_another_stage_are_refused(tmp_path: Path) -> None:
    """Both stages are named; a file of no stage as well."""
    path = tmp_path / HANDOVER_FILE
    write_handover(path, "diffusion", Small(), 12)
    with pytest.raises(UsageError, match="holds weights of 'diffusion', not of 'autoencoder'"):
        read_handover(path, "autoencoder")
    save_file({"weight": torch.ones(1)}, path)
    with pytest.raises(UsageError, match="holds weights of None, not of 'autoencoder'"):
        read_handover(path, "autoencoder")


@pytest.mark.parametrize("kept", [0, 5, -1])
def test_a_damaged_file_is_refused(tmp_path: Path, kept: int) -> None:
    """Empty or cut."""
    path = tmp_path / HANDOVER_FILE
    write_handover(path, "diffusion", Small(), 12)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UsageError, match=r"is no readable safetensors file \(.*copy handover"):
        read_handover(path, "diffusion")
