"""``sonoloop doctor``: what is installed here and what works."""

from pathlib import Path


def doctor(*, json: bool = False, weights_dir: Path | None = None) -> int:
    """Look at this installation: versions, GPU, codecs, models, nets of the metrics, disk.

    Put what it prints into a report of a fault; it looks at none of your data. Exit status 1 says
    that something is broken; what is only missing is optional.

    Args:
        json: One JSON object instead of a table.
        weights_dir: Folder of the nets; by default what SONOLOOP_WEIGHTS_DIR says, else
            sonoloop/weights in your cache.
    """
    from sonoloop.recipes import doctor as recipe  # noqa: PLC0415 - imports torch: seconds

    return 1 if recipe.doctor(as_json=json, weights_dir=weights_dir) else 0
