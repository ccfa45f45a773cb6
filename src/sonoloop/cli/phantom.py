"""``sonoloop phantom``: videos made of nothing, to try every step without data."""

from pathlib import Path


def phantom(
    *,
    out: Path,
    count: int = 48,
    size: int = 64,
    seed: int = 0,
    num_frames: int = 64,
    motion_label: bool = False,
    sector: bool = False,
) -> None:
    """Generate videos of moving speckle in class folders, which 'sonoloop data prepare' reads.

    Args:
        out: Folder to make.
        count: Number of videos, shared evenly between two classes.
        size: Height and width in pixels, even, 16 to 512.
        seed: Seed of content and motion: the same seed gives the same videos.
        num_frames: Frames a video, at 25 a second.
        motion_label: Make the classes differ in their motion alone (slow, fast), not in what a
            still shows (cyst, solid).
        sector: Show the sector of a convex probe on black.
    """
    from rich.console import Console  # noqa: PLC0415 (help must not wait for it)
    from rich.progress import MofNCompleteColumn, Progress  # noqa: PLC0415

    from sonoloop.data.phantom_files import write_phantoms  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("phantoms", total=count)
        paths = write_phantoms(
            out,
            count=count,
            size=size,
            seed=seed,
            num_frames=num_frames,
            motion_label=motion_label,
            sector=sector,
            on_written=lambda _: progress.advance(task),
        )
    labels = " and ".join(sorted({path.parent.name for path in paths}))
    console.print(f"{len(paths)} phantom videos ({labels}) in {out}", soft_wrap=True)
    console.print(f"next: sonoloop data prepare {out} --out dataset", soft_wrap=True)
