"""The labelled clips of a dataset that an audit is about, and what is known of each besides."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from sonoloop.classification.metadata_features import Value, is_constant
from sonoloop.errors import UsageError
from sonoloop.evaluation.clip_sets import ClipCollection, dataset_clips, is_dataset, open_dataset
from sonoloop.recipes.audit.options import AuditOptions, class_words, parse_names
from sonoloop.recipes.labelled_dataset import parse_classes, read_index, read_labels

MANIFEST: Final = "manifest_"
"""How the index calls a column of the user's own table."""

OWN_COLUMNS: Final = (
    "num_frames",
    "frame_rate_hz",
    "duration_s",
    "first_frame",
    "source_height",
    "source_width",
    "scan_height",
    "scan_width",
    "pixel_height_mm",
    "pixel_width_mm",
    "warnings",
)
"""What ``data prepare`` found in every file, and no one judged."""

ACQUISITION_WORDS: Final = frozenset(
    {
        "camera",
        "center",
        "centre",
        "depth",
        "device",
        "fps",
        "frequency",
        "gain",
        "hospital",
        "institution",
        "licence",
        "license",
        "machine",
        "manufacturer",
        "model",
        "preset",
        "probe",
        "rate",
        "scanner",
        "site",
        "source",
        "system",
        "transducer",
        "vendor",
    }
)
"""A manifest column with one of these words in its name is metadata."""


@dataclass(frozen=True)
class AuditData:
    """What an audit reads.

    Args:
        clips: One clip of each labelled video.
        labels: Class of each.
        classes: In the order of their numbers; of two, the last is positive.
        metadata: A value for each clip, by column; no column is constant.
        notes: What was left out or is peculiar.
    """

    clips: ClipCollection
    labels: tuple[str, ...]
    classes: tuple[str, ...]
    metadata: Mapping[str, tuple[Value, ...]]
    notes: tuple[str, ...]


def open_audit_data(dataset: Path, label: str, options: AuditOptions) -> AuditData:
    """Open a prepared dataset, all sides of it, and read the labels.

    Args:
        dataset: Folder written by ``sonoloop data prepare``.
        label: Column of the dataset's index or of the manifest it was prepared from.
        options: Which classes and which metadata.

    Raises:
        UsageError: If there is no such dataset, column or class, or too few or many classes.
    """
    if not is_dataset(dataset):
        msg = f"{dataset} is no prepared dataset: make one with 'sonoloop data prepare'"
        raise UsageError(msg)
    found = read_labels(dataset, label, parse_classes(class_words(options.classes)))
    clips = dataset_clips(open_dataset(dataset, None), dataset)
    notes = []
    others = dict(found.others)
    if missing := others.pop("", 0):
        notes.append(f"{missing} of {len(clips)} videos have no {label} and were left out")
    if others:
        named = ", ".join(f"{value} ({count})" for value, count in sorted(others.items()))
        notes.append(f"videos of other classes were left out: {named}")
    kept = [n for n, source in enumerate(clips.sources) if source.name in found.numbers]
    chosen = clips.chosen(kept)
    labels = tuple(found.classes[found.numbers[source.name]] for source in chosen.sources)
    if torn := _patients_of_several(chosen.groups, labels):
        notes.append(
            f"{torn} of {len(set(chosen.groups))} patients have videos of several classes: every "
            "video keeps its own label, folds and draws take whole patients"
        )
    table = read_index(dataset)
    row_of = {row["item_id"]: row for row in table.iter_rows(named=True)}
    rows = [row_of[source.name] for source in chosen.sources]
    metadata = _metadata(rows, label, parse_names(options.metadata), dataset, notes)
    return AuditData(chosen, labels, found.classes, metadata, tuple(notes))


def _patients_of_several(groups: Sequence[str], labels: Sequence[str]) -> int:
    """Count the patients whose clips differ in their label."""
    pairs = set(zip(groups, labels, strict=True))
    return sum(count > 1 for count in Counter(group for group, _ in pairs).values())


def _metadata(
    rows: Sequence[Mapping[str, Any]],
    label: str,
    asked: Sequence[str],
    dataset: Path,
    notes: list[str],
) -> dict[str, tuple[Value, ...]]:
    """Collect the columns that describe how a clip was recorded and not what it shows."""
    manifest = [name for name in rows[0] if name.startswith(MANIFEST)]
    by_name = {name.removeprefix(MANIFEST): name for name in manifest}
    by_name.pop(label.removeprefix(MANIFEST), None)
    for name in asked:
        if name not in by_name:
            msg = f"--metadata {name}: {dataset} has no such column; it has {', '.join(by_name)}"
            raise UsageError(msg)
    taken = {
        short: name
        for short, name in by_name.items()
        if short in asked or ACQUISITION_WORDS & set(short.lower().replace("-", "_").split("_"))
    }
    columns = {name: tuple(row[name] for row in rows) for name in OWN_COLUMNS}
    columns["file_type"] = tuple(PurePosixPath(row["item_id"]).suffix.lower() for row in rows)
    columns["source_size"] = tuple(f"{row['source_width']}x{row['source_height']}" for row in rows)
    columns |= {short: tuple(row[name] for row in rows) for short, name in taken.items()}
    columns.pop(label, None)
    left = sorted(set(by_name) - set(taken) - {"label", "patient_id", "group_id"})
    if left:
        notes.append(
            f"columns not counted as metadata: {', '.join(left)} (--metadata adds those that "
            "describe the recording)"
        )
    return {name: values for name, values in columns.items() if not is_constant(values)}
