"""Checkpoints are whole or not there."""

import errno
import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonoloop.checksums import SUMS_FILE
from sonoloop.errors import SonoloopError, UsageError
from sonoloop.training import checkpoint as module
from sonoloop.training.checkpoint import (
    Checkpoint,
    clear_checkpoints,
    latest_checkpoint,
    load_checkpoint,
    save_checkpoint,
)

FILES = ("model.safetensors", "ema.safetensors", "optimizer.safetensors", "state.json", SUMS_FILE)
Flipped = Callable[[Path, int], AbstractContextManager[None]]


def checkpoint(step: int) -> Checkpoint:
    """Make a checkpoint with one kernel in another layout."""
    kernel = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    tensors = {"kernel": kernel, "count": torch.tensor(step)}
    return Checkpoint(step, tensors, {"ema": kernel[0]}, {}, {"seconds": 0.1 + 0.2})


def test_checkpoint_comes_back(tmp_path: Path) -> None:
    """Tensors of any layout and numbers keep every bit."""
    saved = checkpoint(7)
    loaded = load_checkpoint(save_checkpoint(tmp_path, saved))
    assert loaded.step == 7
    assert loaded.model.keys() == saved.model.keys()
    assert all(torch.equal(loaded.model[name], saved.model[name]) for name in saved.model)
    assert torch.equal(loaded.ema["ema"], saved.ema["ema"])
    assert loaded.state["seconds"] == 0.1 + 0.2


def test_the_last_two_stay(tmp_path: Path) -> None:
    """Older ones go; the newest is the latest."""
    for step in (5, 10, 15, 20):
        save_checkpoint(tmp_path, checkpoint(step))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "latest.json",
        "step-00000015",
        "step-00000020",
    ]
    assert latest_checkpoint(tmp_path) == tmp_path / "step-00000020"
    assert json.loads((tmp_path / "latest.json").read_text()) == {"checkpoint": "step-00000020"}


def test_same_step_is_replaced(tmp_path: Path) -> None:
    """A run stopped twice at one step keeps one checkpoint, the newer."""
    save_checkpoint(tmp_path, checkpoint(5))
    newer = save_checkpoint(tmp_path, replace(checkpoint(5), state={"seconds": 2.0}))
    assert load_checkpoint(newer).state["seconds"] == 2.0


def test_latest_is_found_without_its_pointer(tmp_path: Path) -> None:
    """A crash between the rename and the pointer, or a deleted checkpoint, does no harm."""
    save_checkpoint(tmp_path, checkpoint(5))
    save_checkpoint(tmp_path, checkpoint(10))
    (tmp_path / "latest.json").write_text('{"checkpoint": "step-00000099"}')
    assert latest_checkpoint(tmp_path) == tmp_path / "step-00000010"
    assert latest_checkpoint(tmp_path / "missing") is None


def test_full_disk_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing half-written stays and the sentence says what to do."""
    older = save_checkpoint(tmp_path, checkpoint(5))

    def fill(path: Path, tensors: object) -> None:
        del tensors
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "save_tensors", fill)
    with pytest.raises(SonoloopError, match=r"No space left.*step-00000005.*free space.*--resume"):
        save_checkpoint(tmp_path, checkpoint(10))
    monkeypatch.undo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest.json", "step-00000005"]
    assert load_checkpoint(older).step == 5


def test_checkpoint_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """Whatever else it holds; one without a number is of the first format."""
    folder = save_checkpoint(tmp_path, checkpoint(1))
    state = json.loads((folder / "state.json").read_text())
    (folder / "state.json").write_text(json.dumps(state | {"format": 2}))
    with pytest.raises(UsageError, match="checkpoint of format 2, this version reads 1: update"):
        load_checkpoint(folder)
    del state["format"]
    (folder / "state.json").write_text(json.dumps(state))
    (folder / SUMS_FILE).unlink()  # neither had the first version
    assert load_checkpoint(folder).step == 1


def test_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    """The sentence names the folder and the way on."""
    folder = save_checkpoint(tmp_path, checkpoint(5))
    (folder / "ema.safetensors").write_bytes(b"\x00" * 20)
    with pytest.raises(SonoloopError, match=r"step-00000005: not a whole checkpoint .*delete"):
        load_checkpoint(folder)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(FILES), bit=st.integers(0, 10**6))
def test_any_flipped_bit_is_found(tmp_path: Path, flipped: Flipped, name: str, bit: int) -> None:
    """Wherever it is, and the sentence names the folder; without it the checkpoint is whole."""
    folder = tmp_path / "step-00000005"
    if not folder.exists():
        save_checkpoint(tmp_path, checkpoint(5))
    load_checkpoint(folder)
    with flipped(folder / name, bit), pytest.raises(SonoloopError, match="step-00000005"):
        load_checkpoint(folder)


def test_what_a_killed_process_was_about_to_do_goes(tmp_path: Path) -> None:
    """A half-written checkpoint, a half-removed one, and one too many."""
    for step in (1, 2):
        save_checkpoint(tmp_path, checkpoint(step))
    shutil.copytree(tmp_path / "step-00000001", tmp_path / "step-00000000")
    (tmp_path / ".step-00000003.unfinished").mkdir()
    (tmp_path / ".step-00000000.unfinished").mkdir()
    clear_checkpoints(tmp_path)
    names = ["latest.json", "step-00000001", "step-00000002"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
