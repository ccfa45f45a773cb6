"""Inception-v3, the net of FID (Szegedy et al. 2016, arXiv:1512.00567; Heusel et al. 2017).

The layout is that of the network of 2015-12-05 with 1,008 classes that the first FIDs used, which
differs from the published architecture in its pools: averages leave out the padding, and the last
block takes a maximum instead of an average. Batch norm is folded into the convolutions when
weights are loaded; the classifier is not needed.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.features.batch_norm_folding import fold_batch_norm
from sonoloop.features.pickled_arrays import Arrays
from sonoloop.features.user_checkpoint import Layout
from sonoloop.shapes import Frame

FRAME_SIZE: Final = 299
NUM_FEATURES: Final = 2048
NUM_CLASSES: Final = 1008
BATCH_NORM_EPS: Final = 1e-3

Maps = Float[Tensor, "b _channels _h _w"]
"""Features at a grid of places."""


class _Unit(NamedTuple):
    """A convolution with batch norm and ReLU."""

    name: str
    out_channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: tuple[int, int] = (0, 0)


class _Branch(NamedTuple):
    """Units one after the other, and units that take their result side by side."""

    pool: str
    """What comes first: "" nothing, "average", "max" of stride 1, "reduce" a max of stride 2."""
    units: tuple[_Unit, ...] = ()
    split: tuple[_Unit, ...] = ()


ROW, COLUMN, SQUARE = ((1, 7), (0, 3)), ((7, 1), (3, 0)), ((3, 3), (1, 1))
"""Kernel and padding that keep the size."""
SHORT_ROW, SHORT_COLUMN = ((1, 3), (0, 1)), ((3, 1), (1, 0))


def _same(name: str, out_channels: int, shape: tuple[tuple[int, int], tuple[int, int]]) -> _Unit:
    kernel, padding = shape
    return _Unit(name, out_channels, kernel, 1, padding)


def _reducing(name: str, out_channels: int) -> _Unit:
    return _Unit(name, out_channels, (3, 3), 2)


def _block_a(pool_channels: int) -> tuple[_Branch, ...]:
    """Compose a block at 35 x 35 (Szegedy et al. 2016, Figure 5)."""
    five = _Unit("branch5x5_2", 64, (5, 5), 1, (2, 2))
    return (
        _Branch("", (_Unit("branch1x1", 64),)),
        _Branch("", (_Unit("branch5x5_1", 48), five)),
        _Branch(
            "",
            (
                _Unit("branch3x3dbl_1", 64),
                _same("branch3x3dbl_2", 96, SQUARE),
                _same("branch3x3dbl_3", 96, SQUARE),
            ),
        ),
        _Branch("average", (_Unit("branch_pool", pool_channels),)),
    )


def _block_c(channels: int) -> tuple[_Branch, ...]:
    """Compose a block at 17 x 17 with kernels of 7 taken apart (Figure 6)."""
    return (
        _Branch("", (_Unit("branch1x1", 192),)),
        _Branch(
            "",
            (
                _Unit("branch7x7_1", channels),
                _same("branch7x7_2", channels, ROW),
                _same("branch7x7_3", 192, COLUMN),
            ),
        ),
        _Branch(
            "",
            (
                _Unit("branch7x7dbl_1", channels),
                _same("branch7x7dbl_2", channels, COLUMN),
                _same("branch7x7dbl_3", channels, ROW),
                _same("branch7x7dbl_4", channels, COLUMN),
                _same("branch7x7dbl_5", 192, ROW),
            ),
        ),
        _Branch("average", (_Unit("branch_pool", 192),)),
    )


def _block_e(pool: str) -> tuple[_Branch, ...]:
    """Compose a block at 8 x 8 with widened outputs (Figure 7)."""
    three = (
        _same("branch3x3_2a", 384, SHORT_ROW),
        _same("branch3x3_2b", 384, SHORT_COLUMN),
    )
    double = (
        _same("branch3x3dbl_3a", 384, SHORT_ROW),
        _same("branch3x3dbl_3b", 384, SHORT_COLUMN),
    )
    before = (_Unit("branch3x3dbl_1", 448), _same("branch3x3dbl_2", 384, SQUARE))
    return (
        _Branch("", (_Unit("branch1x1", 320),)),
        _Branch("", (_Unit("branch3x3_1", 384),), three),
        _Branch("", before, double),
        _Branch(pool, (_Unit("branch_pool", 192),)),
    )


_STEM: Final[tuple[_Unit | None, ...]] = (
    _reducing("Conv2d_1a_3x3", 32),
    _Unit("Conv2d_2a_3x3", 32, (3, 3)),
    _same("Conv2d_2b_3x3", 64, SQUARE),
    None,
    _Unit("Conv2d_3b_1x1", 80),
    _Unit("Conv2d_4a_3x3", 192, (3, 3)),
    None,
)
"""Units before the first block; None is a max pool of 3 x 3 and stride 2."""

_BLOCKS: Final[dict[str, tuple[_Branch, ...]]] = {
    "Mixed_5b": _block_a(32),
    "Mixed_5c": _block_a(64),
    "Mixed_5d": _block_a(64),
    "Mixed_6a": (
        _Branch("", (_reducing("branch3x3", 384),)),
        _Branch(
            "",
            (
                _Unit("branch3x3dbl_1", 64),
                _same("branch3x3dbl_2", 96, SQUARE),
                _reducing("branch3x3dbl_3", 96),
            ),
        ),
        _Branch("reduce"),
    ),
    "Mixed_6b": _block_c(128),
    "Mixed_6c": _block_c(160),
    "Mixed_6d": _block_c(160),
    "Mixed_6e": _block_c(192),
    "Mixed_7a": (
        _Branch("", (_Unit("branch3x3_1", 192), _reducing("branch3x3_2", 320))),
        _Branch(
            "",
            (
                _Unit("branch7x7x3_1", 192),
                _same("branch7x7x3_2", 192, ROW),
                _same("branch7x7x3_3", 192, COLUMN),
                _reducing("branch7x7x3_4", 192),
            ),
        ),
        _Branch("reduce"),
    ),
    "Mixed_7b": _block_e("average"),
    "Mixed_7c": _block_e("max"),
}


class ImageInception(nn.Module):
    """Frames -> 2048 features after the last average pool."""

    def __init__(self) -> None:
        """Allocate weights."""
        super().__init__()
        self.convolutions = nn.ModuleDict()
        channels = 3
        for unit in filter(None, _STEM):
            channels = self._add(unit.name, unit, channels)
        for block, branches in _BLOCKS.items():
            widths = []
            for branch in branches:
                width = channels
                for unit in branch.units:
                    width = self._add(f"{block}.{unit.name}", unit, width)
                sides = [self._add(f"{block}.{unit.name}", unit, width) for unit in branch.split]
                widths.append(sum(sides) or width)
            channels = sum(widths)

    def _add(self, name: str, unit: _Unit, in_channels: int) -> int:
        """Add a convolution; return its number of channels."""
        self.convolutions[_key(name)] = nn.Conv2d(
            in_channels, unit.out_channels, unit.kernel, unit.stride, unit.padding
        )
        return unit.out_channels

    def forward(self, images: Frame) -> Float[Tensor, "b 2048"]:
        """Compute the features.

        Args:
            images: RGB in [-1, 1], 299 x 299.
        """
        features = images
        for unit in _STEM:
            features = _reduced(features) if unit is None else self._convolved(unit.name, features)
        for block, branches in _BLOCKS.items():
            parts = [part for branch in branches for part in self._branch(block, branch, features)]
            features = torch.cat(parts, 1)
        return features.mean((2, 3))

    def _branch(self, block: str, branch: _Branch, features: Maps) -> list[Maps]:
        features = _POOLS[branch.pool](features)
        for unit in branch.units:
            features = self._convolved(f"{block}.{unit.name}", features)
        sides = [self._convolved(f"{block}.{unit.name}", features) for unit in branch.split]
        return sides or [features]

    def _convolved(self, name: str, features: Maps) -> Maps:
        out: Tensor = functional.relu(self.convolutions[_key(name)](features), inplace=True)
        return out


def file_layout() -> Layout:
    """List the tensors of the FID net as PyTorch ports of it name them, the classifier included."""
    with torch.device("meta"):
        net = ImageInception()
    layout: Layout = {
        "fc.weight": ("fc.weight", (NUM_CLASSES, NUM_FEATURES)),
        "fc.bias": ("fc.bias", (NUM_CLASSES,)),
    }
    for key, convolution in net.convolutions.items():
        name = key.replace(_DOT, ".")
        kernel = convolution.get_parameter("weight")
        layout[f"{name}.conv.weight"] = (f"{key}.weight", tuple(kernel.shape))
        for theirs, own in _BATCH_NORM_LEAVES.items():
            layout[f"{name}.bn.{theirs}"] = (f"{key}.{own}", (len(kernel),))
    return layout


def load_image_inception(arrays: Arrays) -> ImageInception:
    """Build the net from stored weights, frozen.

    Args:
        arrays: By the own names of ``file_layout``.

    Raises:
        RuntimeError: If a weight is missing, unknown or of another shape.
    """
    with torch.device("meta"):
        net = ImageInception()
    units = {
        name: torch.from_numpy(array.copy())
        for name, array in arrays.items()
        if not name.startswith("fc.")
    }
    folded = fold_batch_norm(units, eps=BATCH_NORM_EPS)
    state = {
        f"convolutions.{name}": tensor.contiguous(memory_format=torch.channels_last)
        if name.endswith("weight")
        else tensor
        for name, tensor in folded.items()
    }
    net.load_state_dict(state, assign=True)
    return net.requires_grad_(requires_grad=False).eval()


def _reduced(features: Maps) -> Maps:
    return functional.max_pool2d(features, 3, 2)


_POOLS: Final[dict[str, Callable[[Tensor], Tensor]]] = {
    "": lambda features: features,
    "average": lambda features: functional.avg_pool2d(features, 3, 1, 1, count_include_pad=False),
    "max": lambda features: functional.max_pool2d(features, 3, 1, 1),
    "reduce": _reduced,
}

_BATCH_NORM_LEAVES: Final = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "mean",
    "running_var": "variance",
}

_DOT: Final = "__"
"""Stands for the dot, which names of modules may not have."""


def _key(name: str) -> str:
    return name.replace(".", _DOT)
