"""What goes wrong in a user's hands, each as one clear sentence.

The command line prints the message of a ``SonoloopError`` without a traceback and exits with
``exit_status``. A message names the file or setting, the value found and what to do about it.
"""

from pathlib import Path
from typing import ClassVar


class SonoloopError(Exception):
    """A failure the user can understand and act on."""

    exit_status: ClassVar[int] = 1


class UsageError(SonoloopError):
    """A wrong argument, setting or combination of them: nothing was started."""

    exit_status: ClassVar[int] = 2


class UnreadableFileError(SonoloopError):
    """A file that cannot be used; other files may still be.

    Args:
        path: The file.
        reason: What was found, with the value ("has 3 frames, at least 16 are needed").
    """

    def __init__(self, path: Path | str, reason: str) -> None:
        """Compose the sentence from the file and what was found in it."""
        super().__init__(f"{path}: {reason}")
        self.path = Path(path)
        self.reason = reason

    def __reduce__(self) -> tuple[type["UnreadableFileError"], tuple[Path, str], dict[str, object]]:
        """Travel between processes."""
        return type(self), (self.path, self.reason), self.__dict__


class LeftOutError(UnreadableFileError):
    """A file that is not wanted, such as a video too short for a clip: no fault of the file."""


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory was over, on a GPU or on a CPU; knows torch's errors without torch."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
