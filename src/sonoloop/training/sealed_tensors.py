"""One safetensors file with the checksum of its own content, for tensors that travel alone."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

CHECKSUM: Final = "sha256"
"""Name of the checksum among the metadata."""


def seal(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """Serialise tensors.

    Args:
        tensors: By name, on any device.
        metadata: What else the file says.
    """
    own = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return _in_order(save(own, metadata={**metadata, CHECKSUM: _digest(own, metadata)}))


def unseal(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read tensors and metadata.

    Args:
        path: File that holds what ``seal`` made, or any safetensors file without a checksum.

    Raises:
        SafetensorError: If it is no whole safetensors file.
        OSError: If it cannot be read.
        ValueError: If tensors or metadata differ from the checksum.
    """
    with safe_open(path, framework="pt") as file:
        metadata = dict(file.metadata() or {})
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    expected = metadata.pop(CHECKSUM, None)
    if any(_is_flipped(name) for name in metadata):
        msg = "the name of its checksum is damaged"
        raise ValueError(msg)
    if expected is not None and _digest(tensors, metadata) != expected:
        msg = "it differs from its checksum"
        raise ValueError(msg)
    return tensors, metadata


def _is_flipped(name: str) -> bool:
    """Tell the checksum's name with one letter changed, without which nothing would be checked."""
    pairs = zip(name, CHECKSUM, strict=False)
    return len(name) == len(CHECKSUM) and sum(one != other for one, other in pairs) == 1


def _in_order(content: bytes) -> bytes:
    """Sort the metadata, which the library writes in another order in every process."""
    end = 8 + int.from_bytes(content[:8], "little")  # the length of the header, then the header
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text + content[end:]


def _digest(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
