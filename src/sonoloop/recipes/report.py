"""Folders of evaluations, trainings, studies and audits become one HTML file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from sonoloop.atomic_files import write_atomically
from sonoloop.errors import UsageError
from sonoloop.report.audit_record import AUDIT_FILE, read_audit
from sonoloop.report.evaluation_folder import EvaluationFolder
from sonoloop.report.page import Part, page, part_title
from sonoloop.report.records import RECORD_FILE
from sonoloop.report.study_record import STUDY_FILE, read_study
from sonoloop.report.training_run import CONFIG_FILE, TrainingRun

SUFFIXES: Final = (".html", ".htm")
COMMANDS: Final = "'sonoloop evaluate', 'train', 'study' or 'audit'"
READERS: Final[dict[str, Callable[[Path], Part]]] = {
    RECORD_FILE: EvaluationFolder.read,
    STUDY_FILE: read_study,
    AUDIT_FILE: read_audit,
    CONFIG_FILE: TrainingRun.read,
}
"""File of a folder -> what reads it."""

LARGE_BYTES: Final = 50_000_000
"""From here on a page is slow on a phone and too large for most mail."""


def report(
    runs: Sequence[Path], *, out: Path, title: str | None = None, console: Console | None = None
) -> None:
    """Read runs and write the page.

    Args:
        runs: Folders of evaluations, trainings, studies and audits, in the order of the page.
        out: HTML file to write.
        title: Stands on top; None takes the name of the only run.
        console: Where to report; None takes the terminal.

    Raises:
        UsageError: If a folder is none of these, is damaged or is given twice, or ``out`` is no
            HTML file.
    """
    console = console or Console()
    if out.suffix.lower() not in SUFFIXES or out.is_dir():
        msg = f"--out {out} is no HTML file: give a name that ends in .html"
        raise UsageError(msg)
    if not runs:
        msg = f"no run given: give the --out of {COMMANDS}"
        raise UsageError(msg)
    seen: set[Path] = set()
    for path in runs:
        if path.resolve() in seen:
            msg = f"{path} is given twice: give each run once"
            raise UsageError(msg)
        seen.add(path.resolve())
    parts = [read_part(path) for path in runs]
    default = part_title(parts[0]) if len(parts) == 1 else "sonoloop report"
    content = page(title or default, parts).encode()
    write_atomically(out, content)
    size = f"{len(content) / 1e6:.1f} MB"
    if len(content) > LARGE_BYTES:
        size += ", large for a phone or a mail: evaluate with fewer loops for a smaller one"
    console.print(f"{out}: {size}", highlight=False, markup=False, soft_wrap=True)


def read_part(folder: Path) -> Part:
    """Read one folder as what it is.

    Args:
        folder: Of an evaluation, a study, an audit or a training.

    Raises:
        UsageError: If it is none of them.
    """
    for name, read in READERS.items():
        if (folder / name).is_file():
            return read(folder)
    msg = f"{folder} holds none of {', '.join(READERS)}: give the --out of {COMMANDS}"
    raise UsageError(msg)
