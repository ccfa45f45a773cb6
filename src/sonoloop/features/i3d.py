"""I3D of Kinetics-400, the net of FVD (Unterthiner et al. 2019, arXiv:1812.01717).

Its features are the 400 logits. Other nets and other resizes are in use under the same name and
give other numbers; ``I3dKinetics400.id`` says which this is.
"""

from pathlib import Path
from typing import Final

import torch

from sonoloop.features.extractor import DTYPES, Features, Precision, check_clip, computing
from sonoloop.features.inflated_inception import (
    FRAME_SIZE,
    MIN_FRAMES,
    InflatedInception,
    load_inception,
)
from sonoloop.features.resize import ResizeKernel, resize_clip
from sonoloop.features.weight_sources import SOURCES
from sonoloop.features.weights import load_weights
from sonoloop.shapes import Clip

WEIGHTS: Final = "i3d-kinetics-400"
NUM_CLASSES: Final = 400
BATCH_NORM_EPS: Final = 1e-3


class I3dKinetics400:
    """Clips -> 400 logits; fits ``FeatureExtractor``."""

    num_features = NUM_CLASSES

    def __init__(
        self,
        net: InflatedInception,
        *,
        checksum: str,
        resize: ResizeKernel = "bilinear",
        precision: Precision = "exact",
        device: torch.device | str = "cpu",
    ) -> None:
        """Wrap a loaded net.

        Args:
            net: With 400 classes; moved and converted in place.
            checksum: Of its weights.
            resize: How frames come to 224 x 224. "bilinear-tf1" is the one of the first FVDs.
            precision: "exact" meets the published values; the others are faster where the
                hardware has them.
            device: Where to compute.
        """
        self.id = f"{WEIGHTS}-logits/{resize}-{FRAME_SIZE}"
        if precision != "exact":
            self.id += f"/{precision}"
        self.checksum = checksum
        self._net = net.to(device=device, dtype=DTYPES[precision])
        self._resize: ResizeKernel = resize
        self._precision: Precision = precision
        self._device = torch.device(device)

    @classmethod
    def from_weights(
        cls,
        weights_dir: Path | None = None,
        *,
        resize: ResizeKernel = "bilinear",
        precision: Precision = "exact",
        device: torch.device | str = "cpu",
    ) -> "I3dKinetics400":
        """Load the net from the cache of weights.

        Args:
            weights_dir: Where to look; None for the usual place.
            resize: As for ``I3dKinetics400``.
            precision: As for ``I3dKinetics400``.
            device: As for ``I3dKinetics400``.

        Raises:
            UsageError: If the weights have not been fetched.
            UnreadableFileError: If they are damaged.
        """
        arrays = load_weights(WEIGHTS, weights_dir)
        net = load_inception(arrays, num_classes=NUM_CLASSES, eps=BATCH_NORM_EPS)
        checksum = SOURCES[WEIGHTS].content_sha256
        return cls(net, checksum=checksum, resize=resize, precision=precision, device=device)

    def __call__(self, clip: Clip) -> Features:
        """Compute the logits, mean over time.

        Args:
            clip: At least 9 frames of any size, 1 or 3 channels in [-1, 1].

        Returns:
            On the device of the net.

        Raises:
            UsageError: If the clip does not fit.
        """
        check_clip(clip, min_frames=MIN_FRAMES)
        with computing(self._precision):
            frames = resize_clip(clip.to(self._device, torch.float32), FRAME_SIZE, self._resize)
            logits: Features = self._net(frames)
        return logits
