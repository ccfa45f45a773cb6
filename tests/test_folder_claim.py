"""One run at a time writes a folder."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sonoloop.errors import UsageError
from sonoloop.folder_claim import CLAIM_FILE, check_free, claimed


def write_claim(folder: Path, process: int, host: str | None = None) -> None:
    """Write the claim of another process."""
    (folder / CLAIM_FILE).write_text(f"{process} {host or socket.gethostname()}")


def test_a_claim_lasts_as_long_as_the_work(tmp_path: Path) -> None:
    """Also when the work fails."""
    with claimed(tmp_path):
        assert (tmp_path / CLAIM_FILE).read_text().startswith(f"{os.getpid()} ")
    assert not list(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt), claimed(tmp_path):
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_what_a_living_process_writes_is_refused(tmp_path: Path) -> None:
    """And its claim stays."""
    write_claim(tmp_path, os.getppid())
    with pytest.raises(UsageError, match=rf"another run \(process {os.getppid()} on .*--out"):
        check_free(tmp_path)
    with pytest.raises(UsageError, match="remove"), claimed(tmp_path):
        pass
    assert (tmp_path / CLAIM_FILE).exists()


def test_the_claim_of_another_computer_is_believed(tmp_path: Path) -> None:
    """Its processes cannot be asked."""
    write_claim(tmp_path, 1, "elsewhere")
    with pytest.raises(UsageError, match="process 1 on elsewhere"):
        check_free(tmp_path)


def test_what_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    """As after kill -9 or a power cut."""
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        check=True,
        capture_output=True,
        text=True,
    )
    write_claim(tmp_path, int(done.stdout))
    with claimed(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_free(tmp_path: Path) -> None:
    """Before it is made."""
    check_free(tmp_path / "new")


def test_a_claim_that_is_just_being_written_counts(tmp_path: Path) -> None:
    """The file is there before its content."""
    (tmp_path / CLAIM_FILE).touch()
    with pytest.raises(UsageError, match="just starting"):
        check_free(tmp_path)
