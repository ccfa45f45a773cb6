"""Ask, before any claim, what the labels of a dataset can show."""

import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress

from sonoloop import __version__
from sonoloop.checksums import write_summed
from sonoloop.classification.folds import patient_folds
from sonoloop.classification.patient_draws import PatientDraws
from sonoloop.classification.probe import NUM_COMPONENTS
from sonoloop.classification.probe_arms import probe_views
from sonoloop.classification.statistics import NUM_DRAWS
from sonoloop.errors import UsageError
from sonoloop.recipes.audit.data import open_audit_data
from sonoloop.recipes.audit.options import AuditOptions
from sonoloop.recipes.audit.table import COLUMN, print_audit, probed_records
from sonoloop.recipes.audit.views import audit_views, load_nets, metadata_views
from sonoloop.recipes.progress_bars import ProgressBars
from sonoloop.report.audit_plot import audit_plot
from sonoloop.report.audit_record import (
    AUDIT_FILE,
    AUDIT_PLOT,
    AUDIT_TABLE,
    AuditRecord,
    audit_csv,
    audit_json,
)
from sonoloop.report.audit_sentences import audit_findings


def audit(
    dataset: Path,
    label: str,
    out: Path | None,
    options: AuditOptions,
    *,
    console: Console | None = None,
) -> AuditRecord:
    """Probe stills, shuffled frames, video and metadata for a label, and say what follows.

    Args:
        dataset: Folder written by ``sonoloop data prepare``; all its sides are used.
        label: Column of the label.
        out: Folder for the record, the table and the plot; None: beside the dataset.
        options: Classes, folds and seed.
        console: Where to report; None takes the terminal.

    Returns:
        What was found, as ``audit.json`` holds it.

    Raises:
        UsageError: If the dataset, label, classes or folds cannot be used, or weights are missing.
    """
    console = console or Console()
    out = out or dataset.resolve().with_name(f"{dataset.resolve().name}-audit")
    if options.repeats < 1:
        msg = f"--repeats {options.repeats}: at least 1 division into folds is needed"
        raise UsageError(msg)
    if options.seed < 0:
        msg = f"--seed {options.seed}: a seed is 0 or more"
        raise UsageError(msg)
    begun = time.monotonic()
    data = open_audit_data(dataset, label, options)
    groups = tuple(data.clips.groups)
    folds = [
        patient_folds(groups, data.labels, options.folds, seed=options.seed + repeat)
        for repeat in range(options.repeats)
    ]
    patients = PatientDraws(groups, NUM_DRAWS, options.seed)
    nets = load_nets(options.weights_dir)
    with Progress(console=console) as progress:
        start = ProgressBars(progress).start
        views = audit_views(data, nets, options.cache or out / "features", options, start)
        views |= {f"{COLUMN}{name}": view for name, view in metadata_views(data).items()}
        numbers = np.array([data.classes.index(name) for name in data.labels])
        found = probe_views(views, numbers, folds, patients, start("probes", len(views)))
    net = nets[0].net
    record = AuditRecord(
        dataset=dataset.resolve().name,
        label=label,
        classes=data.classes,
        num_clips=len(data.labels),
        num_groups=patients.num_groups,
        clips_of_class={name: data.labels.count(name) for name in data.classes},
        groups_of_class={
            name: len({g for g, one in zip(groups, data.labels, strict=True) if one == name})
            for name in data.classes
        },
        folds=options.folds,
        repeats=options.repeats,
        seed=options.seed,
        num_draws=NUM_DRAWS,
        net=net.id,
        net_sha256=net.checksum,
        num_components=NUM_COMPONENTS,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        software=f"sonoloop {__version__}, torch {torch.__version__}",
        seconds=round(time.monotonic() - begun, 1),
        notes=data.notes,
        **probed_records(found),
    )
    record = record.model_copy(update={"findings": audit_findings(record)})
    files = {
        AUDIT_TABLE: audit_csv(record).encode(),
        AUDIT_PLOT: audit_plot(record),
        AUDIT_FILE: audit_json(record).encode(),
    }
    write_summed(out, files)
    print_audit(record, console)
    console.print(f"record, table and plot in {out}", highlight=False, markup=False, soft_wrap=True)
    return record
