"""An evaluation's folder: its record and the loops that the record names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sonoloop.checksums import damaged_files
from sonoloop.report.media import Media, read_files
from sonoloop.report.records import EvaluationRecord, LoopRecord, read_record


@dataclass(frozen=True)
class EvaluationFolder:
    """What the page shows of an evaluation.

    Args:
        record: What was found.
        media: The files that the record names, by these names.
    """

    record: EvaluationRecord
    media: Mapping[str, Media]

    @classmethod
    def read(cls, folder: Path) -> "EvaluationFolder":
        """Read a record and its loops.

        Args:
            folder: The --out of ``sonoloop evaluate``.

        Raises:
            UsageError: If there is no valid record, or one that names files elsewhere.
        """
        record = read_record(folder)
        names = named_files(record)
        damaged = {
            name: Media(problem=f"{name} differs from its checksum")
            for name in damaged_files(folder, names)
        }
        whole = [name for name in names if name not in damaged]
        return cls(record, read_files(folder, whole) | damaged)


def named_files(record: EvaluationRecord) -> list[str]:
    """List the loops and strips that a record names, relative to its folder."""
    return sorted({name for loop in all_loops(record) for name in files_of(loop)})


def all_loops(record: EvaluationRecord) -> list[LoopRecord]:
    """Return the loops of the gallery and those that came near to training clips."""
    return [*record.loops, *(record.privacy.nearest if record.privacy else ())]


def files_of(loop: LoopRecord) -> Iterator[str]:
    """Yield the files that loops of one still are in."""
    for name in (loop.real, loop.reconstructed, *loop.synthetic, loop.strip):
        if name is not None:
            yield name
