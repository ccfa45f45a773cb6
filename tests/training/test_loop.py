"""Training goes on exactly where it stopped, and stops when it should."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from sonoloop.errors import SonoloopError
from sonoloop.training.interruption import Interruption
from sonoloop.training.log import read_lines
from sonoloop.training.loop import Outcome

Train = Callable[..., Outcome]


class AfterSteps(Interruption):
    """Stops after a number of questions, one of which is asked per step."""

    def __init__(self, steps: int) -> None:
        """Count down from ``steps``."""
        super().__init__()
        self.left = steps

    @property
    def reason(self) -> str | None:
        """Say so once the count is used up."""
        self.left -= 1
        return "the test says so" if self.left <= 0 else None


def losses_by_step(run: Path) -> dict[int, object]:
    """Read losses and validation losses of a log."""
    lines = read_lines(run / "log.jsonl")
    return {int(str(line["step"])): line["losses"] for line in lines if "losses" in line}


def weights(outcome: Outcome, name: str) -> dict[str, torch.Tensor]:
    """Read one file of the newest checkpoint."""
    assert outcome.checkpoint is not None
    return load_file(outcome.checkpoint / f"{name}.safetensors")


@pytest.mark.parametrize("critic", [False, True])
def test_resumed_training_equals_uninterrupted_one(
    train: Train, tmp_path: Path, *, critic: bool
) -> None:
    """Stopped at steps 3 and 7, losses, weights, averages and running means are bit-identical."""
    whole = train("whole", critic=critic)
    train("parts", interruption=AfterSteps(3), critic=critic)
    train("parts", interruption=AfterSteps(4), critic=critic)
    parts = train("parts", critic=critic)
    assert whole.step == parts.step == 12
    assert losses_by_step(tmp_path / "whole") == losses_by_step(tmp_path / "parts")
    for name in ("model", "ema", "optimizer"):
        expected, found = weights(whole, name), weights(parts, name)
        assert expected.keys() == found.keys()
        assert all(torch.equal(expected[key], found[key]) for key in expected)


def test_mean_over_a_logging_interval_survives_a_restart(train: Train, tmp_path: Path) -> None:
    """A line of the log that spans the interruption has the same mean."""
    train("whole", log_every=4)
    train("parts", interruption=AfterSteps(6), log_every=4)
    train("parts", log_every=4)
    assert list(losses_by_step(tmp_path / "whole")) == [4, 8, 12]
    assert losses_by_step(tmp_path / "whole") == losses_by_step(tmp_path / "parts")


def test_log_after_the_checkpoint_is_made_again(train: Train, tmp_path: Path) -> None:
    """A killed run's log may be ahead of its checkpoint; resuming leaves no step twice."""
    train("run", interruption=AfterSteps(3))
    log = tmp_path / "run" / "log.jsonl"
    with log.open("a") as file:
        file.write(json.dumps({"step": 4, "losses": {"loss": -1.0}}) + '\n{"step": 5, "los')
    train("run")
    assert list(losses_by_step(tmp_path / "run")) == list(range(1, 13))
    assert losses_by_step(tmp_path / "run")[4] != {"loss": -1.0}


def test_training_lowers_the_loss(train: Train, tmp_path: Path) -> None:
    """The loop trains: 300 steps lower the loss."""
    train(max_steps=300, learning_rate=0.02, warmup_steps=0, log_every=20, sample_every=300)
    means = [line["loss"] for line in losses_by_step(tmp_path / "run").values()]  # type: ignore[index]
    assert means[-1] < 0.8 * means[0]


def test_not_a_number_stops_and_keeps_the_last_checkpoint(train: Train, tmp_path: Path) -> None:
    """The sentence names step and losses; the checkpoint before stays and is finite."""
    train(interruption=AfterSteps(3))
    with pytest.raises(SonoloopError, match=r"step 5: loss = nan, error = nan.*--resume"):
        train(spoil_at=5, log_every=2)
    kept = tmp_path / "run" / "checkpoints" / "step-00000003" / "model.safetensors"
    assert all(tensor.isfinite().all() for tensor in load_file(kept).values())
    assert train().step == 12


def test_not_a_number_is_found_in_its_own_step(train: Train) -> None:
    """Long before the next line of the log; a gradient too, and no loss that is NaN has one.

    On a CPU, where torch's warp crashes the process if NaN comes into its gradient.
    """
    with pytest.raises(SonoloopError, match="step 3: gradient_norm = nan"):
        train("gradient", spoil_gradient_at=3, log_every=100)
    with pytest.raises(SonoloopError, match="step 4: loss = nan, error = nan, so"):
        train("loss", spoil_at=4, log_every=100)
    with pytest.raises(SonoloopError, match=r"step 2: critic\.loss = nan, so"):
        train("critic", critic=True, spoil_at=2, log_every=100)


def test_signal_leads_to_a_checkpoint(train: Train, tmp_path: Path) -> None:
    """SIGTERM between two steps stops with a checkpoint and gives the handler back."""
    before = signal.getsignal(signal.SIGTERM)

    class Killed(Interruption):
        @property
        def reason(self) -> str | None:
            os.kill(os.getpid(), signal.SIGTERM)
            return super().reason

    outcome = train(interruption=Killed())
    assert outcome.step == 1
    assert outcome.stopped_by == "SIGTERM received"
    assert (tmp_path / "run" / "checkpoints" / "step-00000001").is_dir()
    assert signal.getsignal(signal.SIGTERM) is before


def test_time_limit_leaves_checkpoint_and_samples(train: Train, tmp_path: Path) -> None:
    """--max-seconds stops after the step under way, draws a strip and validates."""
    outcome = train(interruption=Interruption(max_seconds=0.0))
    assert outcome.step == 1
    assert outcome.stopped_by == "the 0 seconds given are over"
    assert (tmp_path / "run" / "samples" / "step-00000001.png").exists()


def test_samples_come_every_few_steps_and_at_the_end(train: Train, tmp_path: Path) -> None:
    """With sample_every 5 and 12 steps: 5, 10 and 12, each with validation losses."""
    train()
    names = sorted(path.name for path in (tmp_path / "run" / "samples").iterdir())
    assert names == ["step-00000005.png", "step-00000010.png", "step-00000012.png"]
    lines = read_lines(tmp_path / "run" / "log.jsonl")
    assert [line["step"] for line in lines if "validation" in line] == [5, 10, 12]


def test_checkpoints_come_with_the_clock(train: Train, tmp_path: Path) -> None:
    """With a checkpoint due at every step, the last two stay."""
    train(checkpoint_minutes=1e-9)
    names = sorted(path.name for path in (tmp_path / "run" / "checkpoints").glob("step-*"))
    assert names == ["step-00000011", "step-00000012"]


def test_finished_run_has_nothing_to_do(train: Train) -> None:
    """Resuming a whole run makes no step; a larger max_steps makes the rest."""
    assert train().step == 12
    assert train() == (12, None, train().checkpoint)
    assert train(max_steps=15).step == 15


def test_no_steps_keep_the_first_weights(train: Train) -> None:
    """A run that others can build on; steps can be added."""
    kept = train(max_steps=0)
    assert (kept.step, train(max_steps=0)) == (0, kept)
    model, averaged = weights(kept, "model"), weights(kept, "ema")
    for name, value in averaged.items():
        assert torch.equal(value, model[f"toy.{name}"])
    assert train(max_steps=3).step == 3


def test_critic_is_logged_and_kept_beside_the_model(train: Train, tmp_path: Path) -> None:
    """A second learner has its own losses, weights and running means, but no average."""
    outcome = train(critic=True)
    last = losses_by_step(tmp_path / "run")[12]
    assert isinstance(last, dict)
    assert set(last) == {
        "loss", "error", "gradient_norm", "critic.loss", "critic.gradient_norm",
    }  # fmt: skip
    assert {"critic.weight", "toy.0.weight"} <= weights(outcome, "model").keys()
    assert "critic.weight|exp_avg" in weights(outcome, "optimizer")
    assert "0.weight" in weights(outcome, "ema")


def test_weights_that_are_not_finite_are_not_saved(train: Train, tmp_path: Path) -> None:
    """A loss may still be finite when its step spoilt the weights; the checkpoint before stays."""
    train(interruption=AfterSteps(3), gradient_clip="none")
    with pytest.raises(SonoloopError, match=r"step 4: .*weight is not finite.*checkpoint stays"):
        train(interruption=AfterSteps(1), gradient_clip="none", spoil_gradient_at=4)
    assert [path.name for path in (tmp_path / "run" / "checkpoints").glob("step-*")] == [
        "step-00000003"
    ]


@pytest.mark.parametrize(
    ("most", "parts", "message"),
    [
        (1, 1, r"toy_training.batch_size 8; 1 at a time .*--set toy_training.*batches=8, which"),
        (3, 1, r"toy_training.batch_size 8; 2 at a time .*accumulate_grad_batches=4, which"),
        (3, 2, r"toy_training.batch_size 8 in 2 parts; 2 at a .*accumulate_grad_batches=4, which"),
        (0, 1, r"toy_training.batch_size 8, and with 1: close other programs"),
    ],
)
def test_out_of_memory_says_what_fits(train: Train, most: int, parts: int, message: str) -> None:
    """Found by trying; the checkpoint before stays, and the run goes on as the sentence says."""
    train(interruption=AfterSteps(2), batch_size=8)
    with pytest.raises(SonoloopError, match=f"out of memory with {message}"):
        train(most_items=most, batch_size=8, accumulate_grad_batches=parts)
    count = 8 // most if most == 1 else 4
    assert train(most_items=most or 8, batch_size=8, accumulate_grad_batches=count).step == 12


@pytest.mark.parametrize("critic", [False, True])
def test_parts_of_a_batch_go_on_exactly_too(train: Train, tmp_path: Path, *, critic: bool) -> None:
    """Stopped and resumed, weights and losses are those of one go in parts."""
    settings = {"critic": critic, "accumulate_grad_batches": 2}
    whole = train("whole", **settings)
    train("parts", interruption=AfterSteps(5), **settings)
    parts = train("parts", **settings)
    assert losses_by_step(tmp_path / "whole") == losses_by_step(tmp_path / "parts")
    for name in ("model", "ema", "optimizer"):
        expected, found = weights(whole, name), weights(parts, name)
        assert all(torch.equal(expected[key], found[key]) for key in expected)
