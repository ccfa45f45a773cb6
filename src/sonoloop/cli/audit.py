"""``sonoloop audit``: what the labels of a dataset can show, before any claim."""

from pathlib import Path

from sonoloop.recipes.audit.options import AuditOptions


def audit(
    dataset: Path, /, *, label: str = "label", out: Path | None = None, options: AuditOptions
) -> None:
    """Ask what tells a label: one still, many stills, motion, or where a video comes from.

    Probes of a frozen net (I3D, "sonoloop weights fetch i3d-kinetics-400") are scored out of fold
    by patient. Where video does not beat a bag of stills, motion cannot help; where metadata alone
    predicts the label, the labels are confounded.

    Args:
        dataset: Folder that "sonoloop data prepare" wrote; all its sides are used.
        label: Column of the label: label, or one of the manifest the dataset was prepared from.
        out: Folder to write: audit.json, audit.csv, audit.png, computed features; by default
            beside the dataset, with "-audit" behind its name.
        options: Classes, folds and seed.
    """
    from sonoloop.recipes.audit import audit as recipe  # noqa: PLC0415 - imports torch: seconds

    recipe.audit(dataset, label, out, options)
