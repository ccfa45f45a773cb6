"""Both stages in two processes are those in one: critics, noise, augmentation and dropout too."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from sonoloop.training.log import read_lines


def losses(run: Path) -> dict[int, dict[str, float]]:
    """Read the training losses by step; norms of gradients amplify rounding and are left out."""
    return {
        line["step"]: {
            name: value for name, value in line["losses"].items() if "gradient_norm" not in name
        }
        for line in read_lines(run / "log.jsonl")
        if "losses" in line
    }


@pytest.mark.slow
def test_two_processes_train_like_one(dataset: Path, tmp_path: Path) -> None:
    """Losses to 1e-4 at the same global batch; then one process goes on where two stopped."""
    program = Path(__file__).with_name("shared_stages.py")
    train = runpy.run_path(str(program))["train"]
    one, two = tmp_path / "one", tmp_path / "two"
    train(dataset, one)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command = [*launcher, "--nproc-per-node", "2", str(program), str(dataset), str(two)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    for place in (one, two):
        train(dataset, place, stage_1_steps=4, stage_2_steps=0)
    for stage, steps in {"stage1": 4, "stage2": 3}.items():
        expected, found = losses(one / stage), losses(two / stage)
        assert list(expected) == list(found) == list(range(1, steps + 1))
        for step, terms in expected.items():
            assert found[step] == pytest.approx(terms, rel=1e-4, abs=1e-4)
    assert {"patch_critic.loss", "temporal_critic.r1"} <= losses(two / "stage1")[3].keys()
