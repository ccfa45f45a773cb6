"""``sonoloop provenance``: which model, seed and still made a file."""

from pathlib import Path


def provenance(files: tuple[Path, ...], /, *, json: bool = False) -> int:
    """Tell whether files were made by sonoloop: from which still, by which model and seed.

    Reads what every mp4, gif, png and DICOM file made here carries inside; of npy files the
    manifest beside them. Every file is compared with its checksum in that manifest. Exit status 1
    says that some were not made here, lost it on the way or are damaged.

    Args:
        files: Files, and folders of them.
        json: One JSON object a line, with every setting.
    """
    from sonoloop.recipes import provenance as recipe  # noqa: PLC0415 - imports polars

    return 1 if recipe.provenance(files, as_json=json) else 0
