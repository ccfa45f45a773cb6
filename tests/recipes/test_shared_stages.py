"""Both stages in several processes are those in one: critics, noise and dropout too."""

import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from sonoloop.training.log import read_lines

pytestmark = pytest.mark.slow
PROGRAM = Path(__file__).with_name("shared_stages.py")
LAUNCHER = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
STAGES = ("autoencoder", "diffusion")
STEPS = 5
LONG = "1e9"


def losses(run: Path) -> dict[int, dict[str, float]]:
    """Read the training losses by step; norms of gradients amplify rounding and are left out."""
    return {
        line["step"]: {
            name: value for name, value in line["losses"].items() if "gradient_norm" not in name
        }
        for line in read_lines(run / "log.jsonl")
        if "losses" in line
    }


def assert_same(found: Path, expected: Path) -> None:
    """Every loss of every step agrees to 1e-4."""
    for stage in STAGES:
        ours, theirs = losses(found / stage), losses(expected / stage)
        assert list(ours) == list(theirs) == list(range(1, STEPS + 1))
        for step, terms in theirs.items():
            assert ours[step] == pytest.approx(terms, rel=1e-4, abs=1e-4), (stage, step)
    assert {"patch_critic.loss", "temporal_critic.r1"} <= losses(found / "autoencoder")[3].keys()


def start(
    count: int,
    dataset: Path,
    out: Path,
    stage: str,
    stage_1: Path,
    *settings: str,
    seconds: str = LONG,
) -> None:
    """Train in a number of processes, or in this one; stage 2 from the same stage 1 always."""
    if count == 1:
        runpy.run_path(str(PROGRAM))["train"](
            dataset, out, stage, float(seconds), stage_1, *settings
        )
        return
    words = [str(PROGRAM), str(dataset), str(out), stage, seconds, str(stage_1), *settings]
    command = [*LAUNCHER, "--nproc-per-node", str(count), *words]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def one(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train both stages in this process."""
    out = tmp_path_factory.mktemp("one")
    for stage in STAGES:
        start(1, dataset, out, stage, out / "autoencoder")
    return out


@pytest.mark.parametrize("count", [2, 4])
def test_processes_train_like_one(dataset: Path, one: Path, tmp_path: Path, count: int) -> None:
    """At the same global batch."""
    for stage in STAGES:
        start(count, dataset, tmp_path, stage, one / "autoencoder")
    assert_same(tmp_path, one)
    latents, expected = (
        load_file(out / "diffusion" / "latents.safetensors") for out in (tmp_path, one)
    )
    for name, tensor in expected.items():  # each made a part
        assert torch.equal(latents[name], tensor)
    assert not list((tmp_path / "diffusion").glob(".latents*"))


def test_checkpoints_move_between_numbers_of_processes(
    dataset: Path, one: Path, tmp_path: Path
) -> None:
    """A step in one, two, one, two and four processes in turn, each from the last's checkpoint."""
    for stage in STAGES:
        for count in (1, 2, 1, 2, 4):
            start(count, dataset, tmp_path, stage, one / "autoencoder", seconds="0")
    assert_same(tmp_path, one)


def test_parts_in_two_processes_train_like_one(dataset: Path, tmp_path: Path) -> None:
    """Stage 1 with both critics: gradients meet with the last part alone.

    Without activation norms, which start from the first part, and without Adam, which makes a full
    step of the rounding of a gradient that cancels, such as that of the patch critic's last bias.
    In the fifth step R1, which has trebled by then, differs by 2e-4 without parts too.
    """
    section = "autoencoder_training"
    plain = (
        "critics.patch_norm=none",
        f"{section}.optimizer=sgd",
        f"{section}.learning_rate=0.003",
    )
    one, two = tmp_path / "one", tmp_path / "two"
    start(1, dataset, one, "autoencoder", one, *plain)
    start(2, dataset, two, "autoencoder", two, *plain, f"{section}.accumulate_grad_batches=2")
    expected, found = (losses(run / "autoencoder") for run in (one, two))
    assert {"patch_critic.loss", "temporal_critic.r1"} <= found[3].keys()
    for step in range(1, STEPS):
        assert found[step] == pytest.approx(expected[step], rel=1e-4, abs=1e-4)


def workers(launcher: int) -> Iterator[tuple[int, int]]:
    """Find the processes that torchrun started, by rank."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if parent == launcher:
            ranks = [int(entry[5:]) for entry in environment if entry.startswith(b"RANK=")]
            yield from ((rank, int(folder.name)) for rank in ranks)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux")
@pytest.mark.parametrize(("killed_first", "killed_second"), [(0, 1), (1, 0)])
def test_a_killed_process_changes_nothing(
    dataset: Path, tmp_path: Path, killed_first: int, killed_second: int
) -> None:
    """SIGKILL in the middle of either stage: torchrun starts again, the bytes are the same."""

    def run(out: Path, stage: str, kill: int | None) -> None:
        training = {"batch_size": 4, "max_steps": 12, "log_every": 1, "checkpoint_minutes": 1e-9}
        settings = [f"{stage}_training.{key}={value}" for key, value in training.items()]
        words = ["train", stage, "--data", str(dataset), "--out", str(out / stage)]
        if stage == "diffusion":
            words += ["--autoencoder", str(out / "autoencoder")]
        words += ["--preset", "tiny", "--resume", "--set", *settings]
        launcher = [*LAUNCHER, "--nproc-per-node", "2", "--max-restarts", "1"]
        with subprocess.Popen([*launcher, "-m", "sonoloop", *words]) as process:
            if kill is not None:
                checkpoints = out / stage / "checkpoints"
                while len(list(checkpoints.glob("step-*"))) < 2:
                    assert process.poll() is None
                    time.sleep(0.01)
                os.kill(dict(workers(process.pid))[kill], signal.SIGKILL)
            assert process.wait() == 0

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for stage, rank in zip(STAGES, (killed_first, killed_second), strict=True):
        run(whole, stage, None)
        run(killed, stage, rank)
        assert losses(killed / stage) == losses(whole / stage)
        files = {path.relative_to(whole) for path in (whole / stage).rglob("*.safetensors")}
        assert len(files) == 2 * 3 + (2 if stage == "diffusion" else 1)
        assert all((killed / name).read_bytes() == (whole / name).read_bytes() for name in files)
