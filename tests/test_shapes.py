"""Shapes in signatures are checked whenever tests run."""

import pytest
import torch
from jaxtyping import TypeCheckError

from sonoloop.layers.warp import warp_frame


def test_a_wrong_shape_fails_with_the_parameter_named() -> None:
    """A clip where a frame is due is refused by the type, which shows that the check is on."""
    clip = torch.zeros(1, 1, 2, 4, 4)
    with pytest.raises(TypeCheckError, match=r"typechecking parameter 'frame'"):
        warp_frame(clip, clip)
