"""Judge synthetic clips beside real ones, whoever made them."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress

from sonoloop import __version__
from sonoloop.checksums import write_summed
from sonoloop.errors import UsageError
from sonoloop.evaluation.clip_sets import ClipCollection
from sonoloop.folder_claim import claimed_output
from sonoloop.recipes.evaluation.choice import choose_metrics, leave_out_unfit
from sonoloop.recipes.evaluation.gallery import write_gallery
from sonoloop.recipes.evaluation.metrics import measure
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.evaluation.privacy import measure_privacy
from sonoloop.recipes.evaluation.sets import open_sets
from sonoloop.recipes.evaluation.table import print_table
from sonoloop.recipes.progress_bars import ProgressBars
from sonoloop.report.evaluation_folder import named_files
from sonoloop.report.records import RECORD_FILE, ClipSetRecord, EvaluationRecord, record_json


def evaluate(
    real: Path,
    synthetic: Path,
    out: Path,
    options: EvaluateOptions,
    *,
    console: Console | None = None,
) -> EvaluationRecord:
    """Measure synthetic clips and write the record, a table and a gallery.

    Args:
        real: Folder of clips, or prepared dataset.
        synthetic: Folder of clips.
        out: Folder of the evaluation.
        options: What is measured.
        console: Where to report; None takes the terminal.

    Returns:
        What was found, as ``evaluation.json`` in ``out`` holds it.

    Raises:
        UsageError: If sets or weights cannot be used.
    """
    console = console or Console()
    for folder in (real, synthetic):
        if out.resolve().is_relative_to(folder.resolve()):
            msg = f"--out {out} lies in {folder}: its loops would be taken for clips of it"
            raise UsageError(msg)
    with claimed_output(out):
        record = _evaluate(real, synthetic, out, options, console)
    print_table(record, console)
    console.print(f"record and loops in {out}", highlight=False, markup=False, soft_wrap=True)
    return record


def _evaluate(
    real: Path, synthetic: Path, out: Path, options: EvaluateOptions, console: Console
) -> EvaluationRecord:
    """Measure and write, in a folder that no other run writes."""
    names, notes = choose_metrics(options)
    sets = open_sets(real, synthetic, options)
    names, unfit = leave_out_unfit(names, sets.real.sources[0].shape, options)
    notes += unfit
    with Progress(console=console) as progress:
        start = ProgressBars(progress).start
        cache = options.cache or out / "features"
        records, cases = measure(sets, names, cache, options, start)
        privacy = measure_privacy(sets, out, options, start) if "privacy" in names else None
    if "div" in names and not any(record.id.startswith("div") for record in records):
        notes.append("DIV was left out: no still has 2 samples")
    contents = [
        sorted(source.content for source in clips.sources)
        for clips in (sets.real, sets.roles["synthetic"])
    ]
    if contents[0] == contents[1]:
        notes.append("the synthetic clips are the real ones, pixel for pixel")
    notes += sets.notes
    if isinstance(privacy, str):
        notes.append(privacy)
        privacy = None
    record = EvaluationRecord(
        title=options.title or f"{synthetic.name} against {real.name}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        software=f"sonoloop {__version__}, torch {torch.__version__}",
        settings={
            name: value if isinstance(value, bool | int | float | None) else str(value)
            for name, value in (asdict(options) | {"metrics": ",".join(names)}).items()
        },
        real=_describe(sets.real),
        synthetic=_describe(sets.synthetic),
        metrics=tuple(records),
        cases=cases,
        loops=write_gallery(sets, cases, out),
        privacy=privacy,
        notes=tuple(dict.fromkeys(notes)),
    )
    loops = named_files(record)
    write_summed(out, {RECORD_FILE: record_json(record).encode()}, also=loops)
    return record


def _describe(clips: ClipCollection) -> ClipSetRecord:
    shapes = [source.shape for source in clips.sources]
    rates = [source.frame_rate_hz for source in clips.sources if source.frame_rate_hz]
    return ClipSetRecord(
        path=clips.path.name,
        num_clips=len(clips),
        num_groups=len(set(clips.groups)),
        num_frames=shapes[0][0],
        height=shapes[0][1],
        width=shapes[0][2],
        frame_rate_hz=rates[0] if rates else None,
        failures=clips.failures,
        notes=clips.notes,
    )
