"""Where files came from: what made a loop, or that it was not made here."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl
from rich.console import Console

from sonoloop.data.limited_reading import FIRST_FRAMES_LIMITS
from sonoloop.data.links import leads_out, why_not_followed
from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.limited_process import LimitedProcess
from sonoloop.parquet_files import read_parquet
from sonoloop.synthesis.manifest import PARQUET_FILE, damaged_clips
from sonoloop.synthesis.provenance import Provenance, read_provenance

IN_MANIFEST: Final = {".npy": "npy", ".nii.gz": "nifti"}
"""Files that cannot say themselves what made them -> the manifest's column that names them."""

SUFFIXES: Final = (".mp4", ".gif", ".png", ".dcm", ".mha", *IN_MANIFEST)
"""Files that loops and their pictures are written to."""


def provenance(files: Sequence[Path], *, as_json: bool, console: Console | None = None) -> int:
    """Tell of every file which model, seed and still made it, and whether it is as it was written.

    Args:
        files: Files, and folders whose loops and manifests are all looked at.
        as_json: One JSON object a line instead of sentences.
        console: Where to say it; None takes the terminal.

    Returns:
        Number of files that were not made here or differ from their checksum.

    Raises:
        UsageError: If there is nothing to look at.
    """
    console = console or Console()
    num_bad = 0
    found, folders = _expanded(files), [path for path in files if path.is_dir()]
    outside = {
        path: why_not_followed(folder)
        for folder in folders
        for path in found
        if path.is_relative_to(folder) and leads_out(path, folder)
    }
    whole = [path for path in found if path not in outside]
    damaged = _damaged(whole, folders) | outside
    with LimitedProcess() as process:
        for path in [*found, *sorted(damaged.keys() - set(found))]:
            wrong = damaged.get(path)
            try:
                if wrong is not None:
                    raise UnreadableFileError(path, wrong)  # noqa: TRY301 - said like any other
                made_by = find_provenance(path, read=partial(_read_elsewhere, process))
            except UnreadableFileError as error:
                num_bad += 1
                line = _json(path, None, wrong) if as_json else str(error)
            else:
                line = _json(path, made_by) if as_json else f"{path}: {sentence(made_by)}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    return num_bad


def _damaged(files: Sequence[Path], folders: Sequence[Path]) -> dict[Path, str]:
    """Find what differs from its checksum; manifests only in folders that were asked about."""
    names: dict[Path, set[str]] = {}
    for path in files:
        names.setdefault(path.parent, set()).add(path.name)
    damaged: dict[Path, str] = {}
    for place, inside in names.items():
        wrong = damaged_clips(place, inside)
        if PARQUET_FILE in wrong:  # whoever reads it may crash
            untold = f"is described by {PARQUET_FILE}, which differs from its checksum"
            wrong = {name: untold for name in inside if name.endswith(tuple(IN_MANIFEST))} | wrong
        is_asked = any(place.is_relative_to(folder) for folder in folders)
        damaged |= {
            place / name: text for name, text in wrong.items() if is_asked or name in inside
        }
    return damaged


def _read_elsewhere(process: LimitedProcess, path: Path) -> Provenance:
    return process.call(read_provenance, path, path=path, limits=FIRST_FRAMES_LIMITS)


def find_provenance(
    path: Path, *, read: Callable[[Path], Provenance] = read_provenance
) -> Provenance:
    """Read the provenance inside a file, or of an npy or NIfTI file in the manifest beside it.

    Args:
        path: An mp4, gif, png, DICOM, MHA, npy or NIfTI file.
        read: Reads what is inside a file.

    Raises:
        UnreadableFileError: If the file was not made here, or its provenance is gone.
    """
    name = path.name.lower()
    column = next((one for suffix, one in IN_MANIFEST.items() if name.endswith(suffix)), None)
    if column is None:
        return read(path)
    manifest = path.parent / PARQUET_FILE
    try:
        table = read_parquet(manifest)
        row = table.row(by_predicate=pl.col(column) == path.name, named=True)
        known = {field.name: row[field.name] for field in fields(Provenance) if field.name in row}
        return Provenance(**known)
    except (pl.exceptions.PolarsError, OSError, TypeError) as error:
        reason = f"a {column} file carries no provenance, and no {PARQUET_FILE} beside it names it"
        raise UnreadableFileError(path, reason) from error


def sentence(made_by: Provenance) -> str:
    """Say how a loop was made.

    Args:
        made_by: Its provenance.
    """
    asked = [
        f"{name} {value}"
        for name, value in (
            ("label", made_by.label),
            ("motion", made_by.motion),
            ("guidance scale", made_by.guidance_scale),
            ("motion of", made_by.motion_source),
        )
        if value is not None
    ]
    return (
        f"SYNTHETIC, made by {made_by.software} from {made_by.source} (SHA-256 "
        f"{made_by.source_sha256[:16]}...), model {made_by.model} (SHA-256 "
        f"{made_by.model_sha256[:16]}...), "
        + ", ".join([f"seed {made_by.seed}", f"sample {made_by.sample}", *asked])
    )


def _expanded(files: Sequence[Path]) -> list[Path]:
    """List the files of folders in their place."""
    found: list[Path] = []
    for path in files:
        if path.is_dir():
            inside = sorted(
                file for file in path.rglob("*") if file.name.lower().endswith(SUFFIXES)
            )
            if not inside:
                msg = f"the folder {path} holds no {', '.join(SUFFIXES)} file"
                raise UsageError(msg)
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            msg = f"there is no file or folder {path}"
            raise UsageError(msg)
    if not found:
        msg = "give at least one file or folder"
        raise UsageError(msg)
    return found


def _json(path: Path, made_by: Provenance | None, damaged: str | None = None) -> str:
    found = None if made_by is None else asdict(made_by)
    return json.dumps({"file": str(path), "sonoloop": found, "damaged": damaged}, sort_keys=True)
