"""Weights that a user brings: a torch checkpoint or safetensors, read without running anything."""

from pathlib import Path
from typing import Final, NamedTuple

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.features.pickled_arrays import Arrays
from sonoloop.limited_process import LimitedProcess, Limits

SAFETENSORS_SUFFIX: Final = ".safetensors"
COUNTER: Final = ".num_batches_tracked"
"""Ending of what batch norms of torch count and never use once they are frozen."""

Layout = dict[str, tuple[str, tuple[int, ...]]]
"""Name in the file -> own name and shape."""


LIMITS: Final = Limits(cpu_s=60.0, cpu_s_per_mb=0.1, memory_bytes=4 << 30)
"""What reading such a file may cost, the start of torch included."""


class _Request(NamedTuple):
    path: Path
    key: str | None
    layout: Layout
    how_to_get_it: str


def read_net(path: Path, *, key: str | None, layout: Layout, how_to_get_it: str) -> Arrays:
    """Read the weights of one net in a process that a bad file may end.

    Args:
        path: As for ``read_tensors``.
        key: As for ``read_tensors``.
        layout: All tensors that the net has.
        how_to_get_it: Ends every message.

    Returns:
        As ``match_layout``.

    Raises:
        UsageError: If there is no such file.
        UnreadableFileError: If it is no such file, of another net, or reading it crashed or took
            too much.
    """
    if not path.is_file():
        raise UsageError(_missing(path, how_to_get_it))
    request = _Request(path, key, layout, how_to_get_it)
    with LimitedProcess() as process:
        return process.call(_read_net, request, path=path, limits=LIMITS)


def _read_net(request: _Request) -> Arrays:
    path, key, layout, how_to_get_it = request
    found = read_tensors(path, key=key, how_to_get_it=how_to_get_it)
    return match_layout(path, found, layout, how_to_get_it=how_to_get_it)


def read_tensors(path: Path, *, key: str | None, how_to_get_it: str) -> dict[str, object]:
    """Read what a checkpoint holds by name.

    Args:
        path: ``.safetensors``, or anything that ``torch.save`` wrote of plain tensors and numbers.
        key: Where in a torch checkpoint the weights are; None if they are all of it. A
            safetensors file is all weights.
        how_to_get_it: Ends every message.

    Returns:
        Tensors, and whatever else stands among them, without counters of batch norms.

    Raises:
        UsageError: If there is no such file.
        UnreadableFileError: If it is no such file.
    """
    if not path.is_file():
        raise UsageError(_missing(path, how_to_get_it))
    state: object
    if path.suffix == SAFETENSORS_SUFFIX:
        try:
            state = safetensors.torch.load(path.read_bytes())
        except (SafetensorError, KeyError, ValueError) as error:
            reason = f"is no safetensors file ({error}); {how_to_get_it}"
            raise UnreadableFileError(path, reason) from error
    else:
        state = _read_pickle(path, how_to_get_it)
        if key is not None:
            state = state.get(key) if isinstance(state, dict) else None
    if not isinstance(state, dict):
        missing = f"has no '{key}'" if key else "holds no tensors by name"
        raise UnreadableFileError(path, f"{missing}; {how_to_get_it}")
    return {str(name): found for name, found in state.items() if not str(name).endswith(COUNTER)}


def _missing(path: Path, how_to_get_it: str) -> str:
    return f"there is no file {path}: {how_to_get_it}"


def match_layout(
    path: Path, found: dict[str, object], layout: Layout, *, how_to_get_it: str
) -> Arrays:
    """Check that all tensors of a net are there, no others, each of its shape.

    Args:
        path: The file, for messages.
        found: What it holds.
        layout: What it must hold.
        how_to_get_it: Ends every message.

    Returns:
        Float32 arrays by their own names.

    Raises:
        UnreadableFileError: If it is another net; the message says what differs first.
    """
    problem, arrays = _match(found, layout)
    if problem:
        raise UnreadableFileError(path, f"{problem}, so it is another net; {how_to_get_it}")
    return arrays


def _read_pickle(path: Path, how_to_get_it: str) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can fail in any way, one that would run code too
        reason = (
            "is no torch checkpoint of plain tensors and numbers (if you trust it, load it with "
            f"its own code and save only its state_dict); {how_to_get_it}"
        )
        raise UnreadableFileError(path, reason) from error


def _match(found: dict[str, object], layout: Layout) -> tuple[str, Arrays]:
    if missing := layout.keys() - found:
        return f"has no {min(missing)}", {}
    if unknown := found.keys() - layout.keys():
        return f"has an unknown {min(unknown)}", {}
    arrays = {}
    for theirs, (own, shape) in layout.items():
        tensor = found[theirs]
        if not isinstance(tensor, Tensor):
            return f"has no tensor at {theirs}", {}
        if tuple(tensor.shape) != shape:
            return f"has {theirs} of shape {tuple(tensor.shape)}, not {shape}", {}
        arrays[own] = tensor.float().contiguous().numpy()
    return "", arrays
