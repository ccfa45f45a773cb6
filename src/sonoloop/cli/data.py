"""``sonoloop data``: prepare and check datasets."""

from pathlib import Path

import tyro

from sonoloop.data.prepare_options import PrepareOptions


def prepare(
    inputs: tyro.conf.Positional[tuple[Path, ...]],
    *,
    out: Path,
    preparation: tyro.conf.OmitArgPrefixes[PrepareOptions],
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

    from sonoloop.recipes import prepare as recipe  # noqa: PLC0415

    console = Console(stderr=True, highlight=False)
    result = recipe.prepare(inputs, out, preparation, console=console)
    sides = ", ".join(f"{count} {side}" for side, count in sorted(result.counts.items()))
    console.print(
        f"{result.dataset}: {result.num_items} items ({sides})", markup=False, soft_wrap=True
    )
    if result.num_reused:
        console.print(f"{result.num_reused} of them were done already")
    if result.num_near_duplicates:
        console.print(
            f"{result.num_near_duplicates} pairs of near-duplicates across groups or labels: "
            "their groups are joined"
        )
    if result.num_failures:
        console.print(f"{result.num_failures} recordings were skipped, see above")
    console.print(f"look at {result.dataset / 'quality.html'}", markup=False, soft_wrap=True)
    return 1 if result.num_failures else 0


def check(dataset: tyro.conf.Positional[Path]) -> int:
    """Verify a dataset: checksums, that its files agree, and that no group is torn.

    Args:
        dataset: Folder written by sonoloop data prepare.

    Returns:
        0, or 1 where something is wrong.
    """
    from rich.console import Console  # noqa: PLC0415 (--help needs none of this)

    from sonoloop.recipes import check as recipe  # noqa: PLC0415

    console = Console(highlight=False)
    result = recipe.check(dataset)
    console.print(
        f"{dataset}: {result.num_items} items, {result.num_groups} groups",
        markup=False,
        soft_wrap=True,
    )
    for (side, kind, label), count in sorted(result.counts.items()):
        console.print(f"  {side}: {count} {kind}s of {label}", markup=False, soft_wrap=True)
    for problem in result.problems:
        console.print(f"wrong: {problem}", markup=False, soft_wrap=True)
    if not result.problems:
        console.print("checksums, files and split are right: nothing leaks")
    return 1 if result.problems else 0
