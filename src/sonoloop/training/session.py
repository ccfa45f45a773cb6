"""A training as people see it: where it runs, how far it is, how it ended."""

from lightning_fabric import Fabric
from rich.console import Console

from sonoloop.training.config import TrainingConfig
from sonoloop.training.interruption import Interruption
from sonoloop.training.loop import Outcome, TrainingLoop
from sonoloop.training.precision import resolve_precision
from sonoloop.training.progress import TrainingProgress
from sonoloop.training.run_folder import RunFolder
from sonoloop.training.task import Batch, Task


def run_training(
    fabric: Fabric,
    task: Task[Batch],
    config: TrainingConfig,
    run: RunFolder,
    *,
    interruption: Interruption,
    console: Console,
) -> Outcome:
    """Train a task to its end or to an interruption and say so.

    Args:
        fabric: Launched.
        task: What to train.
        config: How to train it.
        run: Its folder; training goes on from its newest checkpoint.
        interruption: Decides when to stop early; entered here.
        console: Where people read.

    Returns:
        How it ended.

    Raises:
        SonoloopError: If a loss is not finite or a checkpoint cannot be written.
    """
    with interruption:
        loop = TrainingLoop(fabric, task, config, run)
        weights = sum(weight.numel() for weight in task.learners[0].module.parameters())
        precision = resolve_precision(config.precision, fabric.device.type)
        progress = TrainingProgress(
            console if fabric.is_global_zero else Console(quiet=True),
            task.title,
            max_steps=config.max_steps,
            step=loop.step,
        )
        progress.say(
            f"{task.title}: {weights / 1e6:.2f} million weights, batch {config.batch_size}, "
            f"{fabric.device.type} in {precision}, from step {loop.step} to {config.max_steps}"
        )
        with progress:
            outcome = loop.train(progress, interruption)
        if interruption.is_urgent:  # perhaps only while the last files were written
            outcome = outcome._replace(stopped_by=interruption.reason)
    if outcome.stopped_by is None:
        progress.say(
            f"{task.title}: done after {outcome.step} steps, weights and log in {run.path}"
        )
    elif interruption.is_final:
        progress.say(
            f"{task.title}: done after {outcome.step} of {config.max_steps} steps because "
            f"{outcome.stopped_by}, weights and log in {run.path}"
        )
    else:
        progress.say(
            f"{task.title}: stopped at step {outcome.step} of {config.max_steps} because "
            f"{outcome.stopped_by}; to resume, run the same command again with --resume"
        )
    return outcome
