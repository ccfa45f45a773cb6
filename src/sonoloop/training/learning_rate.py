"""The course of the learning rate: a pure function of the step, so that resuming needs no state."""

from math import cos, pi

from sonoloop.training.config import TrainingConfig


def learning_rate_at(step: int, config: TrainingConfig) -> float:
    """Evaluate the learning rate of one step.

    Args:
        step: Number of steps already made, from 0.
        config: Highest rate, warm-up, decay and where it ends.

    Returns:
        The learning rate, above 0 during the warm-up and at least
        ``final_fraction * learning_rate`` after it.
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / (config.warmup_steps + 1)
    span = max(config.max_steps - config.warmup_steps, 1)
    progress = min((step - config.warmup_steps) / span, 1.0)
    floor = config.final_fraction
    if config.decay == "cosine":
        fraction = floor + (1 - floor) * 0.5 * (1 + cos(pi * progress))
    elif config.decay == "exponential":
        fraction = max(floor, _SMALLEST_FRACTION) ** progress
    elif config.decay == "steps":
        fraction = 0.1 ** sum(step >= share * config.max_steps for share in _FALLS_AT)
    else:
        left = config.max_steps - step
        cooldown_steps = config.cooldown_fraction * config.max_steps
        falling = cooldown_steps > 0 and left < cooldown_steps
        fraction = floor + (1 - floor) * max(left, 0) / cooldown_steps if falling else 1.0
    return config.learning_rate * fraction


_FALLS_AT = (0.4, 0.8)
_SMALLEST_FRACTION = 1e-3  # an exponential never reaches zero
