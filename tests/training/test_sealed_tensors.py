"""Tensors with their checksum in one file."""

import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError
from safetensors.torch import save_file

from sonoloop.training.handover import HANDOVER_FILE, read_handover, write_handover
from sonoloop.training.sealed_tensors import CHECKSUM, seal, unseal

Flipped = Callable[[Path, int], AbstractContextManager[None]]
TENSORS = {
    "half": torch.arange(6, dtype=torch.bfloat16).reshape(2, 3),
    "count": torch.tensor(7),
    "across": torch.arange(6.0).reshape(2, 3).T,
    "none": torch.empty(0, 4),
}


def test_tensors_and_metadata_come_back(tmp_path: Path) -> None:
    """Of any type, shape and layout; the checksum is not among the metadata."""
    path = tmp_path / "sealed.safetensors"
    path.write_bytes(seal(TENSORS, {"key": "value"}))
    tensors, metadata = unseal(path)
    assert metadata == {"key": "value"}
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert torch.equal(tensors[name], tensor)
        assert tensors[name].dtype == tensor.dtype


def test_the_bytes_are_the_same_in_every_process() -> None:
    """The library's own order of metadata is not."""
    program = (
        "import sys, torch; from sonoloop.training.sealed_tensors import seal\n"
        "metadata = dict.fromkeys('edcba', 'value')\n"
        "sys.stdout.buffer.write(seal({'ones': torch.ones(3)}, metadata))"
    )
    command = [sys.executable, "-c", program]
    there = subprocess.run(command, check=True, capture_output=True).stdout
    here = seal({"ones": torch.ones(3)}, dict.fromkeys("edcba", "value"))
    assert there == here
    assert re.findall(rb'"([a-e])":"value"', here) == [b"a", b"b", b"c", b"d", b"e"]


def test_files_without_a_checksum_are_read(tmp_path: Path) -> None:
    """Older versions wrote them."""
    path = tmp_path / "plain.safetensors"
    save_file({"a": torch.ones(2)}, path, metadata={"key": "value"})
    assert unseal(path)[1] == {"key": "value"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bit=st.integers(0, 8 * 600))
def test_any_flipped_bit_is_found(tmp_path: Path, flipped: Flipped, bit: int) -> None:
    """Unless it is in the name of the checksum, which then is a word that nobody knows."""
    path = tmp_path / "sealed.safetensors"
    path.write_bytes(seal(TENSORS, {"key": "value"}))
    assert path.stat().st_size < 600
    with flipped(path, bit):
        try:
            _, metadata = unseal(path)
        except (SafetensorError, ValueError):
            return
    [unknown] = metadata.keys() - {"key"}
    assert unknown != CHECKSUM
    assert len(metadata[unknown]) == 64


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bit=st.integers(0, 8 * 300))
def test_any_flipped_bit_of_a_handover_is_found(tmp_path: Path, flipped: Flipped, bit: int) -> None:
    """Also in that name; the sentence names the file."""
    path = tmp_path / HANDOVER_FILE
    write_handover(path, "diffusion", torch.nn.Linear(3, 2), 12)
    read_handover(path, "diffusion")
    with flipped(path, bit), pytest.raises(Exception, match=str(path)) as raised:
        read_handover(path, "diffusion")
    assert type(raised.value).__name__ == "UsageError"


def test_the_name_of_the_checksum_counts(tmp_path: Path, flipped: Flipped) -> None:
    """Without it nothing would be compared."""
    path = tmp_path / "sealed.safetensors"
    path.write_bytes(seal({"a": torch.ones(2)}, {"key": "0" * 64}))
    place = path.read_bytes().index(CHECKSUM.encode())
    for bit in range(8 * (place - 1), 8 * (place + len(CHECKSUM) + 1)):
        with flipped(path, bit), pytest.raises((SafetensorError, ValueError)):
            unseal(path)
