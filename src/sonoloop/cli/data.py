"""``sonoloop data``: prepare, check and pack datasets, and take clips out of them."""

import shlex
from pathlib import Path
from typing import Literal

from sonoloop.data.pack_codec import DEFAULT_STEP, MIN_STEP
from sonoloop.data.prepare_options import PrepareOptions
from sonoloop.errors import UsageError


def prepare(
    inputs: tuple[Path, ...],
    /,
    *,
    out: Path,
    preparation: PrepareOptions,
) -> int:
    """Read videos and stills into a dataset: crop, clean, group, split, store.

    Args:
        inputs: Folders, manifests (.csv, .parquet) or single recordings.
        out: Dataset folder to write; running again does only what is new.
        preparation: How recordings are read, divided and recorded.

    Returns:
        0, or 1 where recordings had to be skipped.
    """
    from rich.console import Console  # noqa: PLC0415 (--help needs none of this)

    from sonoloop.data.splits import SPLIT_NAMES  # noqa: PLC0415
    from sonoloop.recipes import prepare as recipe  # noqa: PLC0415
    from sonoloop.report.words import counted  # noqa: PLC0415

    console = Console(stderr=True, highlight=False)
    result = recipe.prepare(inputs, out, preparation, console=console)
    sides = ", ".join(f"{result.counts.get(side, 0)} {side}" for side in SPLIT_NAMES)
    console.print(
        f"{result.dataset}: {counted(result.num_items, 'item')} ({sides})",
        markup=False,
        soft_wrap=True,
    )
    if result.num_reused:
        console.print(f"{result.num_reused} of them were done already")
    if result.num_near_duplicates:
        console.print(
            f"{counted(result.num_near_duplicates, 'near-duplicate pair')} across groups or "
            "labels: their groups are joined"
        )
    if result.num_failures:
        console.print(f"{counted(result.num_failures, 'recording')} skipped, see above")
    console.print(f"look at {result.dataset / 'quality.html'}", markup=False, soft_wrap=True)
    return 1 if result.num_failures else 0


def check(dataset: Path, /) -> int:
    """Verify a dataset: checksums, that its files agree, and that no group is torn.

    Args:
        dataset: Folder written by sonoloop data prepare, or file written by sonoloop data pack.

    Returns:
        0, or 1 where something is wrong.
    """
    from rich.console import Console  # noqa: PLC0415 (--help needs none of this)

    from sonoloop.recipes import check as recipe  # noqa: PLC0415
    from sonoloop.report.words import counted  # noqa: PLC0415

    console = Console(highlight=False)
    result = recipe.check(dataset)
    console.print(
        f"{dataset}: {counted(result.num_items, 'item')}, {counted(result.num_groups, 'group')}",
        markup=False,
        soft_wrap=True,
    )
    for (side, kind, label), count in sorted(result.counts.items()):
        console.print(f"  {side}: {counted(count, kind)} of {label}", markup=False, soft_wrap=True)
    for problem in result.problems:
        console.print(f"wrong: {problem}", markup=False, soft_wrap=True)
    if not result.problems:
        console.print("checksums, files and split are right: nothing leaks")
    return 1 if result.problems else 0


def pack(dataset: Path, /, *, out: Path, step: float = DEFAULT_STEP) -> None:
    """Write a dataset as one small file to train from, and say how far that changes motion.

    Every "sonoloop train" takes the file in place of the folder. Frames are lossy: evaluations
    refuse it.

    Args:
        dataset: Folder written by sonoloop data prepare.
        out: File to write.
        step: Grey levels to which coefficients are rounded, at least 1: less is nearer to the
            original, and larger.
    """
    from rich.console import Console  # noqa: PLC0415 (--help needs none of this)

    from sonoloop.recipes import pack as recipe  # noqa: PLC0415
    from sonoloop.report.words import counted  # noqa: PLC0415

    if not step >= MIN_STEP:
        msg = f"--step {step:g}: give at least {MIN_STEP:g} grey levels"
        raise UsageError(msg)
    console = Console(stderr=True, highlight=False)
    made = recipe.pack(dataset, out, step=step, console=console)
    each = made.num_bytes / max(made.num_frames, 1)
    console.print(
        f"{out}: {counted(made.num_items, 'item')}, {counted(made.num_frames, 'frame')} in "
        f"{made.num_bytes / 1e6:.2f} MB, {each:.0f} bytes a frame, PSNR {made.psnr_db:.1f} dB",
        markup=False,
        soft_wrap=True,
    )
    if made.energy_ratio is not None:
        low, high = made.energy_range
        console.print(
            f"temporal energy x {made.energy_ratio:.3f} over all clips, x {low:.2f} to "
            f"x {high:.2f} from video to video"
        )


def export(
    dataset: Path,
    /,
    *,
    out: Path,
    split: Literal["train", "validation", "test", "all"] = "test",
) -> None:
    """Write one clip of every video, and its frame 0 as a still: what any generator can start from.

    Args:
        dataset: Folder written by sonoloop data prepare.
        out: Folder to write: stills/NAME.png, clips/NAME.npy, manifest.csv.
        split: Which side of the dataset.
    """
    from rich.console import Console  # noqa: PLC0415 (--help needs none of this)

    from sonoloop.recipes.export_clips import export_clips  # noqa: PLC0415
    from sonoloop.report.words import counted  # noqa: PLC0415

    count = export_clips(dataset, out, split=None if split == "all" else split)
    console = Console(stderr=True, highlight=False)
    console.print(
        f"{counted(count, 'clip')} and stills to start from in {out}", markup=False, soft_wrap=True
    )
    still_folder = shlex.quote(str(out / "stills"))
    line = f"next: sonoloop synthesize {still_folder} --model model --out loops"
    console.print(line, markup=False, soft_wrap=True)
