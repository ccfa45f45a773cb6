"""One random generator per clip, so that clip 17 does not depend on what is made beside it."""

import hashlib

import numpy as np
import torch

from sonoloop.data.recording import Frames


def pixels_sha256(frames: Frames) -> str:
    """Identify a picture by its size and grey values, whatever file they came from.

    Args:
        frames: Grey frames of any shape, uint8.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(repr(frames.shape).encode())
    digest.update(np.ascontiguousarray(frames).data)
    return digest.hexdigest()


def clip_generator(seed: int, still_sha256: str, sample: int) -> torch.Generator:
    """Derive the generator of one clip from the run's seed, its still and its number.

    Args:
        seed: Seed of the run, at least 0.
        still_sha256: Identity of the still, 64 hexadecimal digits.
        sample: Which of the clips of this still, from 0.

    Returns:
        A CPU generator; noise is drawn on the CPU so that every device gives the same loops.

    Raises:
        ValueError: If the seed or the sample number is negative.
    """
    if seed < 0 or sample < 0:
        msg = f"seed and sample number must be at least 0, got {seed} and {sample}"
        raise ValueError(msg)
    words = np.frombuffer(bytes.fromhex(still_sha256), dtype=">u4")
    sequence = np.random.SeedSequence([seed, sample, *(int(word) for word in words)])
    state = int(sequence.generate_state(1, np.uint64)[0])
    return torch.Generator().manual_seed(state & (2**63 - 1))
