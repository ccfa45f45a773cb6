"""What a checkpoint holds of a running training."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.training.config import TrainingConfig
from sonoloop.training.state import TrainingState
from sonoloop.training.task import Task

MakeTask = Callable[..., Task[Tensor]]


def test_state_goes_through_a_checkpoint(make_task: MakeTask) -> None:
    """Step, time, averages and unlogged losses come back."""
    state = TrainingState(make_task(TrainingConfig(seed=1)).learners, ema_decay=0.5)
    state.step, state.seconds = 3, 1.25
    state.record.add(3, {"loss": torch.tensor(2.0)})
    state.ema.update(state.learners[0].module)
    other = TrainingState(make_task(TrainingConfig(seed=2)).learners, ema_decay=0.5)
    other.load(state.to_checkpoint())
    assert (other.step, other.seconds, other.ema.num_updates) == (3, 1.25, 1)
    assert other.record.means() == {"loss": 2.0}
    pairs = zip(state.ema.ema_model.parameters(), other.ema.ema_model.parameters(), strict=True)
    assert all(torch.equal(one, two) for one, two in pairs)


def test_checkpoint_of_another_model_is_refused(make_task: MakeTask) -> None:
    """The sentence says what does not fit."""
    state = TrainingState(make_task(TrainingConfig()).learners, ema_decay=0.5)
    checkpoint = replace(state.to_checkpoint(), model={"toy.0.weight": torch.zeros(1)})
    with pytest.raises(SonoloopError, match=r"step 0 does not fit this model .*another --out"):
        state.load(checkpoint)
