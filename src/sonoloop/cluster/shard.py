"""Make one shard: some stills in, an archive of loops and their rows out."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from sonoloop.checksums import SUMS_FILE
from sonoloop.cluster.folder_bytes import write_archive
from sonoloop.cluster.shard_folder import COLUMNS, SHARD, STILL_KEY, ShardFolder
from sonoloop.cluster.still_listing import ListedStill, fetch
from sonoloop.errors import UnreadableFileError
from sonoloop.synthesis.batch import synthesize_batch
from sonoloop.synthesis.batch_options import BatchOptions, BatchResult, StillFile
from sonoloop.synthesis.clip_names import file_sha256
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.manifest import CSV_FILE, PARQUET_FILE

NAME_DIGITS = 20


@dataclass(frozen=True)
class ShardReport:
    """What became of the stills of a shard; small, since a driver reads very many.

    Args:
        num_stills: How many there were.
        num_loops: How many loops were made.
        num_unusual: Stills unlike the model's training data.
        failures: Sentences about stills that could not be used.
        warnings: What was unusual in stills, each with how often.
    """

    num_stills: int
    num_loops: int
    num_unusual: int
    failures: tuple[str, ...]
    warnings: Mapping[str, int]


def shard_name(settings: Mapping[str, object], stills: Sequence[ListedStill]) -> str:
    """Name a shard by its content.

    Args:
        settings: What decides the loops.
        stills: What they are made of.
    """
    content = json.dumps([settings, [still.key for still in stills]], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:NAME_DIGITS]


def make_shard(
    model: ImageToVideo,
    stills: Sequence[ListedStill],
    name: str,
    out: ShardFolder,
    options: BatchOptions,
) -> ShardReport:
    """Move the stills of a shard, and put it in place if any could be used.

    Args:
        model: Makes the loops.
        stills: What to move.
        name: Of the shard.
        out: Where it goes.
        options: What to make of every still.

    Returns:
        What became of them.

    Raises:
        OSError: If the shard cannot be written.
    """
    with TemporaryDirectory(prefix="sonoloop-") as scratch:
        loops, fetched = Path(scratch) / "loops", Path(scratch) / "stills"
        for folder in (loops, fetched):
            folder.mkdir()
        files: dict[str, StillFile] = {}
        contents: dict[str, tuple[str, str]] = {}  # name and hash, as rows have them
        place_of: dict[Path, str] = {}
        failures: list[str] = []
        for still in stills:
            try:
                path = fetch(still, fetched)
                contents[still.key] = still.name, file_sha256(path)
            except UnreadableFileError as error:
                failures.append(f"{still.place}: {error.reason}")
                continue
            files[still.key] = StillFile(path, still.name)
            place_of[path] = still.place
        result = synthesize_batch(
            model, list(files.values()), loops, options, advance=lambda _: None
        )
        rows = _rows(name, contents, result)
        if rows:
            archive = Path(scratch) / "archive"
            with archive.open("wb") as file:
                write_archive(loops, file, without={PARQUET_FILE, CSV_FILE, SUMS_FILE})
            out.add(name, archive, pl.DataFrame(rows, schema=COLUMNS))
    warnings: dict[str, int] = {}
    for _, sentence in result.warnings:
        warnings[sentence] = warnings.get(sentence, 0) + 1
    return ShardReport(
        num_stills=len(stills),
        num_loops=len(rows),
        num_unusual=len(result.unusual),
        failures=(
            *failures,
            *(
                f"{place_of.get(error.path, error.path)}: {error.reason}"
                for error in result.failures
            ),
        ),
        warnings=warnings,
    )


def _rows(
    name: str, contents: Mapping[str, tuple[str, str]], result: BatchResult
) -> list[dict[str, object]]:
    """Give each still the rows of its loops; stills of one name and content share them."""
    made: dict[tuple[object, object], dict[object, Mapping[str, object]]] = {}
    for row in result.rows:
        made.setdefault((row["source"], row["source_sha256"]), {})[row["sample"]] = row
    return [
        {SHARD: f"{name}.tar", STILL_KEY: key, **row}
        for key, content in contents.items()
        for row in made.get(content, {}).values()
    ]


def settings_of(model: ImageToVideo, options: BatchOptions) -> dict[str, object]:
    """List what decides the loops of a still.

    Args:
        model: Makes them.
        options: What is asked for.
    """
    asked = asdict(options)
    del asked["batch_size"]
    return {
        "model_sha256": model.config.weights_sha256,
        **asked,
        "formats": list(options.formats),
    }
