"""The latents of training clips, for the control that a prior must beat."""

import numpy as np
import torch

from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.augmentation import to_float
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.shapes import Latent
from sonoloop.training.batches import stack_arrays

CLIPS_PER_VIDEO = 4
"""Windows of a video at most: the first one and others at random."""
BATCH_SIZE = 8


@torch.inference_mode()
def encode_training_clips(autoencoder: VideoAutoencoder, videos: ClipSet) -> Latent:
    """Encode clips of every training video, not augmented.

    Args:
        autoencoder: Stage 1, in evaluation mode.
        videos: Training videos.

    Returns:
        Means of the posteriors, in the order of the videos.
    """
    clips = []
    for item in range(len(videos)):
        count = min(CLIPS_PER_VIDEO, max(1, videos.num_windows(item)))
        rng = np.random.default_rng([0, item])
        clips += [videos.clip(item), *(videos.random_clip(item, rng) for _ in range(count - 1))]
    channels = autoencoder.config.in_channels
    return torch.cat(
        [
            autoencoder.encode(
                to_float(stack_arrays(clips[start : start + BATCH_SIZE])).expand(
                    -1, channels, -1, -1, -1
                )
            )
            for start in range(0, len(clips), BATCH_SIZE)
        ]
    )
