"""Start Lightning Fabric: device, number format, processes."""

import atexit
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Literal

import torch
from lightning_fabric import Fabric

from sonoloop.errors import UsageError
from sonoloop.training.config import TrainingConfig
from sonoloop.training.micro_batches import refuse_uneven
from sonoloop.training.precision import Autocast, resolve_precision
from sonoloop.training.run_folder import Config, RunFolder, claimed_run


def launch_fabric(config: TrainingConfig) -> Fabric:
    """Start the processes of a training.

    One process by default; as many as torchrun started under torchrun.

    Args:
        config: Its precision is used, and its batch is checked.

    Returns:
        Fabric, launched.

    Raises:
        UsageError: If processes and parts cannot share a batch evenly, or if torchrun may start
            processes again that would not find each other.
    """
    logging.getLogger("lightning_fabric").setLevel(logging.ERROR)  # it announces every plugin
    accelerator = "cuda" if torch.cuda.is_available() else "cpu"
    precision = resolve_precision(config.precision, accelerator)
    fabric = Fabric(
        accelerator=accelerator,
        devices=int(os.environ.get("LOCAL_WORLD_SIZE", "1")),
        num_nodes=int(os.environ.get("GROUP_WORLD_SIZE", "1")),
        plugins=Autocast(precision, accelerator) if precision == "bf16-mixed" else None,
    )
    _keep_attempts_apart("nccl" if accelerator == "cuda" else "gloo")
    fabric.launch()
    refuse_uneven(config, fabric.world_size)
    return fabric


def _keep_attempts_apart(backend: str) -> None:
    """Let processes that torchrun has started again meet each other and not the dead ones.

    Addresses are exchanged through a store that torchrun keeps from attempt to attempt, so that a
    process may be given the address of one that was killed (pytorch/pytorch, issue 135712). On one
    machine attempts are told apart by their number here; of several machines each counts its own.
    """
    allowed, attempt, machines = (
        int(os.environ.get(name, default))
        for name, default in (
            ("TORCHELASTIC_MAX_RESTARTS", "0"),
            ("TORCHELASTIC_RESTART_COUNT", "0"),
            ("GROUP_WORLD_SIZE", "1"),
        )
    )
    if not allowed or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return
    if machines > 1:
        msg = (
            f"torchrun --max-restarts {allowed} on {machines} machines: give --rdzv-backend c10d "
            "and set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 before torchrun on all, or processes "
            "that are started again may look for dead ones"
        )
        raise UsageError(msg)
    if attempt:
        # Only here: some builds of torch have no part for several processes.
        from torch.distributed import (  # type: ignore[attr-defined]  # noqa: PLC0415
            PrefixStore,
            rendezvous,
        )

        store, rank, world_size = next(rendezvous("env://"))
        own = PrefixStore(f"attempt-{attempt}", store)
        torch.distributed.init_process_group(
            backend, store=own, rank=rank, world_size=world_size
        )  # which Fabric then finds
        atexit.register(torch.distributed.destroy_process_group)


def fabric_on(device: str, precision: Literal["auto", "32-true", "bf16-mixed"]) -> Fabric:
    """Use one device in this process, whatever torchrun says.

    Args:
        device: Such as "cpu", "cuda" or "cuda:1".
        precision: The config's word.

    Returns:
        Fabric, launched.
    """
    logging.getLogger("lightning_fabric").setLevel(logging.ERROR)
    place = torch.device(device)
    resolved = resolve_precision(precision, place.type)
    fabric = Fabric(
        accelerator=place.type,
        devices=1 if place.type == "cpu" else [place.index or 0],
        plugins=Autocast(resolved, place.type) if resolved == "bf16-mixed" else None,
    )
    fabric.launch()
    return fabric


@contextmanager
def open_shared_run(
    fabric: Fabric, path: Path, config: Config, *, resume: bool
) -> Iterator[RunFolder]:
    """Let one process open the run folder for all.

    Args:
        fabric: Launched.
        path: The folder, on a disk that all processes see.
        config: Resolved settings.
        resume: Whether to go on with what the folder holds.

    Yields:
        The folder, kept from other runs.

    Raises:
        UsageError: As :func:`sonoloop.training.run_folder.claimed_run`.
    """
    with claimed_run(path, config, resume=resume) if fabric.is_global_zero else nullcontext():
        fabric.barrier()
        yield RunFolder(path)
