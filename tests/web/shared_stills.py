"""Stills as bytes, as a client sends them."""

import io

import numpy as np
from PIL import Image


def png(seed: int = 0, *, height: int = 91, width: int = 123) -> bytes:
    """Make the bytes of a still of noise."""
    noise = np.random.default_rng(seed).integers(1, 256, (height, width))
    buffer = io.BytesIO()
    Image.fromarray(noise.astype(np.uint8)).save(buffer, format="PNG")
    return buffer.getvalue()
