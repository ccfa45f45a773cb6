"""What a classifier says of clips."""

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.classification.augmentation import to_clip
from sonoloop.classification.config import ClassifierConfig
from sonoloop.classification.models import Classifier
from sonoloop.classification.segment_sampling import segment_frames

Probabilities = npt.NDArray[np.float64]


def class_probabilities(
    model: Classifier, clips: npt.NDArray[np.uint8], *, batch_size: int = 16
) -> Probabilities:
    """Tell how probable each class is for each clip.

    Args:
        model: In evaluation mode, on its device.
        clips: Grey frames (n, frames, height, width).
        batch_size: Clips at a time; the result does not depend on it beyond rounding.

    Returns:
        Probabilities (n, classes), each row summing to 1.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    try:
        logits = class_logits(model, model.config, clips, batch_size=batch_size, device=device)
    finally:
        model.train(was_training)
    probabilities: Probabilities = logits.double().softmax(1).numpy()
    return probabilities


@torch.inference_mode()
def class_logits(
    net: nn.Module,
    config: ClassifierConfig,
    clips: npt.NDArray[np.uint8],
    *,
    batch_size: int,
    device: torch.device,
) -> Float[Tensor, "n classes"]:
    """Run a network over clips, looking at the middle of every segment.

    Args:
        net: In evaluation mode, on the device.
        config: What it sees.
        clips: Grey frames (n, frames, height, width).
        batch_size: Clips at a time.
        device: Where it runs.

    Returns:
        Logits in float32, on the CPU.
    """
    chosen = segment_frames(clips.shape[1], config.num_frames, stretch=config.stretch)
    logits = [torch.empty(0, len(config.classes))]
    for first in range(0, len(clips), batch_size):
        levels = clips[first : first + batch_size].take(chosen, axis=1)
        clip = to_clip(torch.from_numpy(levels).to(device), config.size)
        logits.append(net(clip).float().cpu())
    return torch.cat(logits)


def mean_by_video(
    probabilities: Probabilities, videos: npt.NDArray[np.int64]
) -> tuple[Probabilities, npt.NDArray[np.int64]]:
    """Average the probabilities of the windows of each video.

    Args:
        probabilities: One row per clip.
        videos: Number of each clip's video.

    Returns:
        One row per video, and the video numbers in ascending order.
    """
    numbers, places, counts = np.unique(videos, return_inverse=True, return_counts=True)
    sums = np.zeros((len(numbers), probabilities.shape[1]))
    np.add.at(sums, places, probabilities)
    return sums / counts[:, None], numbers
