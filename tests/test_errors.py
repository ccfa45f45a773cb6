"""Errors carry a sentence and an exit status."""

from pathlib import Path

import pytest
import torch

from sonoloop.errors import SonoloopError, UnreadableFileError, UsageError, is_out_of_memory


def test_exit_status_tells_wrong_usage_from_a_failed_run() -> None:
    """Wrong usage is 2, everything else 1, and all can be caught as one."""
    assert UsageError.exit_status == 2
    assert SonoloopError.exit_status == UnreadableFileError.exit_status == 1
    assert issubclass(UsageError, SonoloopError)


def test_unreadable_file_names_file_and_reason() -> None:
    """The message is "file: what was found", and both parts can be read again."""
    error = UnreadableFileError("scans/a.mp4", "has 3 frames, at least 16 are needed")
    assert str(error) == "scans/a.mp4: has 3 frames, at least 16 are needed"
    assert error.path == Path("scans/a.mp4")
    assert error.reason == "has 3 frames, at least 16 are needed"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("shapes differ"), False),
        (OSError("can't allocate memory"), False),
    ],
)
def test_out_of_memory_is_recognised(error: Exception, *, expected: bool) -> None:
    """On a GPU and on a CPU, by kind and by what torch says."""
    assert is_out_of_memory(error) is expected
