"""What changes while a training runs, and its way to a checkpoint and back."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.training.checkpoint import Checkpoint
from sonoloop.training.ema import Ema
from sonoloop.training.loss_record import LossRecord
from sonoloop.training.optimizer import load_optimizer_tensors, optimizer_tensors
from sonoloop.training.task import Learner


class TrainingState:
    """Learners, averaged model, losses not yet logged, step and time.

    Random numbers and the place in the data follow from the step.

    Args:
        learners: Their modules on the device already; the first is averaged.
        ema_decay: Of the averaged model.
    """

    def __init__(self, learners: Sequence[Learner], *, ema_decay: float) -> None:
        """Start at step 0."""
        self.learners = learners
        self.ema = Ema(learners[0].module, ema_decay)
        self.record = LossRecord()
        self.step = 0
        self.seconds = 0.0

    def to_checkpoint(self) -> Checkpoint:
        """Collect everything that going on needs.

        Returns:
            A checkpoint that shares memory with the learners.

        Raises:
            SonoloopError: If a loss since the last line of the log, or a weight, is not finite.
        """
        rows = self.record.rows()
        self._refuse_lost_weights()
        model: dict[str, Tensor] = {}
        optimizer: dict[str, Tensor] = {}
        for learner in self.learners:
            name = learner.name
            model |= _prefixed(name, learner.module.state_dict())
            optimizer |= _prefixed(name, optimizer_tensors(learner.module, learner.optimizer))
        return Checkpoint(
            step=self.step,
            model=model,
            ema=self.ema.ema_model.state_dict(),
            optimizer=optimizer,
            state={
                "seconds": self.seconds,
                "ema_updates": self.ema.num_updates,
                "unlogged_losses": rows,
            },
        )

    def _refuse_lost_weights(self) -> None:
        """Refuse weights that a last gradient spoilt although the loss was finite."""
        for name, weight in self.ema.ema_model.named_parameters():
            if not weight.isfinite().all():
                msg = (
                    f"step {self.step}: {name} is not finite, so training stopped and the last "
                    "checkpoint stays: lower the learning_rate, or set gradient_clip"
                )
                raise SonoloopError(msg)

    def load(self, checkpoint: Checkpoint) -> None:
        """Go on where a checkpoint was taken.

        Args:
            checkpoint: Of the same learners.

        Raises:
            SonoloopError: If its weights belong to another model.
        """
        try:
            for learner in self.learners:
                learner.module.load_state_dict(_without_prefix(learner.name, checkpoint.model))
                tensors = _without_prefix(learner.name, checkpoint.optimizer)
                load_optimizer_tensors(learner.module, learner.optimizer, tensors)
            self.ema.ema_model.load_state_dict(dict(checkpoint.ema))
        except (KeyError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[-1].strip()
            msg = (
                f"the checkpoint of step {checkpoint.step} does not fit this model ({reason}): "
                "it was written by another version; start a new run in another --out"
            )
            raise SonoloopError(msg) from error
        state = checkpoint.state
        self.step = checkpoint.step
        self.seconds = float(str(state["seconds"]))
        self.ema.num_updates = int(str(state["ema_updates"]))
        rows = state["unlogged_losses"]
        self.record = LossRecord(rows if isinstance(rows, list) else ())


def _prefixed(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{name}.{key}": tensor for key, tensor in tensors.items()}


def _without_prefix(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    prefix = f"{name}."
    return {
        key.removeprefix(prefix): tensor
        for key, tensor in tensors.items()
        if key.startswith(prefix)
    }
