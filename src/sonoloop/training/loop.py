"""The one training loop: it knows learners and named losses, no model."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Generic, Literal, NamedTuple

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer

from sonoloop.errors import SonoloopError, is_out_of_memory
from sonoloop.training.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint
from sonoloop.training.config import TrainingConfig
from sonoloop.training.handover import HANDOVER_FILE, write_handover
from sonoloop.training.interruption import Interruption
from sonoloop.training.learning_rate import learning_rate_at
from sonoloop.training.log import append_line, cut_after
from sonoloop.training.loss_record import LossRecord, refuse_non_finite
from sonoloop.training.memory import Tried, fitting_batch_size, memory_sentence
from sonoloop.training.micro_batches import each_part, take_items
from sonoloop.training.optimizer import set_learning_rate
from sonoloop.training.progress import TrainingProgress
from sonoloop.training.random_numbers import seed_step
from sonoloop.training.run_folder import RunFolder
from sonoloop.training.state import TrainingState
from sonoloop.training.task import Batch, Losses, Task


class Outcome(NamedTuple):
    """How a training ended.

    Args:
        step: Steps made in all.
        stopped_by: Why it stopped before max_steps, None if it did not.
        checkpoint: The newest checkpoint.
    """

    step: int
    stopped_by: str | None
    checkpoint: Path | None


class _Prepared(NamedTuple):
    """A learner as Fabric wrapped it."""

    module: nn.Module
    optimizer: Optimizer
    learning_rate_scale: float


class TrainingLoop(Generic[Batch]):
    """Trains a task from the newest checkpoint of a run folder to its last step.

    Args:
        fabric: Launched; knows device, precision and processes.
        task: What to train.
        config: How to train it.
        run: Where checkpoints, log and samples go.
    """

    def __init__(
        self, fabric: Fabric, task: Task[Batch], config: TrainingConfig, run: RunFolder
    ) -> None:
        """Move the learners to the device and load the newest checkpoint, if there is one."""
        self._fabric = fabric
        self._task = task
        self._config = config
        self._run = run
        self._prepared: dict[str, _Prepared] = {}
        for learner in task.learners:
            module, optimizer = fabric.setup(learner.module, learner.optimizer)
            scale = learner.learning_rate_scale
            self._prepared[learner.name] = _Prepared(module, optimizer, scale)
        self._modules = {name: prepared.module for name, prepared in self._prepared.items()}
        self._state = TrainingState(task.learners, ema_decay=config.ema_decay)
        self._checkpoint = latest_checkpoint(run.checkpoints)
        if self._checkpoint is not None:
            self._state.load(load_checkpoint(self._checkpoint))
        if fabric.is_global_zero:
            cut_after(run.log, self._state.step)
        self._logged_step, self._logged_seconds = self._state.step, self._state.seconds
        self._mark = time.monotonic()

    @property
    def step(self) -> int:
        """Steps made so far."""
        return self._state.step

    def train(self, progress: TrainingProgress, interruption: Interruption) -> Outcome:
        """Make the steps that are left, or stop early with a checkpoint.

        Args:
            progress: Shown to people.
            interruption: Asked after every step whether to stop.

        Returns:
            How it ended; also after a signal or at the time limit.

        Raises:
            SonoloopError: If a loss is not finite or a checkpoint cannot be written.
        """
        state, config = self._state, self._config
        stopped_by: str | None = None
        for module in self._modules.values():
            module.train()
        saved_at = self._mark = time.monotonic()
        if not config.max_steps and self._checkpoint is None:
            self._save()
        for batch in self._task.batches(state.step) if state.step < config.max_steps else ():
            self._make_step_that_fits(self._fabric.to_device(batch))
            progress.advance(state.step)
            last = state.step >= config.max_steps
            if last or state.step % config.log_every == 0:
                self._log(progress, interruption.seconds_left)
            if last or state.step % config.sample_every == 0:
                self._look(progress)
            due = time.monotonic() - saved_at > 60 * config.checkpoint_minutes
            stopped_by, due = self._agree(interruption.reason, due=due)
            if last or stopped_by or due:
                self._save()
                saved_at = time.monotonic()
            if last or stopped_by:
                break
        if stopped_by and not interruption.is_urgent and state.step % config.sample_every:
            self._look(progress)
        return Outcome(state.step, stopped_by, self._checkpoint)

    def _make_step_that_fits(self, batch: Batch) -> None:
        """Make a step, or find out which batch would have fitted and say so."""
        config = self._config
        tried = Tried(config.batch_size, self._fabric.world_size, config.accumulate_grad_batches)
        try:
            self._make_step(batch, parts=tried.parts)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        else:
            return
        # Outside the handler: its traceback would keep what the failed step had allocated.
        items = tried.batch_size // tried.num_processes // tried.parts
        fitting = items // 2 or None  # a guess: other processes would not take part in trying
        if tried.num_processes == 1:
            fitting = fitting_batch_size(
                lambda size: self._make_step(take_items(batch, slice(size)), parts=1), items
            )
        task = self._task
        raise SonoloopError(memory_sentence(task.title, tried, fitting, divisible=task.divisible))

    def _make_step(self, batch: Batch, *, parts: int) -> None:
        """Update every learner once, in the order in which the task yields their losses."""
        state, config, world_size = self._state, self._config, self._fabric.world_size
        yielding = [
            self._task.step(
                self._modules,
                take_items(batch, slice(part, None, parts)),
                seed_step(
                    config.seed,
                    state.step,
                    self._fabric.device,
                    rank=self._fabric.global_rank + part * world_size,
                    num_processes=parts * world_size,
                ),
            )
            for part in range(parts)
        ]
        learning_rate = learning_rate_at(state.step, config)
        model = self._task.learners[0]
        record: dict[str, Tensor] = {}
        while (updated := self._update_next(yielding, learning_rate)) is not None:
            name, losses = updated
            record |= self._named(name, losses)
        state.step += 1
        state.ema.update(model.module)
        state.record.add(state.step, record)
        if self._fabric.device.type == "cpu":
            state.record.rows()  # no waiting here: what is not finite is found in its own step

    def _update_next(
        self, yielding: Sequence[Iterator[tuple[str, Losses]]], learning_rate: float
    ) -> tuple[str, Losses] | None:
        """Update the learner whose losses the parts yield next; None after the last learner."""
        total: Losses = {}
        name = ""
        for name, losses in each_part(self._fabric, self._modules.values(), yielding):
            if not total:
                self._prepared[name].optimizer.zero_grad(set_to_none=True)
            if self._fabric.device.type == "cpu":  # torch's warp crashes where a gradient meets NaN
                values = self._named(name, losses).items()
                refuse_non_finite(
                    self.step + 1, {key: float(loss.detach()) for key, loss in values}
                )
            self._fabric.backward(losses["loss"] / len(yielding))
            for key, value in losses.items():
                total[key] = total.get(key, 0.0) + value.detach() / len(yielding)
        if not total:
            return None
        return name, total | self._apply_gradient(self._prepared[name], learning_rate)

    def _named(self, learner: str, losses: Losses) -> Losses:
        """Name the losses of critics after them; those of the model keep their names."""
        prefix = "" if learner == self._task.learners[0].name else f"{learner}."
        return {f"{prefix}{key}": value for key, value in losses.items()}

    def _apply_gradient(self, learner: _Prepared, learning_rate: float) -> Losses:
        """Make one optimiser step; return the gradient's norm where it is clipped."""
        set_learning_rate(learner.optimizer, learning_rate * learner.learning_rate_scale)
        norm = None
        if self._config.gradient_clip != "none":
            norm = self._fabric.clip_gradients(
                learner.module,
                learner.optimizer,
                max_norm=self._config.gradient_clip,
                error_if_nonfinite=False,  # the record names it without waiting for the device
            )
        learner.optimizer.step()
        return {} if norm is None else {"gradient_norm": norm}

    def _log(self, progress: TrainingProgress, seconds_left: float | None) -> None:
        """Write the mean losses since the last line."""
        state, config = self._state, self._config
        losses = self._reduce(state.record.means(), "mean")
        self._count_time()  # after the means, which wait for the device
        clips = (state.step - self._logged_step) * config.batch_size
        clips_per_second = clips / max(state.seconds - self._logged_seconds, 1e-9)
        self._logged_step, self._logged_seconds = state.step, state.seconds
        progress.update(
            state.step,
            loss=losses["loss"],
            clips_per_second=clips_per_second,
            seconds_left=seconds_left,
        )
        if self._fabric.is_global_zero:
            line = {
                "step": state.step,
                "losses": losses,
                "learning_rate": learning_rate_at(state.step - 1, config),
                "clips_per_second": round(clips_per_second, 2),
                "seconds": round(state.seconds, 2),
            }
            append_line(self._run.log, line)

    @torch.no_grad()
    def _look(self, progress: TrainingProgress) -> None:
        """Draw a strip and measure held-out losses with the averaged model."""
        self._count_time()
        ema_model = self._state.ema.ema_model
        if self._fabric.is_global_zero:
            self._task.sample(ema_model, self._run.samples / f"step-{self.step:08d}.png")
            if self._task.validate is not None:
                losses = self._task.validate(ema_model)
                seconds = round(self._state.seconds, 2)
                line = {"step": self.step, "validation": dict(losses), "seconds": seconds}
                append_line(self._run.log, line)
                numbers = ", ".join(f"{name} {value:.4g}" for name, value in losses.items())
                progress.say(f"step {self.step}: validation {numbers}")
        self._fabric.barrier()
        self._mark = time.monotonic()

    def _save(self) -> None:
        """Write a checkpoint and what may go elsewhere, unless a loss is not finite."""
        self._count_time()
        rows = [self._reduce(row, "mean") for row in self._state.record.rows()]
        self._state.record = LossRecord(rows)  # of all processes, as any number may go on
        checkpoint = self._state.to_checkpoint()
        if self._fabric.is_global_zero:
            stage, ema_model = self._task.learners[0].name, self._state.ema.ema_model
            # Before the checkpoint: a run killed between the two makes both again.
            write_handover(self._run.path / HANDOVER_FILE, stage, ema_model, self.step)
            self._checkpoint = save_checkpoint(self._run.checkpoints, checkpoint)
        self._fabric.barrier()
        self._mark = time.monotonic()

    def _agree(self, reason: str | None, *, due: bool) -> tuple[str | None, bool]:
        """Stop and save in all processes at the same step if one of them wants to."""
        wishes = self._reduce({"stop": float(reason is not None), "save": float(due)}, "sum")
        stop, save = wishes["stop"] > 0, wishes["save"] > 0
        return (reason or "another process stopped") if stop else None, save

    def _reduce(self, values: Mapping[str, float], how: Literal["mean", "sum"]) -> dict[str, float]:
        """Combine numbers of all processes."""
        if self._fabric.world_size == 1:
            return dict(values)
        own = torch.tensor(list(values.values()), dtype=torch.float64, device=self._fabric.device)
        combined = self._fabric.all_reduce(own, reduce_op=how)
        return dict(zip(values, torch.as_tensor(combined).tolist(), strict=True))

    def _count_time(self) -> None:
        """Add the time since the mark to the training time."""
        now = time.monotonic()
        self._state.seconds += now - self._mark
        self._mark = now
