"""One run at a time writes a folder: it holds a lock that ends with the process.

The lock is the system's, on a file that names the process for people. A process that was killed,
or a computer that lost its power, leaves the file but not the lock. Record locks (``lockf``) are
taken rather than ``flock``, because a forked reader of clips must not inherit them: it may outlive
its killed parent by seconds. They end when the process closes any descriptor of the file, so it
is opened once. Where a file system knows no locks, and on Windows, the process that
the file names is believed if it still runs.
"""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from sonoloop.atomic_files import clear_unfinished, guarded, is_guarded, refuse_lost
from sonoloop.errors import UsageError

CLAIM_FILE: Final = ".in-use"


@contextmanager
def claimed_output(folder: Path) -> Iterator[None]:
    """Make the folder of a run and claim it; one made for nothing goes again.

    Args:
        folder: It need not exist.

    Raises:
        UsageError: If it cannot be written or is in use: nothing was started.
        SonoloopError: If it was removed or replaced meanwhile.
    """
    is_new = not folder.exists()
    try:
        with ExitStack() as stack:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(claimed(folder))
            except OSError as error:
                msg = f"{folder}: cannot be written ({error.strerror}); choose another --out"
                raise UsageError(msg) from error
            yield
    finally:
        if is_new:
            with suppress(OSError):  # most often it is not empty
                folder.rmdir()


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder, and clear away what a killed one was just writing.

    While it lasts, no file of ``sonoloop.atomic_files`` is written if the folder is removed.

    Args:
        folder: It exists.

    Raises:
        UsageError: If it is in use.
        SonoloopError: If the folder was removed or replaced meanwhile.
    """
    claim = folder / CLAIM_FILE
    _refuse_own(claim)
    was_left = claim.exists()
    descriptor = _take(claim)
    try:
        with suppress(OSError):  # a full disk: the name is for people, the lock is held
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()} {socket.gethostname()}".encode())
        with guarded(claim):
            if was_left:
                clear_unfinished(folder)
            try:
                yield
            except OSError:
                refuse_lost(claim)  # then this is why a file was not found
                raise
            refuse_lost(claim)
    finally:
        if _is_at(descriptor, claim):
            claim.unlink(missing_ok=True)
        os.close(descriptor)


def _refuse_own(claim: Path) -> None:
    """Refuse what this process holds, without opening the file: closing it would end the lock."""
    if is_guarded(claim):
        raise UsageError(_refusal(claim, str(os.getpid()), socket.gethostname()))


def _take(claim: Path) -> int:
    """Open the file and lock it; the file of a run that is just ending may vanish meanwhile."""
    while True:
        descriptor = os.open(claim, os.O_RDWR | os.O_CREAT, 0o666)
        is_ours = _lock(descriptor, claim)
        if is_ours and _is_at(descriptor, claim):
            return descriptor
        os.close(descriptor)
        if not is_ours:
            raise UsageError(_refusal(claim, *_owner(claim)))


def _lock(descriptor: int, claim: Path) -> bool:
    """Lock the open file for this process; False if another one has it."""
    try:
        import fcntl  # noqa: PLC0415 - Windows has none

        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except (ImportError, OSError):  # no locks on this system or in this folder
        return not _names_a_running_process(claim)
    return True


def _is_at(descriptor: int, claim: Path) -> bool:
    """Tell whether the open file still is the one of that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), claim.stat())
    except FileNotFoundError:
        return False


def _refusal(claim: Path, process: str, host: str) -> str:
    owner = f" (process {process} on {host})" if host else ""
    elsewhere = "" if host in {"", socket.gethostname()} else f"; if it is gone, remove {claim}"
    return (
        f"{claim.parent} is being written by another run{owner}: wait for it or choose another "
        f"--out{elsewhere}"
    )


def _owner(claim: Path) -> tuple[str, str]:
    """Read which process took the folder, on which computer; empty words if it says nothing."""
    try:
        process, _, host = claim.read_text().partition(" ")
    except OSError:
        return "", ""
    return process, host


def _names_a_running_process(claim: Path) -> bool:
    process, host = _owner(claim)
    if host != socket.gethostname() or not process.isdecimal():
        return bool(host)  # of another computer, whose processes cannot be asked
    if int(process) == os.getpid():
        return False  # of an earlier process with our number: this one is only asking
    if sys.platform == "win32":
        return True  # cannot be asked there without ending it
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
