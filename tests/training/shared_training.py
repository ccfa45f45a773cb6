"""A program for torchrun: trains a linear map in one or several processes, without noise."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from torch import Tensor, nn

from sonoloop.training.batches import read_batches, sample_numbers
from sonoloop.training.config import TrainingConfig
from sonoloop.training.interruption import Interruption
from sonoloop.training.launch import launch_fabric, open_shared_run
from sonoloop.training.optimizer import build_optimizer
from sonoloop.training.session import run_training
from sonoloop.training.task import Learner, Losses, Task


class Samples:
    """Eight numbers that depend on the sample number alone."""

    def __getitem__(self, n: int) -> npt.NDArray[np.uint8]:
        """Draw them."""
        return np.random.default_rng(n).integers(0, 256, 8).astype(np.uint8)


def train(out: Path) -> None:
    """Train six steps of four samples and write the run folder."""
    config = TrainingConfig(max_steps=6, batch_size=4, log_every=1, precision="32-true")
    fabric = launch_fabric(config)
    torch.manual_seed(0)
    model = nn.Linear(8, 8)
    share = config.batch_size // fabric.world_size

    def batches(first_step: int) -> Iterable[Tensor]:
        numbers = sample_numbers(
            first_step,
            config.max_steps,
            batch_size=config.batch_size,
            rank=fabric.global_rank,
            world_size=fabric.world_size,
        )
        return read_batches(Samples(), numbers, batch_size=share, num_workers=0, pin_memory=False)

    def step(
        modules: Mapping[str, nn.Module], batch: Tensor, generator: torch.Generator
    ) -> Iterator[tuple[str, Losses]]:
        del generator
        clean = batch.float() / 127.5 - 1
        yield "linear", {"loss": (modules["linear"](clean) - clean).square().mean()}

    learner = Learner("linear", model, build_optimizer(model, config))
    task = Task("linear", [learner], batches, step, lambda _, path: path.touch())
    console = Console(quiet=True)
    with open_shared_run(fabric, out, config.model_dump(mode="json"), resume=False) as run:
        run_training(fabric, task, config, run, interruption=Interruption(), console=console)


if __name__ == "__main__":
    train(Path(sys.argv[1]))
