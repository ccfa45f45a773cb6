"""One run at a time writes a folder."""

import fcntl
import os
import shutil
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from subprocess import Popen

import pytest

from sonoloop.atomic_files import write_atomically
from sonoloop.errors import SonoloopError, UsageError
from sonoloop.folder_claim import CLAIM_FILE, claimed, claimed_output

Elsewhere = Callable[[Path], AbstractContextManager[Popen[str]]]


def write_claim(folder: Path, process: int, host: str | None = None) -> None:
    """Leave the file of another process, which holds no lock."""
    (folder / CLAIM_FILE).write_text(f"{process} {host or socket.gethostname()}")


def test_a_claim_lasts_as_long_as_the_work(tmp_path: Path) -> None:
    """Also when the work fails."""
    with claimed(tmp_path):
        # Looked at by another descriptor, which ends the lock when it is closed.
        assert (tmp_path / CLAIM_FILE).read_text().startswith(f"{os.getpid()} ")
    assert not list(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt), claimed(tmp_path):
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_what_a_living_process_writes_is_refused(
    tmp_path: Path, claimed_elsewhere: Elsewhere
) -> None:
    """And its claim stays until it ends."""
    with claimed_elsewhere(tmp_path) as process:
        with (
            pytest.raises(UsageError, match=rf"another run \(process {process.pid} on .*--out$"),
            claimed(tmp_path),
        ):
            pass
        with pytest.raises(UsageError, match="another run"), claimed_output(tmp_path):
            pass
        assert (tmp_path / CLAIM_FILE).exists()
    with claimed(tmp_path):
        pass


def test_a_killed_process_holds_nothing_and_its_half_written_files_go(
    tmp_path: Path, claimed_elsewhere: Elsewhere
) -> None:
    """Other hidden files stay, and so does what a link leads to."""
    outside = tmp_path / "outside"
    (tmp_path / "run" / "clips").mkdir(parents=True)
    outside.mkdir()
    (tmp_path / "run" / "link").symlink_to(outside)
    half = [tmp_path / "run" / ".log.jsonl.17.part", tmp_path / "run" / "clips" / ".a.mp4.3.part"]
    others = [tmp_path / "run" / ".part", tmp_path / "run" / "a.7.part", outside / ".b.5.part"]
    with claimed_elsewhere(tmp_path / "run") as process:
        for path in half + others:
            path.touch()
        process.kill()
    assert (tmp_path / "run" / CLAIM_FILE).exists()
    with claimed(tmp_path / "run"):
        pass
    assert not any(path.exists() for path in [*half, tmp_path / "run" / CLAIM_FILE])
    assert all(path.exists() for path in others)


def test_a_living_process_of_the_same_number_does_not_matter(tmp_path: Path) -> None:
    """Numbers are used again, and another computer's process cannot be asked: the lock decides."""
    for host in (None, "elsewhere"):
        write_claim(tmp_path, os.getppid(), host)
        with claimed(tmp_path):
            pass


def test_a_folder_is_claimed_once_in_a_process(tmp_path: Path) -> None:
    """The system's lock would not tell two threads apart."""
    with claimed(tmp_path):
        with pytest.raises(UsageError, match=f"process {os.getpid()}"), claimed(tmp_path):
            pass
        assert (tmp_path / CLAIM_FILE).exists()


def test_without_locks_the_process_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, or where a file system knows none."""

    def refuse(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    with claimed(tmp_path):
        pass
    write_claim(tmp_path, os.getppid())
    with pytest.raises(UsageError, match="wait for it"), claimed(tmp_path):
        pass
    write_claim(tmp_path, 1, "elsewhere")
    with pytest.raises(UsageError, match=r"elsewhere.*if it is gone, remove"), claimed(tmp_path):
        pass
    write_claim(tmp_path, os.getpid())  # of an earlier process with our number
    with claimed(tmp_path):
        pass


def test_nothing_is_written_into_a_folder_that_was_removed(tmp_path: Path) -> None:
    """It would look like a whole one; what another run has put in its place is left alone."""
    folder = tmp_path / "run"

    def lose(*, again: bool) -> None:
        with claimed_output(folder):
            shutil.rmtree(folder)
            if again:
                folder.mkdir()
                write_claim(folder, os.getppid())
            write_atomically(folder / "deep" / "weights.bin", b"w")

    for again in (False, True):
        with pytest.raises(SonoloopError, match="run was removed or replaced while this run"):
            lose(again=again)
        assert [path.name for path in folder.rglob("*")] == [CLAIM_FILE] * again
    write_atomically(folder / "weights.bin", b"w")


def test_a_lost_folder_is_the_reason_why_a_file_is_not_found(tmp_path: Path) -> None:
    """Also where nothing was written after it."""
    for error in (FileNotFoundError("log.jsonl"), None):
        (tmp_path / "run").mkdir(exist_ok=True)

        def lose(error: OSError | None = error) -> None:
            with claimed(tmp_path / "run"):
                shutil.rmtree(tmp_path / "run")
                if error is not None:
                    raise error

        with pytest.raises(SonoloopError, match="was removed or replaced"):
            lose()


def test_a_folder_made_for_nothing_goes_again(tmp_path: Path) -> None:
    """One that was there, or holds something, stays."""
    with claimed_output(tmp_path / "a" / "new"):
        pass
    assert not (tmp_path / "a" / "new").exists()
    with claimed_output(tmp_path / "a"):
        pass
    with claimed_output(tmp_path / "b"):
        (tmp_path / "b" / "c").touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_folder_that_cannot_be_written_is_wrong_usage(tmp_path: Path) -> None:
    """A file stands in the way."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(UsageError, match=r"cannot be written \(Not a dir.*\); choose another --out"),
        claimed_output(tmp_path / "file" / "out"),
    ):
        pass
