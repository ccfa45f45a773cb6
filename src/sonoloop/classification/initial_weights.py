"""Weights a user brings, to start from; the last layer may be for other classes.

Names are those of the network without ``trunk.``, so torchvision's ResNet-50 fits TSM as it is.
"""

from pathlib import Path
from typing import Final

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from sonoloop.classification.models import Classifier
from sonoloop.errors import UsageError

HEAD: Final = "fc."
"""Beginning of the names of every network's last layer."""

TRUNK: Final = "trunk."
"""What the image network inside a video network is called."""


def start_from_file(model: Classifier, path: Path) -> None:
    """Give a classifier's network the weights of a file.

    The last layer keeps its own where the file has none, or one for another number of classes.

    Args:
        model: What to fill.
        path: Safetensors file whose names are those of the network.

    Raises:
        UsageError: If the file cannot be read, or a weight is missing, unknown or of another
            shape; counts them and names the first of each.
    """
    given = {name.removeprefix(TRUNK): tensor for name, tensor in read_weights(path).items()}
    names = {name.removeprefix(TRUNK): name for name in model.net.state_dict()}
    own = {short: model.net.state_dict()[name] for short, name in names.items()}
    missing = [name for name in own if name not in given and not _may_differ(name)]
    unknown = [name for name in given if name not in own and not _may_differ(name)]
    shared = [name for name in own if name in given]
    misshapen = [name for name in shared if given[name].shape != own[name].shape]
    wrong = [name for name in misshapen if not name.startswith(HEAD)]
    faults = [
        f"{len(names)} {word}, such as {names[0]}"
        for names, word in ((missing, "missing"), (unknown, "unknown"))
        if names
    ]
    if wrong:
        shapes = f"{tuple(given[wrong[0]].shape)} instead of {tuple(own[wrong[0]].shape)}"
        faults.append(f"{len(wrong)} of another shape, such as {wrong[0]}, {shapes}")
    if faults:
        msg = (
            f"{path} does not fit {model.config.net} ({'; '.join(faults)}): "
            "give weights of the same network and size"
        )
        raise UsageError(msg)
    fitting = {names[name]: given[name] for name in shared if name not in misshapen}
    model.net.load_state_dict(model.net.state_dict() | fitting)


def _may_differ(name: str) -> bool:
    """Tell what a file may lack or have besides: the last layer, and a count nobody reads."""
    return name.startswith(HEAD) or name.endswith("num_batches_tracked")


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file.

    Args:
        path: The file.

    Raises:
        UsageError: If it is missing or no such file.
    """
    if not path.is_file():
        msg = f"{path}: there is no such file of weights"
        raise UsageError(msg)
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        msg = f"{path} is no safetensors file ({error}): convert the weights to safetensors"
        raise UsageError(msg) from error
