"""What a metric asks of a frozen net, and what a net asks of a clip."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from sonoloop.errors import UsageError
from sonoloop.shapes import Clip

Features = Float[Tensor, "b features"]
"""One vector per clip, float32."""

Precision = Literal["exact", "tf32", "bf16"]
"""How a net computes: float32; float32 with TF32 convolutions (GPU); bfloat16."""

DTYPES: Final[dict[Precision, torch.dtype]] = {
    "exact": torch.float32,
    "tf32": torch.float32,
    "bf16": torch.bfloat16,
}
"""Type of weights and activations."""

RANGE_TOLERANCE: Final = 1e-3


@runtime_checkable
class FeatureExtractor(Protocol):
    """Turns clips into vectors whose distribution a metric compares."""

    @property
    def id(self) -> str:
        """Net, layer, resize and, unless exact, precision: two ids never give the same numbers."""

    @property
    def checksum(self) -> str:
        """SHA-256 of the weights' content."""

    @property
    def num_features(self) -> int:
        """Length of a vector."""

    def __call__(self, clip: Clip) -> Features:
        """Compute one vector per clip.

        Args:
            clip: 1 or 3 channels in [-1, 1].
        """


def check_clip(clip: Clip, *, min_frames: int) -> None:
    """Refuse what a net would take without complaint and misread.

    Args:
        clip: Pixels.
        min_frames: What the net needs.

    Raises:
        UsageError: If there are not 1 or 3 channels, too few frames, or values outside [-1, 1].
    """
    _, channels, num_frames, height, width = clip.shape
    if channels not in {1, 3}:
        msg = f"a clip has {channels} channels, 1 (grey) or 3 (RGB) are needed"
        raise UsageError(msg)
    if num_frames < min_frames or not height or not width:
        msg = (
            f"a clip has {num_frames} frames of {height} x {width}, the net needs at least "
            f"{min_frames} frames"
        )
        raise UsageError(msg)
    if len(clip):
        check_range(clip)


def resize_of(net_id: str) -> str | None:
    """Read the resize out of the id of a net.

    Args:
        net_id: "net", "net/resize" or "net/resize/precision".

    Returns:
        Kernel and size; None where the id names none.
    """
    parts = net_id.split("/")
    return parts[1] if len(parts) > 1 else None


def check_range(pixels: Tensor) -> None:
    """Refuse pixels outside [-1, 1].

    Args:
        pixels: At least one.

    Raises:
        UsageError: If a value is outside by more than a thousandth, or not finite.
    """
    low, high = torch.stack(pixels.aminmax()).tolist()
    if not -1 - RANGE_TOLERANCE <= low <= high <= 1 + RANGE_TOLERANCE:
        msg = f"pixels are in [{low:g}, {high:g}], they must be in [-1, 1]"
        raise UsageError(msg)


@contextmanager
def computing(precision: Precision) -> Iterator[None]:
    """Compute without gradients, with TF32 convolutions only where asked for.

    torch allows TF32 in convolutions by default, which changes features in the fourth digit.

    Args:
        precision: Of the net that runs in the block.
    """
    cudnn = torch.backends.cudnn
    with (
        torch.no_grad(),
        cudnn.flags(
            enabled=cudnn.enabled,
            benchmark=cudnn.benchmark,
            deterministic=cudnn.deterministic,
            allow_tf32=precision == "tf32",
        ),
    ):
        yield
