"""Random numbers that depend on (seed, step) alone, so that resuming needs no state."""

import numpy as np
import torch

from sonoloop.batch_random import SharedGenerator


def seed_step(
    seed: int, step: int, device: torch.device, *, rank: int = 0, num_processes: int = 1
) -> SharedGenerator:
    """Start the random numbers of one step.

    The global generators are seeded too, differently in every process: nothing here draws from
    them, but a module of somebody else's might.

    Args:
        seed: Of the run.
        step: Number of steps already made.
        device: Where the numbers will be drawn.
        rank: Number of this process among all.
        num_processes: How many share the batch.

    Returns:
        A generator on the device for augmentation, noise and dropout of the whole batch.
    """
    shared, own = (
        np.random.SeedSequence([seed, step, number]).generate_state(2, np.uint64)
        for number in (0, rank)
    )
    torch.manual_seed(int(own[1]))
    generator = SharedGenerator(device)
    generator.rank, generator.num_processes = rank, num_processes
    generator.manual_seed(int(shared[0]))
    return generator
