"""Where a training starts: a run of the same stage, its hand-over file, or a model."""

from pathlib import Path
from typing import Literal

from torch import nn

from sonoloop.errors import UsageError
from sonoloop.synthesis.pretrained import (
    WEIGHTS_FILE,
    bundled_models,
    find_model,
    read_model,
    select,
)
from sonoloop.training.handover import HANDOVER_FILE, read_handover
from sonoloop.training.run_folder import fill, start_from


def refuse_to_keep_nothing(stage: str, max_steps: int, init: str | None) -> None:
    """Refuse a training of no steps that starts from random weights.

    Args:
        stage: Its name; its settings are in the section of this name and "_training".
        max_steps: Of the training; 0 keeps the weights it starts from.
        init: Where weights come from; None for random ones.

    Raises:
        UsageError: If there is nothing to keep.
    """
    if not max_steps and init is None:
        msg = f"{stage}_training.max_steps 0 keeps the weights of --init: give that too"
        raise UsageError(msg)


def start_from_run_or_model(
    module: nn.Module,
    source: str,
    *,
    part: Literal["autoencoder", "diffusion", "flow"],
    optional: tuple[str, ...] = (),
) -> None:
    """Give a module the averaged weights of a run, or the weights of a model.

    Args:
        module: The module to fill; its own layout in memory stays.
        source: Run folder, its hand-over file, folder of an exported model, or name of a bundled
            one.
        part: Which part of a model the module is.
        optional: Beginnings of names that need not fit: the module's own weights stay there.

    Raises:
        UsageError: If there is neither, or one of another architecture.
    """
    path, bundled = Path(source), bundled_models()
    if source not in bundled and (path / "checkpoints").is_dir():
        start_from(module, path, optional=optional)
    elif source not in bundled and path.is_file():
        fill(module, read_handover(path, part), path, optional=optional)
    elif source in bundled or (path / WEIGHTS_FILE).is_file():
        folder = find_model(source)
        tensors = select(read_model(folder)[1], part)
        fill(module, tensors, folder / WEIGHTS_FILE, optional=optional)
    else:
        msg = (
            f"--init {source}: this is neither a run folder with checkpoints nor a model; give "
            f"the --out of a training, its {HANDOVER_FILE}, the --out of 'sonoloop export', or the "
            f"name of a bundled model ({', '.join(bundled)})"
        )
        raise UsageError(msg)
