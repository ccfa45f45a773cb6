"""``sonoloop data``: prepare and check datasets."""

from pathlib import Path

import tyro

from sonoloop.data.prepare_options import PrepareOptions


def prepare(
    inputs: tyro.conf.Positional[tuple[Path, ...]],
    *,
    out: Path,
    options: tyro.conf.OmitArgPrefixes[PrepareOptions],
) -> int:
    """Read videos and stills into a dataset: crop, clean, group, split, store.

    Args:
        inputs: Folders, manifests (.csv, .parquet) or single recordings.
        out: Dataset folder to write; running again does only what is new.
        options: How.

    Returns:
        0, or 1 where recordings had to be skipped.
    """
    from rich.console import Console  # noqa: PLC0415 (--help needs none of this)

    from sonoloop.recipes import prepare as recipe  # noqa: PLC0415

    console = Console(stderr=True, highlight=False)
    result = recipe.prepare(inputs, out, options, console=console)
    sides = ", ".join(f"{count} {side}" for side, count in result.counts.items())
    console.print(f"{result.dataset}: {result.num_items} items ({sides})", markup=False)
    if result.num_failures:
        console.print(f"{result.num_failures} recordings were skipped, see above")
    return 1 if result.num_failures else 0
