"""A training small enough to watch: a few weights learn a known function of the sample number."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from lightning_fabric import Fabric
from rich.console import Console
from torch import Tensor, nn

from sonoloop.training.batches import read_batches, sample_numbers
from sonoloop.training.config import TrainingConfig
from sonoloop.training.interruption import Interruption
from sonoloop.training.loop import Outcome
from sonoloop.training.optimizer import build_optimizer
from sonoloop.training.run_folder import RunFolder, open_run
from sonoloop.training.session import run_training
from sonoloop.training.task import Learner, Task

ToyTask = Callable[..., Task[Tensor]]
ToyTraining = Callable[..., Outcome]


class ToySamples:
    """Eight numbers that depend on the sample number alone."""

    def __getitem__(self, n: int) -> npt.NDArray[np.uint8]:
        """Draw them."""
        return np.random.default_rng(n).integers(0, 256, 8).astype(np.uint8)


def toy_task(
    config: TrainingConfig,
    *,
    spoil_at: int | None = None,
    spoil_gradient_at: int | None = None,
    most_items: int | None = None,
    critic: bool = False,
) -> Task[Tensor]:
    """Compose a training with dropout and noise.

    ``spoil_at`` makes the first loss NaN at a step, ``spoil_gradient_at`` its gradient alone; more
    than ``most_items`` items do not fit the memory.
    """
    torch.manual_seed(config.seed)
    model = nn.Sequential(nn.Linear(8, 4), nn.Dropout(0.3), nn.Linear(4, 8))
    judge = nn.Linear(8, 1)
    steps_made = 0

    def batches(first_step: int) -> Iterable[Tensor]:
        nonlocal steps_made
        steps_made = first_step
        numbers = sample_numbers(first_step, config.max_steps, batch_size=config.batch_size)
        return read_batches(
            ToySamples(), numbers, batch_size=config.batch_size, num_workers=0, pin_memory=False
        )

    def step(
        modules: Mapping[str, nn.Module], batch: Tensor, generator: torch.Generator
    ) -> Iterator[tuple[str, dict[str, Tensor]]]:
        nonlocal steps_made
        steps_made += 1
        if most_items is not None and len(batch) > most_items:
            raise torch.OutOfMemoryError
        clean = batch.float() / 127.5 - 1
        noisy = clean + 0.1 * torch.randn(clean.shape, generator=generator)
        made = modules["toy"](noisy)
        if critic:
            judged = modules["critic"](made.detach()).mean() - modules["critic"](clean).mean()
            spoilt = float("nan") if steps_made == spoil_at else 1.0
            yield "critic", {"loss": spoilt * judged}
        error = (made - clean).square().mean()
        if steps_made == spoil_at:
            error = error * float("nan")
        if steps_made == spoil_gradient_at:
            made.register_hook(lambda gradient: gradient * float("nan"))
        yield "toy", {"loss": error + 0, "error": error}

    def sample(ema_model: nn.Module, path: Path) -> None:
        assert not ema_model.training
        path.write_bytes(b"strip")

    def validate(ema_model: nn.Module) -> dict[str, float]:
        return {"loss": float(ema_model(torch.ones(1, 8)).square().mean())}

    learners = [Learner("toy", model, build_optimizer(model, config))]
    if critic:
        learners.append(Learner("critic", judge, build_optimizer(judge, config), 0.5))
    return Task("toy", learners, batches, step, sample, validate)


@pytest.fixture
def make_task() -> ToyTask:
    """Return the composer of toy trainings."""
    return toy_task


@pytest.fixture
def train(tmp_path: Path) -> ToyTraining:
    """Return a function that trains the toy in a run folder, resuming what it holds."""

    def train_toy(
        name: str = "run",
        *,
        interruption: Interruption | None = None,
        console: Console | None = None,
        spoil_at: int | None = None,
        spoil_gradient_at: int | None = None,
        most_items: int | None = None,
        critic: bool = False,
        **settings: object,
    ) -> Outcome:
        defaults = {"max_steps": 12, "batch_size": 4, "log_every": 1, "sample_every": 5}
        config = TrainingConfig.model_validate(defaults | settings)
        run: RunFolder = open_run(tmp_path / name, config.model_dump(mode="json"), resume=True)
        fabric = Fabric(accelerator="cpu", devices=1)
        fabric.launch()
        task = toy_task(
            config,
            spoil_at=spoil_at,
            spoil_gradient_at=spoil_gradient_at,
            most_items=most_items,
            critic=critic,
        )
        return run_training(
            fabric,
            task,
            config,
            run,
            interruption=interruption or Interruption(),
            console=console or Console(quiet=True),
        )

    return train_toy
