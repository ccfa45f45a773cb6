"""Early stopping: end where held-out loss no longer falls, and keep the best weights.

Everything but the weights is read from the log, so a resumed training decides the same.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from torch import nn

from sonoloop.atomic_files import write_atomically
from sonoloop.training.log import read_lines
from sonoloop.training.run_folder import RunFolder
from sonoloop.training.sealed_tensors import seal

BEST_WEIGHTS: Final = "best.safetensors"


class EarlyStopping:
    """Watches the held-out losses of one run.

    Args:
        run: Its folder.
        patience: Epochs without a lower loss after which to stop.
        step: Step from which the training goes on; later lines of the log do not count.
        epoch: Steps of an epoch; what is measured between two, at a time limit, does not count.
    """

    def __init__(self, run: RunFolder, patience: int, *, step: int, epoch: int) -> None:
        """Read the losses there are."""
        self._path = run.path / BEST_WEIGHTS
        self._patience = patience
        self._epoch = epoch
        self._losses = held_out_losses(run, up_to=step, epoch=epoch)

    def see(self, model: nn.Module, figures: Mapping[str, float], step: int) -> None:
        """Note the loss of an epoch and keep the weights if it is the lowest so far.

        Args:
            model: What was measured.
            figures: With "loss".
            step: Steps made.
        """
        if step % self._epoch:
            return
        if figures["loss"] < min(self._losses, default=float("inf")):
            write_atomically(self._path, seal(model.state_dict(), {}))
        self._losses.append(figures["loss"])

    def reason(self) -> str | None:
        """Say why to stop, None to go on."""
        if not self._losses:
            return None
        since = len(self._losses) - 1 - self._losses.index(min(self._losses))
        if since < self._patience:
            return None
        return f"the validation loss has not fallen for {since} epochs"


def held_out_losses(run: RunFolder, *, up_to: int, epoch: int) -> list[float]:
    """Read the validation losses of a run at the ends of epochs, in their order.

    Args:
        run: Its folder.
        up_to: Last step that counts.
        epoch: Steps of an epoch.
    """
    losses = []
    for line in read_lines(run.log):
        figures, step = line.get("validation"), int(str(line["step"]))
        if isinstance(figures, dict) and step <= up_to and step % epoch == 0:
            losses.append(float(figures["loss"]))
    return losses


def best_weights(path: Path) -> Path | None:
    """Find the weights early stopping kept.

    Args:
        path: Run folder.
    """
    kept = path / BEST_WEIGHTS
    return kept if kept.is_file() else None
