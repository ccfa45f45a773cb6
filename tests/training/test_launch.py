"""Lightning Fabric starts with what the config says."""

import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
import torch
from lightning_fabric.plugins import Precision
from safetensors.torch import load_file
from torch import nn

from sonoloop.errors import UsageError
from sonoloop.training.config import TrainingConfig
from sonoloop.training.launch import fabric_on, launch_fabric
from sonoloop.training.log import read_lines


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_precision_is_the_config_s(precision: str) -> None:
    """A layer multiplies in the format asked for and gives float32 back."""
    fabric = launch_fabric(TrainingConfig.model_validate({"precision": precision}))
    layer = fabric.setup(nn.Linear(2, 2))
    with fabric.autocast():
        inner = nn.functional.linear(torch.ones(1, 2, device=fabric.device), layer.weight)
    expected = torch.bfloat16 if precision == "bf16-mixed" else torch.float32
    assert inner.dtype == expected
    assert layer(torch.ones(1, 2, device=fabric.device)).dtype == torch.float32
    assert isinstance(fabric.strategy.precision, Precision)


def test_one_process_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    """And no announcements."""
    fabric = launch_fabric(TrainingConfig(precision="bf16-mixed"))
    assert (fabric.world_size, fabric.global_rank) == (1, 0)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_one_device_whatever_torchrun_says(
    precision: Literal["32-true", "bf16-mixed"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell of a study is one process, also inside a job of several."""
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    fabric = fabric_on("cpu", precision)
    assert (fabric.world_size, fabric.device.type) == (1, "cpu")
    with fabric.autocast():
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.bfloat16 if precision == "bf16-mixed" else torch.float32)


def test_restarts_on_several_machines_need_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torchrun's default store would lead processes to dead ones; the sentence says what to set."""
    for name, value in (
        ("TORCHELASTIC_MAX_RESTARTS", "3"),
        ("TORCHELASTIC_USE_AGENT_STORE", "True"),
        ("GROUP_WORLD_SIZE", "2"),
    ):
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=r"restarts 3 on 2 machines: .*set TORCH_DISABLE_SHA"):
        launch_fabric(TrainingConfig())


PROGRAM = Path(__file__).with_name("shared_training.py")
Start = Callable[..., Path]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Return a function that trains in a number of processes and gives back the run folder."""
    folder = tmp_path_factory.mktemp("shared")

    def start_processes(count: int, name: str, *words: str, restarts: int = 0) -> Path:
        out = folder / name
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        launcher += ["--nproc-per-node", str(count), "--max-restarts", str(restarts)]
        command = [*launcher, str(PROGRAM), str(out), *words]
        result = subprocess.run(command, check=False, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        assert ("Sending process" in result.stderr) == (restarts > 0), result.stderr
        return out

    return start_processes


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train in this process."""
    out = tmp_path_factory.mktemp("alone") / "run"
    runpy.run_path(str(PROGRAM))["train"](out)
    return out


@pytest.fixture(scope="module")
def two(start: Start) -> Path:
    """Train in two processes, undisturbed."""
    return start(2, "two")


def steps_and_losses(run: Path) -> list[object]:
    """Read what a log says, times aside."""
    return [
        (line["step"], line.get("losses"), line.get("validation"))
        for line in read_lines(run / "log.jsonl")
    ]


def assert_same(run: Path, other: Path) -> None:
    """Losses and averaged weights agree, to rounding; each step is there once."""
    found, expected = (
        [line for line in read_lines(each / "log.jsonl") if "losses" in line]
        for each in (run, other)
    )
    assert [line["step"] for line in found] == [line["step"] for line in expected]
    assert [line["step"] for line in found] == [1, 2, 3, 4, 5, 6]
    for line, one in zip(found, expected, strict=True):
        assert line["losses"] == pytest.approx(one["losses"], rel=1e-5)
    weights = [
        load_file(each / "checkpoints" / "step-00000006" / "ema.safetensors")
        for each in (run, other)
    ]
    torch.testing.assert_close(*weights, rtol=1e-5, atol=1e-7)


def test_two_processes_train_like_one(one: Path, two: Path) -> None:
    """Under torchrun with gloo, losses and weights equal those of one process, to rounding."""
    assert_same(two, one)


@pytest.mark.slow
@pytest.mark.parametrize(("count", "parts"), [(4, 1), (2, 2)])
def test_so_do_four_and_parts(one: Path, start: Start, count: int, parts: int) -> None:
    """Four processes, and two that take their share of the batch in parts."""
    assert_same(start(count, f"{count}-{parts}", "--parts", str(parts)), one)


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1), (2, 4)])
def test_a_checkpoint_moves(one: Path, start: Start, before: int, after: int) -> None:
    """Three steps in some processes, three in others."""
    name = f"{before}-to-{after}"
    start(before, name, "--steps", "3")
    assert_same(start(after, name), one)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rank", "step"), [("0", "0"), ("0", "4"), ("0", "checkpoint"), ("1", "4")]
)
def test_a_killed_process_is_restarted(two: Path, start: Start, rank: str, step: str) -> None:
    """All are started again; they go on from the last checkpoint and end with the same bytes.

    Process 0 holds the folder's lock and writes; it is killed with a whole but unnamed checkpoint,
    before there is any, and midway; process 1 while the other waits for it.
    """
    run = start(2, f"killed-{rank}-{step}", "--kill", rank, step, restarts=1)
    assert steps_and_losses(run) == steps_and_losses(two)
    names = {path.relative_to(two) for path in two.rglob("*") if path.is_file()}
    assert {path.relative_to(run) for path in run.rglob("*") if path.is_file()} == names
    weights = [name for name in names if name.suffix == ".safetensors"]
    assert len(weights) == 2 * 3 + 1
    assert all((run / name).read_bytes() == (two / name).read_bytes() for name in weights)
