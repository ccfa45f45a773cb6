"""One real ultrasound frame that every installation has, moved by the bundled model."""

import io
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from rich.console import Console

from sonoloop.atomic_files import write_atomically
from sonoloop.recipes.synthesize import synthesize
from sonoloop.synthesis.batch_options import BatchOptions, BatchResult

NUM_LOOPS: Final = 4
PHANTOM_SIZE_PX: Final = 256


def demo(
    out: Path, *, phantom: bool, model: str = "default", console: Console | None = None
) -> BatchResult:
    """Make four loops of a still and say where they are and what they cost.

    Args:
        out: Where the files go.
        phantom: Move a simulated still instead of the real one.
        model: Name of a bundled model, or a model folder.
        console: Where to report; None takes the terminal.

    Returns:
        What was made.
    """
    console = console or Console()
    still = _phantom_still(out) if phantom else real_still()
    options = BatchOptions(num_samples=NUM_LOOPS, formats=("mp4", "gif", "strip"))
    result = synthesize([still], out, options, model=model, console=console)
    for row in result.rows:
        line = f"  {out / str(row['mp4'])}  and .gif, {float(str(row['seconds'])):.2f} s"
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    strips = {str(row["strip"]) for row in result.rows}
    for strip in sorted(strips):
        line = f"  {out / strip}  all loops at a glance"
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    line = f"  {out / 'manifest.csv'}  what made each loop"
    console.print(line, highlight=False, markup=False, soft_wrap=True)
    return result


def real_still() -> Path:
    """Return the ultrasound file of the pydicom wheel; its first frame is the still."""
    from pydicom.examples import get_path  # noqa: PLC0415 - pydicom is slow to import

    return Path(get_path("ybr_color"))


def _phantom_still(out: Path) -> Path:
    from sonoloop.data.phantom import phantom_clip  # noqa: PLC0415 - only with --phantom

    frames = phantom_clip(np.random.default_rng(0), size=PHANTOM_SIZE_PX, num_frames=1)
    buffer = io.BytesIO()
    Image.fromarray(frames[0]).save(buffer, format="PNG")
    path = out / "phantom.png"
    write_atomically(path, buffer.getvalue())
    return path
