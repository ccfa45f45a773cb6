"""``sonoloop data prepare``: from files to a dataset folder that training reads."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sonoloop.data.catalog import Dropped
from sonoloop.data.dataset_item import decide, empty_sides
from sonoloop.data.item_preparation import ItemTask
from sonoloop.data.layouts import read_catalog
from sonoloop.data.prepare_options import PrepareOptions
from sonoloop.data.splits import parse_ratios
from sonoloop.errors import SonoloopError, UsageError
from sonoloop.folder_claim import claimed_output
from sonoloop.recipes.dataset_folder import DatasetFolder, Decisions
from sonoloop.recipes.prepare_items import Failure, prepare_all

__all__ = ["PrepareOptions", "PrepareResult", "prepare"]


class PrepareResult(BaseModel):
    """What a run of ``prepare`` did."""

    model_config = ConfigDict(frozen=True)

    dataset: Path
    num_items: int
    num_failures: int
    num_dropped: int
    num_near_duplicates: int
    num_reused: int
    counts: dict[str, int]


def prepare(
    inputs: Sequence[Path], out: Path, options: PrepareOptions, *, console: Console | None = None
) -> PrepareResult:
    """Read, clean, group, split and store recordings.

    Args:
        inputs: Folders, manifests or files.
        out: The dataset folder; an older dataset there is replaced at the very end.
        options: How.
        console: Where progress and problems are told; None is silent.

    Returns:
        What was done; ``num_failures`` above 0 means that files were skipped.

    Raises:
        UsageError: If the inputs or ``out`` cannot be used at all, or another run writes ``out``.
        SonoloopError: If nothing could be read or the disk is full.
    """
    console = console or Console(quiet=True)
    if not inputs:
        msg = "no input given; give at least one folder, manifest or recording"
        raise UsageError(msg)
    ratios = parse_ratios(options.split)
    options.clip_config()  # refuses two windows before any work is done
    catalog = read_catalog(
        inputs,
        layout=options.layout,
        manifest=options.manifest,
        label_column=options.label_column,
    )
    if not catalog.items and not catalog.dropped:
        msg = f"{inputs[0]}: no recordings found; give a folder with videos or stills"
        raise UsageError(msg)
    folder = DatasetFolder.begin(out, inputs)
    progress = Progress(
        TextColumn("preparing"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    with claimed_output(out), folder, progress:
        earlier = folder.earlier_items()
        done_before = folder.finished_keys() | {item.key for item in earlier.values()}
        tasks = [
            ItemTask(
                item_id=item.item_id,
                path=item.path,
                first_frame=item.first_frame,
                size=options.size,
                num_frames=options.num_frames,
                max_frames=options.max_frames,
                work=folder.work,
                earlier=earlier.get(item.item_id),
                reading=options.reading_options(),
            )
            for item in catalog.items
        ]
        bar = progress.add_task("", total=len(tasks))
        results = prepare_all(
            tasks,
            workers=options.workers or os.cpu_count() or 1,
            advance=lambda: progress.advance(bar),
        )
        found = list(zip(catalog.items, results, strict=True))
        usable = [(item, result) for item, result in found if not isinstance(result, Failure)]
        dropped = [
            *catalog.dropped,
            *(
                Dropped(item.item_id, result.reason, result.is_failure)
                for item, result in found
                if isinstance(result, Failure)
            ),
        ]
        for note in catalog.notes:
            console.print(f"note: {note}", markup=False, soft_wrap=True)
        for drop in dropped:
            word = "skipped" if drop.is_failure else "left out"
            console.print(f"{word} {drop.item_id}: {drop.reason}", markup=False, soft_wrap=True)
        if not usable:
            msg = f"{inputs[0]}: none of {len(dropped)} recordings can be used; the first: "
            raise SonoloopError(msg + f"{dropped[0].item_id}: {dropped[0].reason}")
        items, duplicates = decide(usable, ratios=ratios, seed=options.seed)
        for side in empty_sides(items, ratios):
            console.print(
                f"note: no group is left for {side}; choose other shares with --split or another "
                "--seed, or add patients",
                markup=False,
                soft_wrap=True,
            )
        folder.finish(Decisions(catalog, items, dropped, duplicates, options))
    return PrepareResult(
        dataset=out,
        num_items=len(items),
        num_failures=sum(drop.is_failure for drop in dropped),
        num_dropped=sum(not drop.is_failure for drop in dropped),
        num_near_duplicates=len(duplicates),
        num_reused=sum(item.prepared.key in done_before for item in items),
        counts=Counter(item.side for item in items),
    )
