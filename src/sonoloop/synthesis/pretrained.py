"""Model folders: found by name or path, checked against their checksum, written in fp16.

model/
  weights.safetensors   "autoencoder.*", "diffusion.*" or "flow.*" in fp16, "typicality.*" in fp32
  config.json           see ``ModelConfig``
  SHA256SUMS            checksums of both
  README.md             model card
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import safetensors.torch
import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from torch import Tensor, nn

from sonoloop import pretrained
from sonoloop.atomic_files import write_atomically
from sonoloop.checksums import SUMS_FILE, damaged_files, write_sums
from sonoloop.errors import UsageError
from sonoloop.synthesis.config import FORMAT_VERSION, ModelConfig

CONFIG_FILE: Final = "config.json"
WEIGHTS_FILE: Final = "weights.safetensors"
CARD_FILE: Final = "README.md"
BUNDLED: Final = Path(str(pretrained.__file__)).parent
"""Folder of the models that are installed with the package."""

Tensors = Mapping[str, Tensor]


def bundled_models() -> list[str]:
    """Name the models that are installed with the package."""
    return sorted(config.parent.name for config in BUNDLED.glob(f"*/{CONFIG_FILE}"))


def find_model(name_or_path: str | Path) -> Path:
    """Find a model folder.

    Args:
        name_or_path: Name of a bundled model, or a folder that ``sonoloop export`` wrote.

    Returns:
        The folder; it holds a config and weights.

    Raises:
        UsageError: If there is no such model or a file is missing.
    """
    bundled = bundled_models()
    folder = BUNDLED / name_or_path if str(name_or_path) in bundled else Path(name_or_path)
    if not folder.is_dir():
        msg = (
            f"there is no model {str(name_or_path)!r}: give a folder made by 'sonoloop export' "
            f"or one of the bundled models ({', '.join(bundled) or 'none is installed'})"
        )
        raise UsageError(msg)
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            msg = f"the model folder {folder} has no {name}: export or download it again"
            raise UsageError(msg)
    return folder


def read_model(folder: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Read config and weights, and check that they belong together.

    Args:
        folder: A model folder.

    Returns:
        Config, and tensors as stored.

    Raises:
        UsageError: If the config is invalid or the weights are not the ones it names.
    """
    described = (folder / CONFIG_FILE).read_bytes()
    _refuse_newer(folder, described)
    if damaged_files(folder, [CONFIG_FILE]):
        msg = (
            f"{folder / CONFIG_FILE} differs from its checksum in {SUMS_FILE}: export or download "
            "it again, or remove that file if you changed the config on purpose"
        )
        raise UsageError(msg)
    try:
        config = ModelConfig.model_validate_json(described)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        msg = f"{folder / CONFIG_FILE} is no valid model config: {place}: {first['msg']}"
        raise UsageError(msg) from error
    content = (folder / WEIGHTS_FILE).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != config.weights_sha256:
        msg = (
            f"{folder / WEIGHTS_FILE} is damaged or not this model's: its SHA-256 begins with "
            f"{found[:12]}, the config says {config.weights_sha256[:12]}; export or download it "
            "again"
        )
        raise UsageError(msg)
    try:
        return config, safetensors.torch.load(content)
    except SafetensorError as error:
        msg = f"{folder / WEIGHTS_FILE} is no safetensors file ({error}); export it again"
        raise UsageError(msg) from error


def _refuse_newer(folder: Path, described: bytes) -> None:
    """Name the versions of a model of another format: what else its config says may be anything."""
    try:
        found = json.loads(described).get("format_version", FORMAT_VERSION)
    except (ValueError, AttributeError):
        return  # the validation of the config will say
    if found != FORMAT_VERSION:
        msg = (
            f"{folder}: model of format {found}, this version reads {FORMAT_VERSION}: "
            "update sonoloop, or export the model with this version"
        )
        raise UsageError(msg)


def select(tensors: Tensors, prefix: str) -> dict[str, Tensor]:
    """Take the tensors of one part, named as that part names them.

    Args:
        tensors: All tensors of a model.
        prefix: Name of the part, without the dot.
    """
    start = f"{prefix}."
    return {
        name.removeprefix(start): tensor
        for name, tensor in tensors.items()
        if name.startswith(start)
    }


def load_weights(module: nn.Module, tensors: Tensors, *, part: str, folder: Path) -> None:
    """Fill a module with stored weights, converted to the module's own types.

    Args:
        module: Receives the weights.
        tensors: Named as the module names its parameters and buffers.
        part: What the module is, for the message.
        folder: Where the weights come from, for the message.

    Raises:
        UsageError: If a name is missing or unknown, or a shape is not the module's.
    """
    expected = module.state_dict()
    missing, unknown = sorted(expected.keys() - tensors), sorted(tensors.keys() - expected)
    if missing or unknown:
        problem = (
            f"{part}.{missing[0]} is missing" if missing else f"{part}.{unknown[0]} is unknown"
        )
        msg = f"the weights in {folder} do not fit its config: {problem}; export the model again"
        raise UsageError(msg)
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            msg = (
                f"the weights in {folder} do not fit its config: {part}.{name} has the shape "
                f"{tuple(tensor.shape)}, the config needs {tuple(expected[name].shape)}; "
                "export the model again"
            )
            raise UsageError(msg)
    module.load_state_dict(dict(tensors))


def pack_weights(networks: Mapping[str, Tensors], typicality: Tensors) -> bytes:
    """Serialise the parts of a model, the networks in fp16.

    Args:
        networks: Weights of each stage by its name: "autoencoder", and "diffusion" or "flow".
        typicality: Tensors of the typicality check, kept as they are.

    Raises:
        UsageError: If a weight is not finite in fp16.
    """
    packed = {f"typicality.{name}": tensor.contiguous() for name, tensor in typicality.items()}
    for prefix, tensors in networks.items():
        for name, tensor in tensors.items():
            stored = tensor.detach().to("cpu")
            if stored.is_floating_point():
                stored = stored.to(torch.float16)
                if not stored.isfinite().all():
                    msg = f"{prefix}.{name} is not finite in half precision: training diverged"
                    raise UsageError(msg)
            packed[f"{prefix}.{name}"] = stored.contiguous()
    return safetensors.torch.save(packed)


def write_model(folder: Path, config: ModelConfig, weights: bytes, card: str) -> None:
    """Write a model folder, the config after all it speaks of: without it the folder is no model.

    Args:
        folder: Where to write.
        config: Must name the checksum of ``weights``.
        weights: As ``pack_weights`` makes them.
        card: The model card, Markdown.
    """
    write_atomically(folder / WEIGHTS_FILE, weights)
    write_atomically(folder / CARD_FILE, card.encode())
    (folder / SUMS_FILE).unlink(missing_ok=True)  # of a model that stood here
    write_atomically(folder / CONFIG_FILE, (config.model_dump_json(indent=2) + "\n").encode())
    write_sums(folder, (WEIGHTS_FILE, CONFIG_FILE))
