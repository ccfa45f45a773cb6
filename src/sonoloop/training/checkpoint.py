"""Checkpoints on disk: written aside, renamed when whole, the last two kept.

checkpoints/
  step-00001200/
    SHA256SUMS             checksums of the files below, which "sha256sum --check" reads too
    model.safetensors      weights of every learner, named "learner.weight"
    ema.safetensors        averaged weights of the trained model, by their own names
    optimizer.safetensors  running means, named "learner.weight|state"
    state.json             step and what the log had collected
  latest.json              the newest whole checkpoint
"""

import json
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save

from sonoloop.atomic_files import refuse_lost, write_atomically
from sonoloop.checksums import damaged_files, write_sums
from sonoloop.errors import SonoloopError, UsageError

CHECKPOINT_FORMAT = 1

EMA_FILE = "ema.safetensors"
_FILES = ("model.safetensors", EMA_FILE, "optimizer.safetensors", "state.json")

KEPT = 2
"""Checkpoints that stay: the newest, and one more in case it turns out to be bad."""

Tensors = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """Everything that a run needs to go on as if it had not stopped.

    Args:
        step: Steps made.
        model: Weights and buffers of every learner.
        ema: Averaged weights of the trained model.
        optimizer: Running means of every learner's optimiser.
        state: Plain numbers, kept as JSON.
    """

    step: int
    model: Tensors
    ema: Tensors
    optimizer: Tensors
    state: Mapping[str, object]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint so that a crash at any moment leaves the older ones whole.

    Args:
        folder: The run's checkpoints folder; made if missing.
        checkpoint: What to write.

    Returns:
        The new checkpoint's folder.

    Raises:
        SonoloopError: If the disk is full or the folder cannot be written; nothing half-written
            stays and older checkpoints are untouched.
    """
    final = folder / f"step-{checkpoint.step:08d}"
    unfinished = _unfinished(final)
    refuse_lost(folder)
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        for name in ("model", "ema", "optimizer"):
            save_tensors(unfinished / f"{name}.safetensors", getattr(checkpoint, name))
        (unfinished / "state.json").write_text(
            json.dumps({"format": CHECKPOINT_FORMAT, "step": checkpoint.step, **checkpoint.state})
        )
        write_sums(unfinished, _FILES)
        if final.exists():  # saved at this step before, by the run that was resumed
            shutil.rmtree(final.rename(final.with_name(f".{final.name}.old.unfinished")))
        unfinished.rename(final)
        write_atomically(folder / "latest.json", json.dumps({"checkpoint": final.name}).encode())
    except (OSError, RuntimeError) as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        older = latest_checkpoint(folder)
        kept = f"the last good one is {older}" if older else "no earlier one exists"
        msg = (
            f"cannot write the checkpoint {final}: {error}; {kept}: free space there, "
            "then run the same command with --resume"
        )
        raise SonoloopError(msg) from error
    _drop_old(folder)
    return final


def clear_checkpoints(folder: Path) -> None:
    """Remove what a killed process was writing or removing.

    Args:
        folder: The run's checkpoints folder; no other process writes it.
    """
    for unfinished in folder.glob(".*.unfinished"):
        shutil.rmtree(unfinished, ignore_errors=True)
    _drop_old(folder)


def _drop_old(folder: Path) -> None:
    """Remove all checkpoints but the last, by another name first: whatever has its own is whole."""
    for old in sorted(folder.glob("step-*"))[:-KEPT]:
        shutil.rmtree(old.rename(_unfinished(old)), ignore_errors=True)


def _unfinished(checkpoint: Path) -> Path:
    return checkpoint.with_name(f".{checkpoint.name}.unfinished")


def latest_checkpoint(folder: Path) -> Path | None:
    """Find the newest whole checkpoint.

    Args:
        folder: The run's checkpoints folder; need not exist.

    Returns:
        Its folder, or None if there is none.
    """
    pointer = folder / "latest.json"
    if pointer.is_file():
        named = folder / str(json.loads(pointer.read_text())["checkpoint"])
        if named.is_dir():
            return named
    return max(folder.glob("step-*"), default=None)


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read one checkpoint.

    Args:
        folder: The checkpoint's own folder.

    Returns:
        Its content, tensors on the CPU.

    Raises:
        UsageError: If a newer version wrote it.
        SonoloopError: If a file is missing or damaged.
    """
    refuse_newer(folder)
    refuse_damaged(folder)
    try:
        state = json.loads((folder / "state.json").read_text())
        return Checkpoint(
            step=int(state["step"]),
            model=load_file(folder / "model.safetensors"),
            ema=load_file(folder / "ema.safetensors"),
            optimizer=load_file(folder / "optimizer.safetensors"),
            state=state,
        )
    except Exception as error:
        msg = f"{folder}: not a whole checkpoint ({error}); delete this folder and resume again"
        raise SonoloopError(msg) from error


def refuse_damaged(folder: Path, names: Collection[str] | None = None) -> None:
    """Refuse a checkpoint whose files are not what was written.

    Args:
        folder: The checkpoint's own folder.
        names: Files that will be read; None for all.

    Raises:
        SonoloopError: Naming the files, if one differs from its checksum.
    """
    damaged = damaged_files(folder, names)
    if damaged:
        msg = (
            f"{folder}: not a whole checkpoint ({', '.join(damaged)} differs from its checksum); "
            "delete this folder and resume again"
        )
        raise SonoloopError(msg)


def refuse_newer(folder: Path) -> None:
    """Refuse a checkpoint that a newer version wrote.

    Args:
        folder: The checkpoint's own folder.

    Raises:
        UsageError: If its format is not this version's.
    """
    try:
        found = json.loads((folder / "state.json").read_text()).get("format", CHECKPOINT_FORMAT)
    except (OSError, ValueError, AttributeError):
        return  # damaged, or only the averaged weights were copied: whoever reads it will say
    if found != CHECKPOINT_FORMAT:
        msg = (
            f"{folder}: checkpoint of format {found}, this version reads {CHECKPOINT_FORMAT}: "
            "update sonoloop, or train again with this version"
        )
        raise UsageError(msg)


def save_tensors(path: Path, tensors: Tensors) -> None:
    """Write tensors in row-major order, from whatever device and layout they have.

    Args:
        path: File to write.
        tensors: By name.
    """
    content = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    path.write_bytes(save(content))  # save_file() would leave the file readable by its owner only
