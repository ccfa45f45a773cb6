"""The job script for SLURM, run by bash with stand-ins for SLURM's commands."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from torch.distributed.run import parse_args

from sonoloop.cli.main import main
from sonoloop.training.log import read_lines

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "slurm" / "train.sbatch"
SCONTROL = """#!/bin/sh
if [ "$1" = show ]; then printf 'node-a\\nnode-b\\n'; else echo "$@" >> "$RECORD/scontrol"; fi
"""
RECORDING_SRUN = """#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word"; done > "$RECORD/srun-$(ls "$RECORD" | wc -l)"
"""
WAITING_SRUN = """#!/bin/sh
trap 'echo heard >> "$RECORD/signal"; exit 1' TERM
echo $$ > "$RECORD/pid"
while :; do sleep 0.1; done
"""
TRAINING_SRUN = """#!/bin/sh
shift 2 # --kill-on-bad-exit=0 torchrun
echo $$ > "$RECORD/pid"
exec "$PYTHON" -m torch.distributed.run "$@"
"""
SCANCEL = """#!/bin/sh
kill "-${1#--signal=}" "$(cat "$RECORD/pid")"
"""
SONOLOOP = """#!/bin/sh
exec "$PYTHON" -m sonoloop "$@"
"""
Stand = Callable[..., dict[str, str]]

BASH = shutil.which("bash") or ""
pytestmark = pytest.mark.skipif(not BASH, reason="needs bash")


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """Return a function that writes stand-ins and gives the environment of a job."""

    def write(*, srun: str, sonoloop: str = SONOLOOP, **changed: str) -> dict[str, str]:
        places = {name: tmp_path / name for name in ("bin", "record")}
        for place in places.values():
            place.mkdir(exist_ok=True)
        programs = {"scontrol": SCONTROL, "srun": srun, "scancel": SCANCEL, "sonoloop": sonoloop}
        for name, text in programs.items():
            (places["bin"] / name).write_text(text)
            (places["bin"] / name).chmod(0o755)
        return os.environ | {
            "PATH": f"{places['bin']}:{os.environ['PATH']}",
            "RECORD": str(places["record"]),
            "PYTHON": sys.executable,
            "SLURM_JOB_ID": "77",
            "SLURM_JOB_NODELIST": "node-[a-b]",
            "SLURM_NNODES": "2",
            "SLURM_GPUS_ON_NODE": "4",
            **changed,
        }

    return write


def start(environment: Mapping[str, str], *words: str | Path) -> "subprocess.Popen[bytes]":
    """Start the script."""
    return subprocess.Popen([BASH, str(SCRIPT), *map(str, words)], env=environment)


def wait_for(condition: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    """Wait until something is so, while the script runs."""
    deadline = time.monotonic() + 300
    while not condition():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_header_comes_first() -> None:
    """SLURM reads its options only before the first command; bash finds no mistake."""
    lines = SCRIPT.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line and not line.startswith("#"))
    assert sum(line.startswith("#SBATCH --") for line in lines[:first]) >= 8
    assert not any(line.startswith("#SBATCH") for line in lines[first:])
    assert subprocess.run([BASH, "-n", str(SCRIPT)], check=False).returncode == 0


def test_what_it_starts_is_understood(
    stand: Stand, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Torchrun's own parser and ours take every word of both lines."""
    settings = "autoencoder_training.accumulate_grad_batches=4"
    environment = stand(
        srun=RECORDING_SRUN, sonoloop=RECORDING_SRUN, STAGE_1=f"--set {settings}", PRESET="tiny"
    )
    assert start(environment, "data set", tmp_path / "out").wait() == 0
    srun = sorted((tmp_path / "record").iterdir())
    *stages, export = [path.read_text().splitlines() for path in srun]
    printed = []
    for stage in stages:
        options = parse_args(stage[stage.index("torchrun") + 1 :])
        assert (options.nnodes, options.nproc_per_node, options.max_restarts) == ("2", "4", 3)
        assert (options.rdzv_endpoint, options.rdzv_id) == ("node-a:29500", "77")
        assert (options.module, options.training_script) == (True, "sonoloop")
        assert "--resume" in options.training_script_args
        assert "data set" in options.training_script_args
        with pytest.raises(SystemExit) as stop:
            main([*options.training_script_args, "--dry-run"])
        assert stop.value.code == 0
        printed.append(capsys.readouterr().out)
    assert [
        f'accumulate_grad_batches": {n}' in text for n, text in zip((4, 4), printed, strict=True)
    ] == [True, False]
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    known = capsys.readouterr().out
    assert export[0] == "export"
    assert all(word in known for word in export if word.startswith("--"))


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGTERM])
def test_a_job_that_must_end_saves_and_queues_again(
    stand: Stand, tmp_path: Path, number: signal.Signals
) -> None:
    """Every process is asked to end; only then does the job go back into the queue."""
    process = start(stand(srun=WAITING_SRUN), "dataset", tmp_path / "out")
    record = tmp_path / "record"
    wait_for((record / "pid").exists, process)
    process.send_signal(number)
    assert process.wait(timeout=60) == 0
    assert (record / "signal").read_text() == "heard\n"
    assert (record / "scontrol").read_text() == "requeue 77\n"


@pytest.mark.slow
def test_pre_empted_and_queued_again_it_ends(dataset: Path, stand: Stand, tmp_path: Path) -> None:
    """Two processes, asked to end in the middle of stage 1; the second turn trains what is left."""
    stages = {
        f"STAGE_{number}": " ".join(
            f"--set {name}_training.{key}={value}"
            for key, value in {"batch_size": 4, "max_steps": 30, "log_every": 1}.items()
        )
        for number, name in ((1, "autoencoder"), (2, "diffusion"))
    }
    environment = stand(
        srun=TRAINING_SRUN,
        PRESET="tiny",
        SLURM_NNODES="1",
        SLURM_GPUS_ON_NODE="2",
        **stages,
    )
    scontrol = tmp_path / "bin" / "scontrol"
    scontrol.write_text(SCONTROL.replace("node-a\\nnode-b", "localhost"))
    out = tmp_path / "out"
    log = out / "autoencoder" / "log.jsonl"
    first = start(environment, dataset, out)
    wait_for(lambda: len(read_lines(log)) > 2, first)
    first.send_signal(signal.SIGUSR1)
    assert first.wait(timeout=300) == 0
    assert (tmp_path / "record" / "scontrol").read_text() == "requeue 77\n"
    made = [line["step"] for line in read_lines(log) if "losses" in line]
    assert len(made) < 30
    assert list((out / "autoencoder" / "checkpoints").glob(f"step-{made[-1]:08}"))
    assert start(environment, dataset, out).wait(timeout=600) == 0
    for stage in ("autoencoder", "diffusion"):
        lines = read_lines(out / stage / "log.jsonl")
        assert [line["step"] for line in lines if "losses" in line] == list(range(1, 31))
    assert (out / "model" / "weights.safetensors").is_file()
