"""``sonoloop evaluate``: synthetic clips beside real ones."""

from pathlib import Path

from sonoloop.recipes.evaluation.options import EvaluateOptions


def evaluate(*, real: Path, synthetic: Path, out: Path, options: EvaluateOptions) -> int:
    """Measure clips of any origin: FVD, KVD, DTFVD, FID, LPIPS, DIV, PSNR, SSIM, motion, copies.

    Args:
        real: Folder of clips (mp4, gif, avi, npy, frame folders, DICOM) or prepared dataset.
        synthetic: Folder of clips, paired with the real ones by manifest or name where possible.
        out: Folder to write: evaluation.json, loops, what was measured (for a second time).
        options: What is measured, and against what.

    Returns:
        0, or 1 where clips could not be used.
    """
    from sonoloop.recipes.evaluation import evaluate as recipe  # noqa: PLC0415 - imports torch: seconds

    record = recipe.evaluate(real, synthetic, out, options)
    return 1 if record.real.failures or record.synthetic.failures else 0
