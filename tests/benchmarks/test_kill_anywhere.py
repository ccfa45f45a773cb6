"""Commands that are ended anywhere go on and make the same files; the script that shows it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kill_anywhere.py"


def ended(how: str, kills: int, *commands: str) -> list[tuple[str, str]]:
    """Run the script on little; return each command with how often it was ended."""
    words = [sys.executable, SCRIPT, "--how", how, "--kills", str(kills), "--commands", *commands]
    phantoms = [] if "study" in commands else ["--phantoms", "6"]  # a study divides its patients
    result = subprocess.run(
        [*words, *phantoms],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert result.returncode == 0, result.stdout + result.stderr
    rows = [line.split(" | ") for line in result.stdout.splitlines()[2:]]
    return [(row[1].strip("`"), row[2]) for row in rows]


def test_a_killed_command_ends_as_if_it_had_not_been() -> None:
    """SIGKILL at random moments of the first that people run."""
    assert ended("kill", 3, "prepare") == [("prepare", "3")]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill", "term", "removed"])
@pytest.mark.parametrize("command", ["autoencoder", "diffusion", "synthesize", "evaluate", "study"])
def test_so_do_the_others(how: str, command: str) -> None:
    """Also by SIGTERM, and when the folder is deleted meanwhile."""
    assert ended(how, 4, command) == [(command, "4")]


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.parametrize(("how", "ends"), [("full", "2"), ("read-only", "1")])
def test_disks_that_take_no_more(how: str, ends: str) -> None:
    """One sentence, and all is well once there is room."""
    commands = ("prepare", "autoencoder", "diffusion", "synthesize", "evaluate")
    assert ended(how, 2, *commands) == [(command, ends) for command in commands]
