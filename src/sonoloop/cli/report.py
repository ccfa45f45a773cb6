"""``sonoloop report``: evaluations, trainings, studies and audits on one page."""

from pathlib import Path


def report(
    runs: tuple[Path, ...],
    /,
    *,
    out: Path,
    title: str | None = None,
) -> None:
    """Show evaluations, trainings, studies and audits on one page that needs no network.

    Args:
        runs: Folders that 'sonoloop evaluate', 'train', 'study' and 'audit' wrote, in any mix.
        out: HTML file to write; a file of that name is replaced.
        title: Stands on top of the page; by default what the only run is called.
    """
    from sonoloop.recipes import report as recipe  # noqa: PLC0415 (--help needs none of this)

    recipe.report(runs, out=out, title=title)
