"""The embedding without net is a small picture of the clip, and knows its flips."""

import torch

from sonoloop.evaluation.clip_embedding import (
    NUM_FLIPS,
    flipped_pixel_embedding,
    flips,
    pixel_embedding,
)


def test_blocks_of_four_frames_are_averaged() -> None:
    """Frames 0, 5, 10 and 15 of 16; blocks of 4 x 4 pixels of 64."""
    clip = torch.rand(2, 3, 16, 64, 64)
    embedding = pixel_embedding(clip).view(2, 4, 16, 16)
    for place, frame in enumerate((0, 5, 10, 15)):
        torch.testing.assert_close(embedding[1, place, 2, 3], clip[1, :, frame, 8:12, 12:16].mean())


def test_flips_of_the_embedding_are_those_of_the_clip() -> None:
    """So flipped clips need not be embedded again."""
    clip = torch.rand(2, 1, 16, 32, 48)
    found = flipped_pixel_embedding(clip)
    assert found.shape == (2, NUM_FLIPS, 1024)
    for place, flip in enumerate(flips(clip)):
        torch.testing.assert_close(found[:, place], pixel_embedding(flip))


def test_short_clips_repeat_frames() -> None:
    """One frame fills all four places."""
    embedding = pixel_embedding(torch.rand(1, 1, 1, 16, 16)).view(4, -1)
    torch.testing.assert_close(embedding, embedding[:1].expand(4, -1))
