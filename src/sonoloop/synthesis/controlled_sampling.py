"""Latents with the label and the motion that were asked for, from models that know them."""

from collections.abc import Sequence

import torch

from sonoloop.diffusion.control import asked_control
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.diffusion.sampling_checks import check_guidance
from sonoloop.errors import UsageError
from sonoloop.shapes import Frame, Latent
from sonoloop.synthesis.loops import LoopOptions
from sonoloop.synthesis.motion_transfer import KnownMotion
from sonoloop.synthesis.stages import LatentSampler


def check_control(sampler: LatentSampler, options: LoopOptions) -> None:
    """Refuse what a model cannot do, before any work.

    Args:
        sampler: Stage 2.
        options: What is asked for.

    Raises:
        UsageError: If the model was trained without it or does not know the label.
    """
    if isinstance(sampler, KnownMotion) and options.num_frames is not None:
        msg = (
            f"num_frames {options.num_frames}: the motion of a clip is as long as the model's "
            "clips; leave it out"
        )
        raise UsageError(msg)
    if not options.asks_for_control:
        return
    if not isinstance(sampler, LatentDiffusion):
        msg = "this model takes neither label nor motion nor guidance_scale: leave them out"
        raise UsageError(msg)
    control = asked_control(sampler.config, 1, label=options.label, motion=options.motion)
    if options.guidance_scale is not None:
        scale = options.guidance_scale
        check_guidance(sampler.config, scale, has_control=control is not None)


def draw_latents(
    sampler: LatentSampler,
    first_frame: Frame,
    options: LoopOptions,
    *,
    generators: Sequence[torch.Generator],
    num_inference_steps: int | None,
) -> Latent:
    """Draw one latent per first frame, told label and motion where they are asked for.

    Args:
        sampler: Stage 2.
        first_frame: First frame of each clip, in [-1, 1].
        options: What is asked for, as ``check_control`` let it pass.
        generators: One per item, on the CPU.
        num_inference_steps: Steps of the sampler; None takes the model's own.
    """
    if not options.asks_for_control or not isinstance(sampler, LatentDiffusion):
        return sampler.sample(
            first_frame, generators=generators, num_inference_steps=num_inference_steps
        )
    count = len(first_frame)
    return sampler.sample(
        first_frame,
        generators=generators,
        num_inference_steps=num_inference_steps,
        control=asked_control(sampler.config, count, label=options.label, motion=options.motion),
        guidance_scale=options.guidance_scale,
    )
