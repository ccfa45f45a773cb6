"""What a batch is asked to make, and what became of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

from sonoloop.data.volume_files import require_simpleitk
from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.synthesis.loops import LoopOptions
from sonoloop.synthesis.manifest import Row
from sonoloop.synthesis.typicality import StillTypicality

Format = Literal["mp4", "gif", "npy", "dicom", "nifti", "mha", "strip"]


class StillFile(NamedTuple):
    """One still to animate.

    Args:
        path: Where it is.
        name: What the manifest calls it: relative to the folder that was given.
    """

    path: Path
    name: str


LARGEST_SEED: Final = 2**63 - 1
"""What a 64-bit column of the manifest holds."""
MOST_STEPS: Final = 1000
"""The steps of the paper's DDPM: more make no sampler better, only slower."""


@dataclass(frozen=True)
class BatchOptions:
    """What to make of every still.

    Args:
        num_samples: Loops per still.
        seed: Seed of the run.
        num_inference_steps: Steps of the sampler; None takes the model's own.
        formats: Files per loop; ``strip`` is one picture per still.
        mark: Whether all but npy show the word SYNTHETIC.
        batch_size: Loops computed together; None takes what suits the device.
        loops: What the loops should be like.

    Raises:
        UsageError: If a number is out of range, or SimpleITK is missing for nifti or mha.
    """

    num_samples: int = 1
    seed: int = 0
    num_inference_steps: int | None = None
    formats: tuple[Format, ...] = ("mp4", "gif", "strip")
    mark: bool = True
    batch_size: int | None = None
    loops: LoopOptions = field(default_factory=LoopOptions)

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense, and formats that cannot be written here."""
        if {"nifti", "mha"} & set(self.formats):
            require_simpleitk()
        for name, value, least, most in (
            ("samples", self.num_samples, 1, None),
            ("seed", self.seed, 0, LARGEST_SEED),
            ("steps", self.num_inference_steps, 1, MOST_STEPS),
            ("batch-size", self.batch_size, 1, None),
        ):
            if value is not None and value < least:
                msg = f"{name} must be at least {least}, got {value}"
                raise UsageError(msg)
            if value is not None and most is not None and value > most:
                msg = f"{name} must be at most {most}, got {value}"
                raise UsageError(msg)


@dataclass
class BatchResult:
    """What became of a batch.

    Args:
        rows: Rows of the clips that were made now.
        num_skipped: Clips that were there already, made with the same settings.
        unusual: Stills unlike most or all of the training data, with their verdicts.
        failures: Stills that could not be used.
        warnings: What was unusual in a still, and how it was read.
    """

    rows: list[Row] = field(default_factory=list)
    num_skipped: int = 0
    unusual: list[tuple[str, StillTypicality]] = field(default_factory=list)
    failures: list[UnreadableFileError] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)


def parse_formats(text: str) -> tuple[Format, ...]:
    """Read a list of formats.

    Args:
        text: Names separated by commas.

    Raises:
        UsageError: If a name is unknown or there is none.
    """
    known: tuple[Format, ...] = get_args(Format)
    names = {name.strip() for name in text.split(",")} - {""}
    unknown = sorted(names - set(known))
    if unknown or not names:
        found = unknown[0] if unknown else text
        msg = f"there is no format {found!r}: choose among {', '.join(known)}"
        raise UsageError(msg)
    return tuple(name for name in known if name in names)
