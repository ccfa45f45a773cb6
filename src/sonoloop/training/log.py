"""The log of a run: JSON lines, each whole on disk as soon as it is written."""

import json
from collections.abc import Mapping
from pathlib import Path

from sonoloop.atomic_files import refuse_lost, write_atomically


def append_line(path: Path, line: Mapping[str, object]) -> None:
    """Add one line and flush it.

    Args:
        path: Log file; made if missing.
        line: What JSON can hold.

    Raises:
        SonoloopError: If the run folder was removed meanwhile.
    """
    refuse_lost(path)
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def read_lines(path: Path) -> list[dict[str, object]]:
    """Read the whole lines of a log.

    Args:
        path: Log file; need not exist.

    Returns:
        One mapping per line, without a last line that a crash cut short.
    """
    if not path.exists():
        return []
    text = path.read_text()
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def cut_after(path: Path, step: int) -> None:
    """Drop the lines of steps that a resumed run will make again.

    Args:
        path: Log file; need not exist.
        step: Last step that stays.
    """
    kept = [line for line in read_lines(path) if int(str(line["step"])) <= step]
    write_atomically(path, "".join(json.dumps(line) + "\n" for line in kept).encode())
