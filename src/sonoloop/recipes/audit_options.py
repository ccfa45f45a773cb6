"""Options of ``sonoloop audit``; read without torch."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class AuditOptions:
    """What is audited, and how.

    Args:
        classes: Labels to tell apart, separated by commas, the positive one last (such as
            healthy,bacterial_pneumonia); by default all, each against the others.
        metadata: More columns of the dataset's manifest to count as metadata, separated by commas;
            sizes, rates, lengths and columns named like a probe, source or device always are.
        folds: Folds of patients.
        repeats: Divisions into folds; figures are means over them.
        seed: Of folds, shuffled frames and the draws of patients.
        weights_dir: Folder of the net's weights; by default the usual one.
        cache: Folder of computed features; by default features/ in --out.
    """

    classes: str | None = None
    metadata: str | None = None
    folds: int = 5
    repeats: int = 5
    seed: int = 0
    weights_dir: Path | None = None
    cache: Path | None = None


def parse_names(text: str | None) -> tuple[str, ...]:
    """Read names separated by commas; none where the option was not given."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())
