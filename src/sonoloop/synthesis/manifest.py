"""The table beside the clips: what made each of them, as Parquet for programs and CSV for eyes."""

import io
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Final

import polars as pl

from sonoloop.atomic_files import write_atomically
from sonoloop.checksums import SUMS_FILE, damaged_files, sha256_of, write_sums
from sonoloop.errors import UsageError
from sonoloop.parquet_files import read_parquet

PARQUET_FILE: Final = "manifest.parquet"
CSV_FILE: Final = "manifest.csv"

SCHEMA: Final[dict[str, type[pl.DataType]]] = {
    "source": pl.String,
    "source_sha256": pl.String,
    "sample": pl.Int64,
    "seed": pl.Int64,
    "model": pl.String,
    "model_sha256": pl.String,
    "trained_on": pl.String,
    "sampler": pl.String,
    "num_inference_steps": pl.Int64,
    "label": pl.String,
    "motion": pl.Float64,
    "guidance_scale": pl.Float64,
    "loop": pl.Boolean,
    "motion_source": pl.String,
    "motion_sha256": pl.String,
    "motion_start_s": pl.Float64,
    "software": pl.String,
    "num_frames": pl.Int64,
    "height": pl.Int64,
    "width": pl.Int64,
    "frame_rate_hz": pl.Float64,
    "pixel_spacing_height_mm": pl.Float64,
    "pixel_spacing_width_mm": pl.Float64,
    "typicality_distance": pl.Float64,
    "typicality_threshold": pl.Float64,
    "atypical": pl.Boolean,
    "unusual": pl.Boolean,
    "seconds": pl.Float64,
    "marked": pl.Boolean,
    "mp4": pl.String,
    "gif": pl.String,
    "npy": pl.String,
    "dicom": pl.String,
    "nifti": pl.String,
    "mha": pl.String,
    "strip": pl.String,
    "mp4_sha256": pl.String,
    "gif_sha256": pl.String,
    "npy_sha256": pl.String,
    "dicom_sha256": pl.String,
    "nifti_sha256": pl.String,
    "mha_sha256": pl.String,
    "strip_sha256": pl.String,
}
"""One row per clip; file names are relative to the manifest's folder, null where not written."""

FILE_COLUMNS: Final = ("mp4", "gif", "npy", "dicom", "nifti", "mha", "strip")
"""Columns of file names; each has another one of checksums."""

LATER_COLUMNS: Final[dict[str, bool | None]] = {
    "dicom": None,
    "nifti": None,
    "mha": None,
    "label": None,
    "motion": None,
    "guidance_scale": None,
    "loop": False,
    "motion_source": None,
    "motion_sha256": None,
    "motion_start_s": None,
    "mp4_sha256": None,
    "gif_sha256": None,
    "npy_sha256": None,
    "dicom_sha256": None,
    "nifti_sha256": None,
    "mha_sha256": None,
    "strip_sha256": None,
}
"""What the rows of a manifest without these columns have in them."""

Row = Mapping[str, object]
Key = tuple[object, ...]


def row_key(row: Row) -> Key:
    """Identify a clip: the same still, seed, sample and motion source have one row."""
    names = ("source", "source_sha256", "seed", "sample", "motion_sha256")
    return tuple(row.get(name) for name in names)


class Manifest:
    """Rows by clip; read from a folder if one is there.

    Args:
        folder: Where the clips are.

    Raises:
        UsageError: If the folder holds a manifest that cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        """Read what earlier runs wrote."""
        self.folder = folder
        self._rows: dict[Key, Row] = {}
        path = folder / PARQUET_FILE
        if not path.is_file():
            return
        try:
            table = read_parquet(path)
            later = [
                pl.lit(value, SCHEMA[name]).alias(name)
                for name, value in LATER_COLUMNS.items()
                if name not in table.columns
            ]
            table = table.with_columns(later).select(list(SCHEMA))
        except (pl.exceptions.PolarsError, OSError) as error:
            msg = f"{path} is no manifest of synthetic clips: remove it or choose another --out"
            raise UsageError(msg) from error
        self._rows = {row_key(row): row for row in table.iter_rows(named=True)}

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self._rows)

    def rows(self) -> list[Row]:
        """Give the rows of all clips."""
        return list(self._rows.values())

    def find(self, key: Key) -> Row | None:
        """Return the row of a clip, None if there is none."""
        return self._rows.get(key)

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows with the checksums of their files, replacing those of the same clips."""
        for row in rows:
            self._rows[row_key(row)] = {**row, **self._checksums(row)}

    def _checksums(self, row: Row) -> dict[str, str]:
        """Hash the files that lie here, unless whoever wrote them has done so."""
        return {
            f"{kind}_sha256": sha256_of(self.folder / str(row[kind]))
            for kind in FILE_COLUMNS
            if row.get(kind) is not None
            and row.get(f"{kind}_sha256") is None
            and (self.folder / str(row[kind])).is_file()
        }

    def write(self) -> None:
        """Write both files, each complete or not at all, and their checksums."""
        table = pl.DataFrame(list(self._rows.values()), schema=SCHEMA).sort(
            "source", "seed", "sample"
        )
        buffer = io.BytesIO()
        table.write_parquet(buffer)
        write_atomically(self.folder / PARQUET_FILE, buffer.getvalue())
        write_atomically(self.folder / CSV_FILE, table.write_csv().encode())
        write_sums(self.folder, (PARQUET_FILE, CSV_FILE))


def damaged_clips(folder: Path, names: Container[str]) -> dict[str, str]:
    """Compare clips with the checksums in the manifest beside them, and it with its own.

    Args:
        folder: Where clips and manifest are; without a manifest nothing can be told.
        names: Files to compare, as far as the manifest has a checksum of them.

    Returns:
        What is wrong, by the name of the file.
    """
    wrong = damaged_files(folder)
    damaged = dict.fromkeys(wrong, f"differs from its checksum in {SUMS_FILE}")
    if PARQUET_FILE in damaged or not (folder / PARQUET_FILE).is_file():
        return damaged
    try:
        rows = read_parquet(folder / PARQUET_FILE).to_dicts()
    except (pl.exceptions.PolarsError, OSError) as error:
        return damaged | {PARQUET_FILE: f"cannot be read ({error})"}
    expected = {
        row[kind]: row[f"{kind}_sha256"]
        for row in rows
        for kind in FILE_COLUMNS
        if row.get(kind) in names and row.get(f"{kind}_sha256")
    }
    return damaged | {
        name: f"differs from its checksum in {PARQUET_FILE}"
        for name, digest in expected.items()
        if (folder / name).is_file() and sha256_of(folder / name) != digest
    }
