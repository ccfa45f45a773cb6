"""Folders of evaluations and trainings become one HTML file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from sonoloop.atomic_files import write_atomically
from sonoloop.errors import UsageError
from sonoloop.report.evaluation_folder import EvaluationFolder
from sonoloop.report.page import Part, page
from sonoloop.report.records import RECORD_FILE
from sonoloop.report.training_run import CONFIG_FILE, TrainingRun
from sonoloop.report.training_section import training_title

SUFFIXES: Final = (".html", ".htm")
LARGE_BYTES: Final = 50_000_000
"""From here on a page is slow on a phone and too large for most mail."""


def report(
    runs: Sequence[Path], *, out: Path, title: str | None = None, console: Console | None = None
) -> None:
    """Read runs and write the page.

    Args:
        runs: Folders of evaluations and trainings, in the order of the page.
        out: HTML file to write.
        title: Stands on top; None takes the name of the only run.
        console: Where to report; None takes the terminal.

    Raises:
        UsageError: If a folder is neither, is damaged or is given twice, or ``out`` is no HTML
            file.
    """
    console = console or Console()
    if out.suffix.lower() not in SUFFIXES or out.is_dir():
        msg = f"--out {out} is no HTML file: give a name that ends in .html"
        raise UsageError(msg)
    if not runs:
        msg = "no run given: give the --out of 'sonoloop evaluate' or 'sonoloop train'"
        raise UsageError(msg)
    seen: set[Path] = set()
    for path in runs:
        if path.resolve() in seen:
            msg = f"{path} is given twice: give each run once"
            raise UsageError(msg)
        seen.add(path.resolve())
    parts = [read_part(path) for path in runs]
    content = page(title or _default_title(parts), parts).encode()
    write_atomically(out, content)
    size = f"{len(content) / 1e6:.1f} MB"
    if len(content) > LARGE_BYTES:
        size += ", large for a phone or a mail: evaluate with fewer loops for a smaller one"
    console.print(f"{out}: {size}", highlight=False, markup=False, soft_wrap=True)


def read_part(folder: Path) -> Part:
    """Read one folder as what it is.

    Args:
        folder: Of an evaluation, or of a training.

    Raises:
        UsageError: If it is neither.
    """
    if (folder / RECORD_FILE).is_file():
        return EvaluationFolder.read(folder)
    if (folder / CONFIG_FILE).is_file():
        return TrainingRun.read(folder)
    msg = (
        f"{folder} holds neither an evaluation ({RECORD_FILE}) nor a training ({CONFIG_FILE}): "
        "give the --out of 'sonoloop evaluate' or 'sonoloop train'"
    )
    raise UsageError(msg)


def _default_title(parts: Sequence[Part]) -> str:
    if len(parts) > 1:
        return "sonoloop report"
    (part,) = parts
    return part.record.title if isinstance(part, EvaluationFolder) else training_title(part)
