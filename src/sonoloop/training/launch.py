"""Start Lightning Fabric: device, number format, processes."""

import logging
import os

import torch
from lightning_fabric import Fabric

from sonoloop.training.config import TrainingConfig
from sonoloop.training.precision import Autocast, resolve_precision


def launch_fabric(config: TrainingConfig) -> Fabric:
    """Start the processes of a training.

    One process by default; under torchrun or SLURM, theirs.

    Args:
        config: Its precision is used.

    Returns:
        Fabric, launched.
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
    fabric.launch()
    return fabric
