"""The averaged weights in half the bytes, to go on elsewhere with ``train --init``.

A checkpoint goes on exactly, on the machine that wrote it; this file is a tenth of its size. What
it leaves behind is the optimiser, which starts anew with the warm-up of the new run.
"""

from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from sonoloop.atomic_files import write_atomically
from sonoloop.errors import SonoloopError, UsageError
from sonoloop.training.sealed_tensors import seal, unseal

HANDOVER_FILE: Final = "handover.safetensors"


def write_handover(path: Path, stage: str, ema_model: nn.Module, step: int) -> None:
    """Write weights in fp16, those that do not fit its range as they are.

    Args:
        path: The file.
        stage: Which part of a model they are.
        ema_model: Averaged weights.
        step: Steps that were made.

    Raises:
        SonoloopError: If the disk is full or the folder cannot be written; an older file stays.
    """
    tensors = {name: _halved(tensor) for name, tensor in ema_model.state_dict().items()}
    metadata = {"stage": stage, "step": str(step)}
    try:
        write_atomically(path, seal(tensors, metadata))
    except OSError as error:
        msg = (
            f"cannot write {path}: {error.strerror}; the checkpoints before it are untouched: free "
            "space there, then run the same command with --resume"
        )
        raise SonoloopError(msg) from error


def read_handover(path: Path, stage: str) -> dict[str, Tensor]:
    """Read the weights of a stage.

    Args:
        path: The file.
        stage: Which part of a model they must be.

    Raises:
        UsageError: If the file is damaged, or of another stage.
    """
    reason = ""
    try:
        tensors, metadata = unseal(path)
    except (SafetensorError, OSError, ValueError) as error:
        reason = str(error)
    else:
        unknown = metadata.keys() - {"stage", "step"}
        if unknown:  # such as a damaged name of the checksum
            reason = f"it says {', '.join(unknown)}"
    if reason:
        msg = f"{path} is no readable safetensors file ({reason}): copy {HANDOVER_FILE} again"
        raise UsageError(msg)
    found = metadata.get("stage")
    if found != stage:
        msg = f"{path} holds weights of {found!r}, not of {stage!r}: give the {HANDOVER_FILE} of "
        raise UsageError(msg + f"a run of {stage}")
    return tensors


def _halved(tensor: Tensor) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    if not tensor.is_floating_point():
        return tensor
    half = tensor.to(torch.float16)
    return half if half.isfinite().all() else tensor
