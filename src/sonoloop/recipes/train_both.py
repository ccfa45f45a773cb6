"""Both stages and the model they make, in pieces of any length."""

import time
from pathlib import Path
from typing import Final

from rich.console import Console

from sonoloop.recipes.config import Preset
from sonoloop.recipes.export import export
from sonoloop.recipes.train_autoencoder import train_autoencoder
from sonoloop.recipes.train_diffusion import train_diffusion

STAGE_1: Final = "stage1"
STAGE_2: Final = "stage2"
MODEL: Final = "model"


def train_both(
    data: Path,
    preset: Preset,
    out: Path,
    *,
    max_seconds: float | None = None,
    console: Console | None = None,
) -> str | None:
    """Train stage 1, then stage 2, then write the model; go on where an earlier piece stopped.

    Args:
        data: Prepared dataset or pack.
        preset: Settings of both stages; the same in every piece.
        out: Gets the run folders ``stage1`` and ``stage2``, and the folder ``model``.
        max_seconds: Stop with a checkpoint after this time; None for no limit.
        console: Where people read; standard output by default.

    Returns:
        Why it stopped before the model was written; None if it did not.

    Raises:
        UsageError: If data or folders cannot be used.
        SonoloopError: If a loss is not finite or a checkpoint cannot be written.
    """
    console = console or Console()
    began = time.monotonic()

    def seconds_left() -> float | None:
        return None if max_seconds is None else max_seconds - (time.monotonic() - began)

    stage_1, stage_2 = out / STAGE_1, out / STAGE_2
    outcome = train_autoencoder(
        data, preset, stage_1, resume=True, max_seconds=max_seconds, console=console
    )
    if outcome.stopped_by is None:
        outcome = train_diffusion(
            data, stage_1, preset, stage_2, resume=True, max_seconds=seconds_left(), console=console
        )
    if outcome.stopped_by is None:
        export(stage_1, stage_2, data=data, out=out / MODEL, name=out.name, console=console)
    return outcome.stopped_by
