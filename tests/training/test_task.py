"""A task is plain data."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError

import pytest
from torch import Tensor

from sonoloop.training.config import TrainingConfig
from sonoloop.training.task import Task


def test_task_cannot_change_under_the_loop(make_task: Callable[..., Task[Tensor]]) -> None:
    """Learners and step are fixed once the loop has them."""
    task = make_task(TrainingConfig())
    with pytest.raises(FrozenInstanceError):
        task.learners = ()  # type: ignore[misc]
    assert [learner.name for learner in task.learners] == ["toy"]
