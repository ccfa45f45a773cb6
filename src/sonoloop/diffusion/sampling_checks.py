"""What sampling refuses before it begins, in one sentence with the values."""

from typing import get_args

from sonoloop.diffusion.config import FLOW_SAMPLERS, DiffusionConfig, Sampler
from sonoloop.errors import UsageError


def check_sampler(config: DiffusionConfig, name: str) -> Sampler:
    """Find a sampler by its name.

    Args:
        config: Of the model that is sampled.
        name: One of ``Sampler``.

    Raises:
        UsageError: If there is none of this name or it does not fit the objective.
    """
    names: tuple[Sampler, ...] = get_args(Sampler)
    if name not in names:
        msg = f"sampler {name} is none of {', '.join(names)}"
        raise UsageError(msg)
    sampler = names[names.index(name)]
    if (sampler in FLOW_SAMPLERS) != (config.objective == "flow_matching"):
        msg = (
            f"sampler {sampler} does not fit a model trained with {config.objective}; "
            f"its own is {config.sampler}"
        )
        raise UsageError(msg)
    return sampler


def check_steps(config: DiffusionConfig, sampler: Sampler, steps: int) -> None:
    """Refuse a number of steps that the sampler cannot take.

    Raises:
        UsageError: If there are less than 1, or more than the model was trained with.
    """
    if steps < 1:
        msg = f"num_inference_steps {steps} is below 1"
        raise UsageError(msg)
    most = config.num_train_timesteps
    if sampler not in FLOW_SAMPLERS and steps > most:
        msg = f"num_inference_steps {steps} is above the {most} that the model was trained with"
        raise UsageError(msg)


def check_guidance(config: DiffusionConfig, guidance_scale: float, *, has_control: bool) -> None:
    """Refuse guidance towards nothing, and by a model that never saw an item without control.

    Raises:
        UsageError: If the scale is below 0, nothing was asked for, or the model cannot be guided.
    """
    if guidance_scale < 0:
        msg = f"guidance_scale {guidance_scale:g} is below 0"
        raise UsageError(msg)
    if not config.labels and not config.motion:
        msg = (
            f"guidance_scale {guidance_scale:g}: this model was trained without labels and motion "
            "strength; leave it out, or train one with 'sonoloop train diffusion --control'"
        )
        raise UsageError(msg)
    if not has_control:
        msg = f"guidance_scale {guidance_scale:g} needs a label or a motion to guide to; give one"
        raise UsageError(msg)
    if guidance_scale != 1 and config.control_dropout == 0:
        msg = (
            f"guidance_scale {guidance_scale:g} needs a model trained with control_dropout above 0"
        )
        raise UsageError(msg)
