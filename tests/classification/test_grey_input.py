"""Grey becomes three channels, normalised."""

import pytest
import torch

from sonoloop.classification.grey_input import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    SPORTS1M_MEAN,
    GreyToColour,
    as_frames,
    consensus,
)


def test_black_and_white_by_hand() -> None:
    """ImageNet: (0 - mean) / std and (1 - mean) / std; C3D: levels 0 and 255 less the mean."""
    clip = torch.tensor([-1.0, 1.0]).reshape(1, 1, 2, 1, 1)
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    expected = torch.stack([-mean / std, (1 - mean) / std], 1)
    torch.testing.assert_close(GreyToColour()(clip)[0, :, :, 0, 0], expected)
    levels = GreyToColour(SPORTS1M_MEAN, (1.0, 1.0, 1.0), white=255.0)(clip)
    mean = torch.tensor(SPORTS1M_MEAN)
    torch.testing.assert_close(levels[0, :, :, 0, 0], torch.stack([-mean, 255 - mean], 1))


def test_it_leaves_weight_files_alone() -> None:
    """Nothing of it is saved, so torchvision's files fit."""
    assert not GreyToColour().state_dict()


def test_frames_of_a_clip_stay_neighbours() -> None:
    """Clip 0 frame 0, clip 0 frame 1, clip 1 frame 0 ..."""
    clip = torch.arange(4.0).reshape(2, 1, 2, 1, 1)
    assert as_frames(clip).flatten().tolist() == pytest.approx([0, 1, 2, 3])


def test_the_consensus_is_the_mean_of_each_clips_frames() -> None:
    """By hand."""
    logits = torch.tensor([[1.0, 0.0], [3.0, 2.0], [5.0, 5.0], [7.0, 1.0]])
    torch.testing.assert_close(consensus(logits, 2), torch.tensor([[2.0, 1.0], [6.0, 3.0]]))
