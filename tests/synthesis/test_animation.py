"""Loops of any length at the still's own size."""

import numpy as np
import pytest

from sonoloop.data.phantom import phantom_clip
from sonoloop.errors import UsageError
from sonoloop.synthesis.animation import Animation, AnimationRun, to_float
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.loops import LoopOptions, LoopRequest


def test_any_number_of_frames_at_the_stills_size(model: ImageToVideo) -> None:
    """A long loop begins with the still and, until the second window counts, as the plain one."""
    picture = phantom_clip(np.random.default_rng(0), size=90, num_frames=1)[0]
    plain = model(picture)[0][0]
    for num_frames, loop in ((5, False), (37, False), (37, True), (16, True)):
        made = model(picture, num_frames=num_frames, loop=loop)[0][0]
        assert made.shape == (num_frames, 90, 90)
        np.testing.assert_array_equal(made[0], plain[0])
        difference = made[:5].astype(int) - plain[:5].astype(int)
        assert np.abs(difference).max() <= 1
    assert (made[12:] != plain[12:]).any()


def test_long_loops_do_not_depend_on_their_batch(model: ImageToVideo) -> None:
    """Every window's noise is the loop's own."""
    stills = [
        model.open(phantom_clip(np.random.default_rng(seed), num_frames=1)[0]) for seed in range(3)
    ]
    animation = Animation(model.autoencoder, model.sampler, model.config, model.device)
    requests = [LoopRequest(still, sample) for still in stills for sample in range(2)]
    options = LoopOptions(num_frames=30, loop=True)
    alone, together = (
        [loop.frames for loop in animation.loops(requests, AnimationRun(3, None, options, size))]
        for size in (1, 6)
    )
    for one, same in zip(alone, together, strict=True):
        assert np.abs(one.astype(int) - same.astype(int)).max() <= 1


def test_too_few_frames_are_refused(model: ImageToVideo) -> None:
    """A clip has two frames, a loop time to go and to come back."""
    picture = phantom_clip(np.random.default_rng(0), num_frames=1)[0]
    with pytest.raises(UsageError, match="a clip needs at least 2 frames, got num_frames 1"):
        model(picture, num_frames=1)
    with pytest.raises(UsageError, match=r"meets its start needs at least 8 frames, got .* 5"):
        model(picture, num_frames=5, loop=True)


def test_grey_levels_become_the_models_range() -> None:
    """0 is -1, 255 is 1."""
    assert to_float(np.array([0, 255], np.uint8)).tolist() == [-1, 1]
