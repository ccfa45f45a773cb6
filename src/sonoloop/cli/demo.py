"""``sonoloop demo``: a real still moves, with nothing to download."""

from pathlib import Path


def demo(*, out: Path = Path("demo"), phantom: bool = False) -> int:
    """Make four loops of a real ultrasound frame with the bundled model.

    The frame is the first of the ultrasound file that comes with pydicom. Writes mp4, gif, a
    film strip and a manifest.

    Args:
        out: Folder for the files.
        phantom: Move a simulated still instead.
    """
    from sonoloop.recipes import demo as recipe  # noqa: PLC0415 - imports torch: seconds

    result = recipe.demo(out, phantom=phantom)
    return 1 if result.failures else 0
