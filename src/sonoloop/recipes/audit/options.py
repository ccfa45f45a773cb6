"""Options of ``sonoloop audit``; read without torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class AuditOptions:
    """What is audited, and how.

    Args:
        classes: Values to tell apart, the positive one last (healthy,bacterial_pneumonia), or
            classes of several (mild=0,1 severe=2,3); by default all, each against the others.
        metadata: More columns of the dataset's manifest to count as metadata, separated by commas;
            sizes, rates, lengths and columns named like a probe, source or device always are.
        folds: Folds of patients.
        repeats: Divisions into folds; figures are means over them.
        seed: Of folds, shuffled frames and the draws of patients.
        weights_dir: Folder of the net's weights; by default the usual one.
        cache: Folder of computed features; by default features/ in --out.
    """

    classes: tuple[str, ...] = ()
    metadata: str | None = None
    folds: int = 5
    repeats: int = 5
    seed: int = 0
    weights_dir: Path | None = None
    cache: Path | None = None


def class_words(words: Sequence[str]) -> list[str]:
    """Write every class as ``name=value,value``.

    Args:
        words: Classes so written, or values with commas between, each a class of its own name.
    """
    written: list[str] = []
    for word in words:
        written += [word] if "=" in word else [f"{name}={name}" for name in parse_names(word)]
    return written


def parse_names(text: str | None) -> tuple[str, ...]:
    """Read names separated by commas; none where the option was not given."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())
