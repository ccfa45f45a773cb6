"""Early stopping decides by the held-out losses in the log."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from sonoloop.classification.early_stopping import EarlyStopping, best_weights, held_out_losses
from sonoloop.training.log import append_line
from sonoloop.training.run_folder import RunFolder


def _run(folder: Path, losses: list[float]) -> RunFolder:
    run = RunFolder(folder)
    append_line(run.log, {"step": 1, "losses": {"loss": 9.0}})
    for number, loss in enumerate(losses, 1):
        append_line(run.log, {"step": 10 * number, "validation": {"loss": loss, "accuracy": 0.5}})
    return run


@pytest.mark.parametrize(
    ("losses", "stops"),
    [
        ([], False),
        ([3.0, 2.0, 1.0], False),
        ([1.0, 2.0], False),
        ([1.0, 2.0, 2.0], True),
        ([3.0, 4.0, 2.0, 2.0], False),
    ],
)
def test_it_stops_after_two_epochs_without_a_lower_loss(
    losses: list[float], *, stops: bool, tmp_path: Path
) -> None:
    """Patience 2, counted from the lowest loss so far; an equal loss is not lower."""
    stopping = EarlyStopping(_run(tmp_path, losses), 2, step=1000, epoch=10)
    assert (stopping.reason() is not None) == stops


def test_lines_after_the_checkpoint_do_not_count(tmp_path: Path) -> None:
    """A resumed training makes these epochs again."""
    run = _run(tmp_path, [1.0, 2.0, 3.0])
    assert held_out_losses(run, up_to=20, epoch=10) == [1.0, 2.0]
    assert EarlyStopping(run, 2, step=20, epoch=10).reason() is None


def test_the_best_weights_are_kept(tmp_path: Path) -> None:
    """Those of the lowest loss at the end of an epoch: neither the last nor one in between."""
    assert best_weights(tmp_path) is None
    model = nn.Linear(1, 1, bias=False)
    stopping = EarlyStopping(_run(tmp_path, [4.0]), 2, step=10, epoch=10)
    for step, weight, loss in ((20, 1.0, 3.0), (30, 2.0, 2.5), (40, 3.0, 2.6), (44, 4.0, 1.0)):
        nn.init.constant_(model.weight, weight)
        stopping.see(model, {"loss": loss}, step)
    kept = best_weights(tmp_path)
    assert kept is not None
    torch.testing.assert_close(load_file(kept)["weight"], torch.tensor([[2.0]]))
