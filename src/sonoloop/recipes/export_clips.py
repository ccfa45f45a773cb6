"""Stills and clips of a prepared dataset as files, for synthesis and for other people's tools."""

import csv
import io
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import track

from sonoloop.atomic_files import unfinished_file, write_atomically
from sonoloop.checksums import write_summed
from sonoloop.data.splits import SplitName
from sonoloop.evaluation.clip_sets import dataset_clips, open_dataset

STILLS, CLIPS = "stills", "clips"
COLUMNS = ("file", "still", "item", "group", "label")


def export_clips(
    dataset: Path, out: Path, *, split: SplitName | None, console: Console | None = None
) -> int:
    """Write the first clip of every video, and its frame 0 as a still.

    Args:
        dataset: Folder written by ``sonoloop data prepare``.
        out: Gets ``stills/NAME.png``, ``clips/NAME.npy`` and ``manifest.csv``.
        split: Which side; None for all.
        console: Where to report; None takes the terminal.

    Returns:
        Number of clips.

    Raises:
        UsageError: If the dataset cannot be used.
    """
    console = console or Console(stderr=True)
    videos = open_dataset(dataset, split)
    clips = dataset_clips(videos, dataset)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    written: list[str] = []
    rows = zip(clips.sources, videos.item_ids, videos.labels, strict=True)
    for source, item_id, label in track(
        rows, "writing clips", total=len(clips), console=console, transient=True
    ):
        frames = source.read()
        still, clip = f"{STILLS}/{source.stem}.png", f"{CLIPS}/{source.stem}.npy"
        with unfinished_file(out / still) as unfinished:
            Image.fromarray(frames[0]).save(unfinished, format="PNG")
        buffer = io.BytesIO()
        np.save(buffer, frames, allow_pickle=False)
        write_atomically(out / clip, buffer.getvalue())
        writer.writerow((clip, still, item_id, source.group, label or ""))
        written += [clip, still]
    write_summed(out, {"manifest.csv": table.getvalue().encode()}, also=written)
    return len(clips)
