"""Commands that are ended anywhere go on and make the same files; the script that shows it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kill_anywhere.py"


def ended(how: str, kills: int, *commands: str) -> list[str]:
    """Run the script on little; return the line of each command, and faults below it."""
    size = ["--steps", "5", "--phantoms", "6"]
    result = subprocess.run(
        [
            sys.executable,
            SCRIPT,
            "--how",
            how,
            "--kills",
            str(kills),
            *size,
            "--commands",
            *commands,
        ],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.splitlines()


def test_killed_commands_end_as_if_they_had_not_been() -> None:
    """SIGKILL at random moments of the three that people run most."""
    lines = ended("kill", 2, "prepare", "autoencoder", "synthesize")
    assert [line.split(",")[0] for line in lines] == [
        "kill prepare: 2 ends",
        "kill autoencoder: 2 ends",
        "kill synthesize: 2 ends",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill", "term", "removed"])
@pytest.mark.parametrize("command", ["prepare", "diffusion", "synthesize", "evaluate"])
def test_more_of_the_same(how: str, command: str) -> None:
    """Also SIGTERM, and a folder that is deleted meanwhile."""
    [line] = ended(how, 5, command)
    assert line.startswith(f"{how} {command}: 5 ends")


@pytest.mark.slow
def test_a_study_goes_on() -> None:
    """Its generators and classifiers are trainings too."""
    [line] = ended("kill", 3, "study")
    assert line.startswith("kill study: 3 ends")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.parametrize("how", ["full", "read-only"])
@pytest.mark.parametrize("command", ["prepare", "autoencoder", "synthesize", "evaluate"])
def test_disks_that_take_no_more(how: str, command: str) -> None:
    """One sentence, and all is well once there is room."""
    [line] = ended(how, 2, command)
    assert line.startswith(f"{how} {command}: ")
