"""From the published arrays (channels last, named by layer) to torch's layout and our names."""

import re
from collections.abc import Callable
from typing import Final

import numpy as np

from sonoloop.errors import SonoloopError
from sonoloop.features.pickled_arrays import Arrays

BATCH_NORM_NAMES: Final = {"bias": "beta", "mean": "mean", "var": "variance"}


def convert_i3d(source: Arrays) -> Arrays:
    """Rename and transpose the I3D net of Kinetics-400.

    ``params/Mixed_3b/Branch_1/Conv3d_0b_3x3/Conv_0/kernel`` (t, h, w, in, out) becomes
    ``mixed_3b.branch_1b.weight`` (out, in, t, h, w); batch norm gives ``beta``, ``mean`` and
    ``variance``. It has no scale.

    Args:
        source: As pickled.

    Raises:
        SonoloopError: If an array has a name that is not known.
    """
    converted = {}
    for name, array in source.items():
        match = re.fullmatch(r"(?:params|batch_stats)/(.+)/(Conv|BatchNorm)_0/(\w+)", name)
        if match is None:
            msg = f"the I3D weights have an array {name}, which is not known"
            raise SonoloopError(msg)
        path, kind, leaf = match.groups()
        unit = _i3d_unit(path)
        if kind == "BatchNorm" and leaf in BATCH_NORM_NAMES:
            converted[f"{unit}.{BATCH_NORM_NAMES[leaf]}"] = array.reshape(-1)
        elif leaf == "kernel":
            converted[f"{unit}.weight"] = array.transpose(4, 3, 0, 1, 2)
        else:
            converted[f"{unit}.bias"] = array
    return _plain(converted)


def _i3d_unit(path: str) -> str:
    """Name a unit as ``inflated_inception`` does."""
    if path == "Logits/Conv3d_0c_1x1":
        return "logits"
    if stem := re.fullmatch(r"Conv3d_(\d\w)_\dx\d", path):
        return f"conv_{stem[1]}"
    if mixed := re.fullmatch(r"(Mixed_\d\w)/Branch_([03])/Conv3d_0[ab]_1x1", path):
        return f"{mixed[1].lower()}.branch_{mixed[2]}"
    if mixed := re.fullmatch(r"(Mixed_\d\w)/Branch_([12])/Conv3d_0([ab])_\dx\d", path):
        return f"{mixed[1].lower()}.branch_{mixed[2]}{mixed[3]}"
    msg = f"the I3D weights have a unit {path}, which is not known"
    raise SonoloopError(msg)


def convert_lpips(source: Arrays) -> Arrays:
    """Rename and transpose a trunk of LPIPS and its heads.

    ``VGG16_0/Conv_3/kernel`` (h, w, in, out) becomes ``trunk.3.weight`` (out, in, h, w), and
    ``NetLinLayer_2/Conv_0/kernel`` (1, 1, channels, 1) ``heads.2`` (channels).

    Args:
        source: As pickled.

    Raises:
        SonoloopError: If an array has a name that is not known.
    """
    converted = {}
    for name, array in source.items():
        trunk = re.fullmatch(r"(?:AlexNet|VGG16)_0/Conv_(\d+)/(kernel|bias)", name)
        head = re.fullmatch(r"NetLinLayer_(\d)/Conv_0/kernel", name)
        if trunk and trunk[2] == "kernel":
            converted[f"trunk.{trunk[1]}.weight"] = array.transpose(3, 2, 0, 1)
        elif trunk:
            converted[f"trunk.{trunk[1]}.bias"] = array
        elif head:
            converted[f"heads.{head[1]}"] = array.reshape(-1)
        else:
            msg = f"the LPIPS weights have an array {name}, which is not known"
            raise SonoloopError(msg)
    return _plain(converted)


CONVERSIONS: Final[dict[str, Callable[[Arrays], Arrays]]] = {
    "i3d-kinetics-400": convert_i3d,
    "lpips-alex": convert_lpips,
    "lpips-vgg": convert_lpips,
}
"""Name of the weights -> how they are converted."""


def _plain(arrays: Arrays) -> Arrays:
    """Lay the arrays out in C order, little-endian: the bytes that are stored and hashed."""
    return {name: np.ascontiguousarray(array, dtype="<f4") for name, array in arrays.items()}
