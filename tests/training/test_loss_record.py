"""Losses between two lines of the log."""

import pytest
import torch

from sonoloop.errors import SonoloopError
from sonoloop.training.loss_record import LossRecord


def test_means_are_over_the_steps_that_had_the_loss() -> None:
    """A loss that begins later is averaged over its own steps."""
    record = LossRecord()
    record.add(1, {"loss": torch.tensor(1.0)})
    record.add(2, {"loss": torch.tensor(2.0), "critic.loss": torch.tensor(5.0)})
    assert record.means() == {"loss": 1.5, "critic.loss": 5.0}
    record.add(3, {"loss": torch.tensor(4.0)})
    assert record.means() == {"loss": 4.0}


def test_rows_go_through_a_restart() -> None:
    """Means over an interrupted interval equal those over a whole one."""
    whole, before = LossRecord(), LossRecord()
    for step in range(5):
        loss = {"loss": torch.rand(())}
        whole.add(step, loss)
        if step < 3:
            before.add(step, loss)
            after = LossRecord(before.rows())
        else:
            after.add(step, loss)
    assert whole.means() == after.means()


def test_first_bad_step_is_named() -> None:
    """Step 2 is the cause, step 3 its consequence; the healthy loss is not blamed."""
    record = LossRecord()
    record.add(1, {"loss": torch.tensor(1.0), "l1": torch.tensor(1.0)})
    record.add(2, {"loss": torch.tensor(float("inf")), "l1": torch.tensor(1.0)})
    record.add(3, {"loss": torch.tensor(float("nan")), "l1": torch.tensor(float("nan"))})
    with pytest.raises(SonoloopError, match=r"^step 2: loss = inf, so training stopped"):
        record.means()
