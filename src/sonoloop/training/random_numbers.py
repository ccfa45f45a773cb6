"""Random numbers that depend on (seed, step, rank) alone, so that resuming needs no state."""

import numpy as np
import torch


def seed_step(seed: int, step: int, rank: int, device: torch.device) -> torch.Generator:
    """Start the random numbers of one step.

    The global generators are seeded too: dropout draws from them.

    Args:
        seed: Of the run.
        step: Number of steps already made.
        rank: Number of this process among all.
        device: Where the numbers will be drawn.

    Returns:
        A generator on the device for augmentation and noise.
    """
    sequence = np.random.SeedSequence([seed, step, rank])
    own, shared = (int(word) for word in sequence.generate_state(2, np.uint64))
    torch.manual_seed(shared)
    return torch.Generator(device).manual_seed(own)
