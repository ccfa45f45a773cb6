"""I3D on a single frame, as if it were shown for ever.

On a clip that does not change, a convolution over time is one whose kernel is summed over time, and
a pool over time changes nothing. So a still has features in the very space of I3D's clips, without
a made-up length and without the empty frames that padding adds at both ends of a short clip, at a
sixteenth of the cost of sixteen equal frames. Summing is the inverse of the inflation by which I3D
was made of an image net (Carreira & Zisserman 2017, arXiv:1705.07750, Section 2.3).
"""

from pathlib import Path

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from sonoloop.features.extractor import check_clip, computing
from sonoloop.features.i3d import BATCH_NORM_EPS, NUM_CLASSES, WEIGHTS
from sonoloop.features.inflated_inception import (
    FRAME_SIZE,
    ConvolutionUnit,
    InflatedInception,
    load_inception,
)
from sonoloop.features.resize import resize_clip
from sonoloop.features.weight_sources import SOURCES
from sonoloop.features.weights import load_weights
from sonoloop.shapes import Clip


class StillI3d:
    """Every frame of a clip on its own -> 400 logits."""

    id = f"{WEIGHTS}-logits-of-stills/bilinear-{FRAME_SIZE}"

    def __init__(
        self, net: InflatedInception, *, checksum: str, device: torch.device | str = "cpu"
    ) -> None:
        """Wrap a loaded net.

        Args:
            net: With 400 classes; moved and changed in place.
            checksum: Of its weights.
            device: Where to compute.
        """
        self.checksum = checksum
        self._net = net.to(device)
        self._device = torch.device(device)
        for unit in net.modules():
            if isinstance(unit, ConvolutionUnit):
                show_for_ever(unit)

    @classmethod
    def from_weights(
        cls, weights_dir: Path | None = None, *, device: torch.device | str = "cpu"
    ) -> "StillI3d":
        """Load I3D from the cache of weights.

        Args:
            weights_dir: Where to look; None for the usual place.
            device: Where to compute.

        Raises:
            UsageError: If the weights have not been fetched.
            UnreadableFileError: If they are damaged.
        """
        arrays = load_weights(WEIGHTS, weights_dir)
        net = load_inception(arrays, num_classes=NUM_CLASSES, eps=BATCH_NORM_EPS)
        return cls(net, checksum=SOURCES[WEIGHTS].content_sha256, device=device)

    def __call__(self, clip: Clip) -> Float[Tensor, "b t classes"]:
        """Compute the logits of each frame, whatever the others show.

        Args:
            clip: Frames of any size, 1 or 3 channels in [-1, 1].

        Returns:
            On the device of the net.

        Raises:
            UsageError: If the clip does not fit.
        """
        check_clip(clip, min_frames=1)
        stills = rearrange(clip, "b c t h w -> (b t) c 1 h w")
        with computing("exact"):
            frames = resize_clip(stills.to(self._device, torch.float32), FRAME_SIZE, "bilinear")
            logits: Tensor = self._net(frames)
        return logits.reshape(len(clip), clip.shape[2], -1)


def show_for_ever(unit: ConvolutionUnit) -> None:
    """Sum a kernel over time into its middle, where padding puts a single frame.

    Args:
        unit: Changed in place; from then on for clips of one frame.
    """
    weight = unit.conv.weight
    summed = torch.zeros_like(weight)
    summed[:, :, weight.shape[2] // 2] = weight.sum(2)
    unit.conv.weight = torch.nn.Parameter(summed, requires_grad=False)
