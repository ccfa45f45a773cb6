"""A model that can be stopped makes the same loops."""

import numpy as np
import pytest
from PIL import Image

from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.stages import Decoder
from sonoloop.web.job import JobStoppedError
from sonoloop.web.stoppable_decoder import StoppableDecoder, stoppable


@pytest.fixture
def still() -> Image.Image:
    """Draw noise."""
    noise = np.random.default_rng(0).integers(1, 256, (64, 64), dtype=np.uint8)
    return Image.fromarray(noise)


def test_loops_are_the_same(model: ImageToVideo, still: Image.Image) -> None:
    """Bit for bit, with a question before each window."""
    asked: list[None] = []
    wrapped = stoppable(model, lambda: asked.append(None))
    assert isinstance(wrapped.autoencoder, StoppableDecoder)
    assert isinstance(wrapped.autoencoder, Decoder)
    long = wrapped(still, seed=1, num_frames=48)[0][0]
    assert np.array_equal(long, model(still, seed=1, num_frames=48)[0][0])
    assert len(asked) >= 4  # features and at least three windows


def test_question_stops_the_work(model: ImageToVideo, still: Image.Image) -> None:
    """After two windows of a hundred."""
    asked: list[None] = []

    def ask() -> None:
        asked.append(None)
        if len(asked) > 3:
            raise JobStoppedError

    with pytest.raises(JobStoppedError):
        stoppable(model, ask)(still, num_frames=1600)
    assert len(asked) == 4
