"""The features of FID for every frame of a clip, from a file that the user brings.

FID (Heusel et al. 2017, arXiv:1706.08500) compares single images. Of clips it says how their
frames look and nothing of how they move.
"""

from pathlib import Path
from typing import Final

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from sonoloop.features.extractor import check_clip, computing
from sonoloop.features.image_inception import (
    FRAME_SIZE,
    NUM_FEATURES,
    ImageInception,
    file_layout,
    load_image_inception,
)
from sonoloop.features.pickled_arrays import Arrays
from sonoloop.features.resize import resize_bilinear
from sonoloop.features.user_checkpoint import read_net
from sonoloop.features.weight_files import content_sha256
from sonoloop.shapes import Clip

HOW_TO_GET_IT: Final = (
    "FID needs the Inception-v3 of 2015-12-05 as PyTorch ports of it store it, "
    "pt_inception-2015-12-05-6726825d.pth of the releases of mseitzer/pytorch-fid"
)


class FrameInception:
    """Clips -> 2048 features of every frame."""

    id = f"inception-v3-2015-12-05-pool3/bilinear-{FRAME_SIZE}"
    num_features = NUM_FEATURES

    def __init__(
        self, net: ImageInception, *, checksum: str, device: torch.device | str = "cpu"
    ) -> None:
        """Wrap a loaded net.

        Args:
            net: Moved in place.
            checksum: Of its weights.
            device: Where to compute.
        """
        self.checksum = checksum
        self._net = net.to(device)
        self._device = torch.device(device)

    @classmethod
    def from_file(cls, path: Path, *, device: torch.device | str = "cpu") -> "FrameInception":
        """Load the user's file; nothing in it is run.

        Args:
            path: A torch checkpoint of tensors by name, or the same as safetensors.
            device: Where to compute.

        Raises:
            UsageError: If there is no such file.
            UnreadableFileError: If it is no such checkpoint.
        """
        arrays = read_checkpoint(path)
        return cls(load_image_inception(arrays), checksum=content_sha256(arrays), device=device)

    def __call__(self, clip: Clip) -> Float[Tensor, "b t 2048"]:
        """Compute the features of every frame, resized without antialiasing.

        Args:
            clip: Any number of frames of any size, 1 or 3 channels in [-1, 1].

        Returns:
            On the device of the net.

        Raises:
            UsageError: If the clip does not fit.
        """
        check_clip(clip, min_frames=1)
        frames = rearrange(clip.to(self._device, torch.float32), "b c t h w -> (b t) c h w")
        with computing("exact"):
            images = resize_bilinear(frames, FRAME_SIZE).expand(-1, 3, -1, -1)
            features: Tensor = self._net(images)
        return rearrange(features, "(b t) features -> b t features", b=len(clip))


def read_checkpoint(path: Path) -> Arrays:
    """Read the weights of the Inception of FID and check that they are all there.

    Args:
        path: A torch checkpoint of tensors by name, or the same as safetensors.

    Raises:
        UsageError: If there is no such file.
        UnreadableFileError: If it is another file; the message says what differs.
    """
    return read_net(path, key=None, layout=file_layout(), how_to_get_it=HOW_TO_GET_IT)
