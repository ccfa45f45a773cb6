"""Weights a user brings, to start from; the last layer may be for other classes.

Names are those of the network without ``trunk.``, so torchvision's ResNet-50 fits TSM as it is, and
TDN with what it lacks completed.
"""

from pathlib import Path
from typing import Final

from sonoloop.classification.models import Classifier
from sonoloop.classification.tdn import Tdn
from sonoloop.classification.trained import load_classifier, read_weights
from sonoloop.errors import UsageError

HEAD: Final = "fc."
"""Beginning of the names of every network's last layer."""

TRUNK: Final = "trunk."
"""What the image network inside a video network is called."""


def start_from(model: Classifier, path: Path) -> None:
    """Give a classifier's network the weights of a file, or of a classifier that was trained here.

    The last layer keeps its own where the file has none, or one for another number of classes.

    Args:
        model: What to fill.
        path: Safetensors file whose names are those of the network, or run folder of a classifier.

    Raises:
        UsageError: If file or folder cannot be read, or a weight is missing, unknown or of another
            shape; counts them and names the first of each.
    """
    weights = load_classifier(path).net.state_dict() if path.is_dir() else read_weights(path)
    given = {name.removeprefix(TRUNK): tensor for name, tensor in weights.items()}
    if isinstance(model.net, Tdn) and "conv1.bias" not in given:
        given = model.net.from_image_network(given)
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
