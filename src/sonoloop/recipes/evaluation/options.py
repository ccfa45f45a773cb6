"""Options of ``sonoloop evaluate``; read without torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from sonoloop.errors import UsageError

MetricName = Literal[
    "fvd",
    "fvd-paper",
    "kvd",
    "dtfvd",
    "fid",
    "lpips",
    "div",
    "psnr",
    "ssim",
    "motion",
    "privacy",
]
METRICS: tuple[MetricName, ...] = get_args(MetricName)
FeaturePrecision = Literal["exact", "tf32", "bf16"]
SplitChoice = Literal["train", "validation", "test", "all"]


@dataclass(frozen=True)
class EvaluateOptions:
    """What is measured, and against what.

    Args:
        metrics: Metrics, separated by commas (fvd, fvd-paper, kvd, dtfvd, fid, lpips, div, psnr,
            ssim, motion, privacy); by default all whose nets have been fetched.
        split: Side of a prepared dataset that --real names.
        train: Training clips for privacy and the reference of other patients: a folder or a
            prepared dataset; by default the training side of the dataset that --real names.
        reconstructed: Folder of reconstructions, named like the real clips.
        resample: Bring clips of different shape to the smallest; without it they are refused.
        limit: Most real clips that are used; 0 for all.
        seed: Of subsampling and of the choice of training clips.
        weights_dir: Folder of the nets' weights; by default the usual one.
        dtfvd_weights: The user's own file of the dynamic-texture net, for dtfvd.
        inception_weights: The user's own file of the Inception net, for fid.
        precision: How the nets of FVD, KVD, DTFVD and DIV compute; only exact meets published
            values, tf32 and bf16 are faster on a GPU and named in the metric's id.
        cache: Folder of computed features; by default features/ in --out.
        paper: Measure all frames, frame 0 included, as the paper does.
        title: Heading of the report.
    """

    metrics: str | None = None
    split: SplitChoice = "test"
    train: Path | None = None
    reconstructed: Path | None = None
    resample: bool = False
    limit: int = 0
    seed: int = 0
    weights_dir: Path | None = None
    dtfvd_weights: Path | None = None
    inception_weights: Path | None = None
    precision: FeaturePrecision = "exact"
    cache: Path | None = None
    paper: bool = False
    title: str | None = None


def parse_metrics(text: str) -> tuple[MetricName, ...]:
    """Read a list of metrics.

    Args:
        text: Names separated by commas.

    Raises:
        UsageError: If one is unknown.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = {str(name): name for name in METRICS}
    for name in names:
        if name not in known:
            msg = f"--metrics: there is no metric {name!r}; choose from {', '.join(METRICS)}"
            raise UsageError(msg)
    if not names:
        msg = f"--metrics names none; choose from {', '.join(METRICS)}"
        raise UsageError(msg)
    return tuple(dict.fromkeys(known[name] for name in names))
