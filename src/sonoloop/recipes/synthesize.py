"""Stills to clips: find the stills, load the model, make the files, say what happened."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sonoloop.data.limited_reading import WHOLE_FILE_LIMITS, LimitedReader, find_recordings
from sonoloop.data.links import leads_out, why_not_followed
from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.folder_claim import claimed_output
from sonoloop.limited_process import LimitedProcess
from sonoloop.recipes.torch_threads import torch_threads
from sonoloop.report.words import counted
from sonoloop.synthesis.batch import synthesize_batch
from sonoloop.synthesis.batch_options import BatchOptions, BatchResult, StillFile
from sonoloop.synthesis.controlled_sampling import check_control
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.typicality import StillTypicality

MASK_NAME: Final = re.compile(r"(?P<picture>.+)_mask(_\d+)?$")
"""Segmentations as BUSI names them: they lie beside their picture."""
LINES_SHOWN: Final = 10
"""Unusual stills named on the console; the manifest names all."""
NAMES_SHOWN: Final = 3
"""Stills named where the same is to be said of many."""


@dataclass(frozen=True)
class StillList:
    """Stills to animate.

    Args:
        files: What was found, in natural order.
        num_masks: Segmentations that were left out.
        refused: Links that lead out of the folder that was given.
    """

    files: list[StillFile]
    num_masks: int
    refused: list[UnreadableFileError]


class MotionSource(NamedTuple):
    """A clip whose motion is taken.

    Args:
        path: Video file or frame folder.
        start_s: Where in it the motion begins, in seconds.
        flow_only: Whether to leave out how its brightness changes.
    """

    path: Path
    start_s: float
    flow_only: bool = False


def find_stills(images: Sequence[Path]) -> StillList:
    """Collect stills from files and folders.

    Args:
        images: Files, taken as they are, and folders, searched for images, DICOM and videos.

    Returns:
        Every still once.

    Raises:
        UsageError: If nothing was given, a path does not exist or a folder holds no still.
    """
    if not images:
        msg = "give at least one still: a file or a folder"
        raise UsageError(msg)
    files: dict[Path, StillFile] = {}
    num_masks = 0
    refused: list[UnreadableFileError] = []
    for path in images:
        if not path.exists():
            msg = f"there is no file or folder {path}"
            raise UsageError(msg)
        if path.is_file():
            files.setdefault(path.resolve(), StillFile(path, path.name))
            continue
        with LimitedProcess() as process:
            listed = find_recordings(path, process)
        outside = {file for file in listed if leads_out(file, path)}
        refused += [UnreadableFileError(file, why_not_followed(path)) for file in sorted(outside)]
        found = [file for file in listed if file not in outside]
        stems = {(file.parent, file.stem) for file in found}
        stills = [file for file in found if not _is_mask(file, stems)]
        num_masks += len(found) - len(stills)
        if not stills and not outside:
            msg = f"the folder {path} holds no image, DICOM file or video"
            raise UsageError(msg)
        for file in stills:
            name = path.name if file == path else file.relative_to(path).as_posix()
            files.setdefault(file.resolve(), StillFile(file, name))
    return StillList(list(files.values()), num_masks, refused)


def _is_mask(file: Path, stems: set[tuple[Path, str]]) -> bool:
    match = MASK_NAME.match(file.stem)
    return match is not None and (file.parent, match["picture"]) in stems


def synthesize(
    images: Sequence[Path],
    out: Path,
    options: BatchOptions,
    *,
    model: str,
    motion: MotionSource | None = None,
    threads: int | None = None,
    console: Console | None = None,
) -> BatchResult:
    """Animate stills into a folder.

    Args:
        images: Files and folders.
        out: Where clips and manifest go; made if needed.
        options: What to make of every still.
        model: Name of a bundled model, or a model folder.
        motion: Clip that the stills move like; None draws the motion.
        threads: CPU threads; None takes torch's own number.
        console: Where to report; None takes the terminal.

    Returns:
        What was made, skipped and refused.

    Raises:
        UsageError: If there is nothing to do or an option is wrong; nothing was written.
    """
    console = console or Console()
    stills = find_stills(images)
    animator = ImageToVideo.from_pretrained(model)
    check_control(animator.sampler, options.loops)
    if motion is not None:
        animator = _with_motion_of(animator, motion)
    _say(
        console,
        f"model '{animator.config.name}', trained on {animator.config.trained_on}: anything else "
        "will move as if it were that",
    )
    if stills.num_masks:
        _say(console, f"{stills.num_masks} segmentation masks left out")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        claimed_output(out),
        torch_threads(threads),
        LimitedReader() as read,
        Progress(*columns, TimeRemainingColumn(), console=console) as progress,
    ):
        total = len(stills.files) * options.num_samples
        task = progress.add_task("loops", total=total)
        result = synthesize_batch(
            animator,
            stills.files,
            out,
            options,
            advance=lambda count: progress.advance(task, count),
            read=read,
        )
    result.failures += stills.refused
    report(result, out, console)
    return result


def _with_motion_of(animator: ImageToVideo, motion: MotionSource) -> ImageToVideo:
    """Read the clip; without its motion there is nothing to do, so a bad one is wrong usage."""
    if not motion.path.exists():
        msg = f"there is no file or folder {motion.path}"
        raise UsageError(msg)
    try:
        with LimitedReader(WHOLE_FILE_LIMITS) as read:
            return animator.with_motion_of(
                motion.path, start_s=motion.start_s, flow_only=motion.flow_only, read=read
            )
    except UnreadableFileError as error:
        raise UsageError(str(error)) from error


def report(result: BatchResult, out: Path, console: Console) -> None:
    """Say what was made and what deserves a look.

    Args:
        result: Of the batch.
        out: Where the files are.
        console: Where to say it.
    """
    for sentence in remarks(result):
        _say(console, sentence)
    for failure in result.failures:  # they are in no manifest, so all are named
        _say(console, f"skipped {failure}")
    made = f"{counted(len(result.rows), 'loop')} written to {out}"
    there = f", {result.num_skipped} already there" if result.num_skipped else ""
    num_failed = len(result.failures)
    failed = f", {counted(num_failed, 'still')} could not be used" if num_failed else ""
    _say(console, f"{made}{there}{failed}")


def remarks(result: BatchResult) -> list[str]:
    """Say what to know of the stills before using the loops.

    Args:
        result: Of the batch.

    Returns:
        Sentences: how unusual stills were read, and which are unlike the training data.
    """
    names: dict[str, list[str]] = {}
    for name, text in result.warnings:
        names.setdefault(text, []).append(name)
    sentences = [f"{_some(of_these)}: {text}" for text, of_these in names.items()]
    unusual = [_unusual_sentence(*entry) for entry in result.unusual]
    sentences += unusual[:LINES_SHOWN]
    if len(unusual) > LINES_SHOWN:
        more = len(unusual) - LINES_SHOWN
        sentences.append(f"... and {more} more like this, see the manifest")
    return sentences


def _some(names: Sequence[str]) -> str:
    """Name the first few and count the rest."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _unusual_sentence(name: str, verdict: StillTypicality) -> str:
    if verdict.is_atypical:
        return (
            f"{name} is unlike the model's training data (distance {verdict.distance:.2f}, 99 % of "
            f"the training stills are below {verdict.threshold:.2f}): do not rely on its motion"
        )
    return (
        f"{name} is unusual for this model (distance {verdict.distance:.2f}, 95 % of the training "
        f"stills are below {verdict.unusual_threshold:.2f}): look at its loops before using them"
    )


def _say(console: Console, sentence: str) -> None:
    console.print(sentence, highlight=False, markup=False, soft_wrap=True)
