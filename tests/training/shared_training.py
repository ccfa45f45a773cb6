"""A program for torchrun: trains a linear map in one or several processes, without noise.

``OUT --steps 6 --parts 1 --kill RANK STEP`` goes on with what OUT holds. The process of that rank
kills itself before that step is made, or, where STEP is "checkpoint", while it writes the second
one; a restarted one does not.
"""

import argparse
import os
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from torch import Tensor, nn

from sonoloop.training import checkpoint
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


def train(out: Path, *, steps: int = 6, parts: int = 1, kill_before: int | None = None) -> None:
    """Train steps of four samples, a checkpoint after each, and write the run folder."""
    config = TrainingConfig(
        max_steps=steps,
        batch_size=4,
        accumulate_grad_batches=parts,
        checkpoint_minutes=1e-9,
        log_every=1,
        precision="32-true",
    )
    fabric = launch_fabric(config)
    torch.manual_seed(0)
    model = nn.Linear(8, 8)
    share = config.batch_size // fabric.world_size

    def batches(first_step: int) -> Iterable[tuple[int, Tensor]]:
        numbers = sample_numbers(
            first_step,
            config.max_steps,
            batch_size=config.batch_size,
            rank=fabric.global_rank,
            world_size=fabric.world_size,
        )
        read = read_batches(Samples(), numbers, batch_size=share, num_workers=0, pin_memory=False)
        return enumerate(read, first_step)

    def step(
        modules: Mapping[str, nn.Module], numbered: tuple[int, Tensor], generator: torch.Generator
    ) -> Iterator[tuple[str, Losses]]:
        del generator
        number, batch = numbered
        if number == kill_before:
            kill_this_process()
        clean = batch.float() / 127.5 - 1
        yield "linear", {"loss": (modules["linear"](clean) - clean).square().mean()}

    learner = Learner("linear", model, build_optimizer(model, config))
    task = Task("linear", [learner], batches, step, lambda _, path: path.touch())
    console = Console(quiet=True)
    with open_shared_run(fabric, out, config.model_dump(mode="json"), resume=True) as run:
        run_training(fabric, task, config, run, interruption=Interruption(), console=console)


def kill_this_process() -> None:
    """Do as an operating system that is out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_in_checkpoint() -> None:
    """Kill this process when all files of the second checkpoint are written but not in place."""
    write, count = checkpoint.write_sums, iter(range(9))

    def write_or_die(folder: Path, names: Sequence[str]) -> None:
        write(folder, names)
        if next(count) == 1:
            kill_this_process()

    checkpoint.write_sums = write_or_die


def main() -> None:
    """Parse the words and train."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument("--kill", nargs=2, default=("", ""))
    words = parser.parse_args()
    rank, step = words.kill
    is_meant = rank == os.environ["RANK"] and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0"
    if is_meant and step == "checkpoint":
        kill_in_checkpoint()
    kill_before = int(step) if is_meant and step.isdecimal() else None
    train(words.out, steps=words.steps, parts=words.parts, kill_before=kill_before)


if __name__ == "__main__":
    main()
