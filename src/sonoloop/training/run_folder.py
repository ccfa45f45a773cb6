"""The folder of one training run: what was asked for, where it ran, what came out.

run/
  config.json       resolved settings, stage and fingerprint of the data
  SHA256SUMS        checksum of config.json
  environment.json  versions and hardware
  log.jsonl         one line of losses every few steps
  checkpoints/      see checkpoint.py
  samples/          strips written while training
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from sonoloop.atomic_files import write_atomically
from sonoloop.checksums import SUMS_FILE, damaged_files, write_sums
from sonoloop.errors import UsageError
from sonoloop.folder_claim import claimed_output
from sonoloop.training.checkpoint import (
    EMA_FILE,
    clear_checkpoints,
    latest_checkpoint,
    refuse_damaged,
    refuse_newer,
)
from sonoloop.training.config import FREE_ON_RESUME
from sonoloop.training.environment import describe_environment

Config = Mapping[str, object]
CONFIG_FILE: Final = "config.json"
PLACES: Final = frozenset({"data", "autoencoder_run"})
"""Folders that may have moved: what they hold is compared by its hash."""


@dataclass(frozen=True)
class RunFolder:
    """Paths inside a run folder.

    Args:
        path: The folder.
    """

    path: Path

    @property
    def log(self) -> Path:
        """JSON lines: losses, learning rate, throughput."""
        return self.path / "log.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def samples(self) -> Path:
        """Folder of the sample strips."""
        return self.path / "samples"


class TrainedRun(NamedTuple):
    """What a later step needs of a run.

    Args:
        config: Content of config.json.
        ema_path: Safetensors file with the averaged weights of the newest checkpoint.
    """

    config: dict[str, object]
    ema_path: Path


@contextmanager
def claimed_run(path: Path, config: Config, *, resume: bool) -> Iterator[RunFolder]:
    """Open a run folder and keep other runs out of it, from before anything in it is touched.

    Args:
        path: The folder.
        config: Resolved settings, as JSON can hold them.
        resume: Whether to go on with what the folder holds; a folder without a run is started.

    Yields:
        The folder, with config.json and environment.json written.

    Raises:
        UsageError: As :func:`open_run`, or if another process writes the folder.
    """
    with claimed_output(path):
        yield open_run(path, config, resume=resume)


def open_run(path: Path, config: Config, *, resume: bool) -> RunFolder:
    """Start a run folder, or find the one to go on with.

    Args:
        path: The folder.
        config: Resolved settings, as JSON can hold them.
        resume: Whether to go on with what the folder holds; a folder without a run is started.

    Returns:
        The folder, with config.json and environment.json written.

    Raises:
        UsageError: If the folder holds a run and ``resume`` is False, if the run was made with
            other settings or data, if its settings are gone, or if the folder cannot be written.
    """
    run = RunFolder(path)
    config = json.loads(json.dumps(config))
    if (path / CONFIG_FILE).exists():
        if not resume:
            msg = (
                f"{path} already holds a training run: add --resume to go on with it, "
                "or choose another --out"
            )
            raise UsageError(msg)
        _refuse_other_config(path, _read_config(path), config)
    elif latest_checkpoint(run.checkpoints) is not None:
        msg = f"{path} holds checkpoints but no config.json: restore it or choose another --out"
        raise UsageError(msg)
    try:
        run.samples.mkdir(parents=True, exist_ok=True)
        run.checkpoints.mkdir(exist_ok=True)
        clear_checkpoints(run.checkpoints)
        _write_json(path / "environment.json", describe_environment())
        (path / SUMS_FILE).unlink(missing_ok=True)  # of a run that is gone on with
        _write_json(path / CONFIG_FILE, config)
        write_sums(path, [CONFIG_FILE])
    except OSError as error:
        msg = f"cannot write the run folder {path}: {error.strerror}; choose another --out"
        raise UsageError(msg) from error
    return run


def load_run(path: Path) -> TrainedRun:
    """Find the settings and the averaged weights of a run.

    Args:
        path: The run folder.

    Returns:
        Its config and the path of its newest averaged weights.

    Raises:
        UsageError: If the folder holds no run, one without a checkpoint or one of a newer version.
        SonoloopError: If these weights differ from their checksum.
    """
    if not (path / CONFIG_FILE).is_file():
        msg = f"{path} holds no training run (no config.json in it): give the --out of a training"
        raise UsageError(msg)
    checkpoint = latest_checkpoint(path / "checkpoints")
    if checkpoint is None:
        msg = f"{path} holds no checkpoint yet: finish its training with --resume first"
        raise UsageError(msg)
    refuse_newer(checkpoint)
    refuse_damaged(checkpoint, [EMA_FILE])
    return TrainedRun(_read_config(path), checkpoint / EMA_FILE)


def start_from(module: nn.Module, path: Path, *, optional: tuple[str, ...] = ()) -> None:
    """Give a module the averaged weights of another run.

    Args:
        module: The module to fill; its own layout in memory stays.
        path: The other run's folder.
        optional: Beginnings of names that need not fit, as ``fill`` takes them.

    Raises:
        UsageError: If the folder holds no run, or one of another architecture.
    """
    ema_path = load_run(path).ema_path
    try:
        tensors = load_file(ema_path)
    except SafetensorError as error:
        msg = f"{ema_path} is no safetensors file ({error}): go on with an older checkpoint"
        raise UsageError(msg) from error
    fill(module, tensors, ema_path, optional=optional)


def fill(
    module: nn.Module,
    tensors: Mapping[str, Tensor],
    source: Path,
    *,
    optional: tuple[str, ...] = (),
) -> None:
    """Give a module weights of its own architecture.

    Args:
        module: The module to fill; its own layout in memory and types stay.
        tensors: Named as the module names its parameters and buffers.
        source: Where they come from, for the message.
        optional: Beginnings of names: where such a tensor is missing, unknown or of another shape,
            the module's own stays.

    Raises:
        UsageError: If a name or a shape is not the module's.
    """
    own = module.state_dict()
    free = {name for name in own.keys() | tensors.keys() if name.startswith(optional)}
    fitting = {
        name: tensor
        for name, tensor in tensors.items()
        if name not in free or (name in own and own[name].shape == tensor.shape)
    }
    kept = {name: own[name] for name in own if name in free and name not in fitting}
    try:
        module.load_state_dict(fitting | kept)
    except RuntimeError as error:
        first = str(error).strip().splitlines()[-1].strip()
        msg = f"{source} does not fit this model ({first}): start from weights of the same widths"
        raise UsageError(msg) from error


def _read_config(path: Path) -> dict[str, object]:
    if damaged_files(path, [CONFIG_FILE]):
        msg = (
            f"{path / CONFIG_FILE} differs from its checksum in {SUMS_FILE}: restore it or start a "
            f"new run; remove {SUMS_FILE} if you changed it on purpose"
        )
        raise UsageError(msg)
    try:
        config: dict[str, object] = json.loads((path / CONFIG_FILE).read_text())
    except ValueError as error:
        msg = f"{path / CONFIG_FILE} is not valid JSON ({error}): restore it or start a new run"
        raise UsageError(msg) from error
    return config


def _refuse_other_config(path: Path, old: Config, new: Config) -> None:
    old_values, new_values = dict(_flatten(old)), dict(_flatten(new))
    for key in sorted(old_values.keys() | new_values.keys()):
        before, now = old_values.get(key), new_values.get(key)
        is_free = key.rsplit(".", 1)[-1] in FREE_ON_RESUME or key in PLACES
        if before != now and not is_free:
            msg = (
                f"{path} was trained with {key} = {before!r}, now it is {now!r}: "
                f"resume with {before!r}, or choose another --out"
            )
            raise UsageError(msg)


def _flatten(config: Config, prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _write_json(path: Path, content: Config) -> None:
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())
