"""The cINN's stage 2 in one module: latents become noise and back, given the first frame."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.batch_random import batch_normal
from sonoloop.errors import SonoloopError, UsageError
from sonoloop.flow.block import FlowBlock
from sonoloop.flow.conditioner import FirstFrameConditioner
from sonoloop.flow.config import FlowConfig
from sonoloop.flow.image_encoder import FrozenConditioner
from sonoloop.layers.item_noise import check_generators, item_noise
from sonoloop.shapes import Frame, Latent

SMALLEST_LATENT = 2
"""Numbers that a coupling can divide."""


class Likelihood(NamedTuple):
    """What the likelihood of latents is made of, an item each."""

    squared_norm: Float[Tensor, " b"]
    """Of the noise that a latent becomes."""

    log_determinant: Float[Tensor, " b"]
    """Of the Jacobian of noise by latent."""


class ConditionalFlow(nn.Module):
    """Latent dynamics of a clip, given its first frame (cINN, arXiv:2105.04551).

    A grid latent is taken as the vector of its numbers. Couplings are computed in float32, also
    under automatic mixed precision: in bf16 the inverse would not be one.

    Args:
        config: Architecture.
        latent_shape: (d,) or (d, t, h, w), as stage 1 makes them.

    Raises:
        ValueError: If a latent is a single number.
    """

    def __init__(self, config: FlowConfig, latent_shape: tuple[int, ...]) -> None:
        """Build the networks; orders are drawn from torch's global generator."""
        super().__init__()
        self.config = config
        self.latent_shape = tuple(latent_shape)
        self.size = prod(self.latent_shape)
        if self.size < SMALLEST_LATENT:
            msg = f"a coupling needs latents of 2 numbers or more, got {self.latent_shape}"
            raise ValueError(msg)
        self.conditioner: FrozenConditioner | FirstFrameConditioner
        if config.conditioner == "resnet50":
            self.conditioner = FrozenConditioner(config.condition_channels)
        else:
            self.conditioner = FirstFrameConditioner(
                config.condition_widths, channels=config.condition_channels
            )
        self.blocks = nn.ModuleList(
            FlowBlock(
                self.size,
                condition_channels=config.condition_channels,
                hidden_width=config.hidden_width,
                hidden_depth=config.hidden_depth,
                log_scale_limit=config.log_scale_limit,
                negative_slope=config.negative_slope,
            )
            for _ in range(config.num_blocks)
        )

    @torch.no_grad()
    def initialize(self, latent: Latent, first_frame: Frame) -> None:
        """Set every ActNorm so that its first data come out with mean 0 and deviation 1.

        So do the vectors of a frozen conditioner.

        Args:
            latent: Training latents, some hundred or more.
            first_frame: Their first frames, in [-1, 1].

        Raises:
            ValueError: If the latents' shape is not the model's or they are not all finite.
        """
        self._check_latent(latent)
        if not latent.isfinite().all():
            msg = "latents hold values that are not finite; stage 1 did not train"
            raise ValueError(msg)
        if isinstance(self.conditioner, FrozenConditioner):
            self.conditioner.standardise(first_frame)
        condition, values = self.conditioner(first_frame), latent.flatten(1)
        for block in self._flow_blocks():
            block.norm.standardise(values)
            values, _ = block(values, condition)

    def to_noise(
        self, latent: Latent, first_frame: Frame
    ) -> tuple[Float[Tensor, "b n"], Float[Tensor, " b"]]:
        """Turn latents into noise.

        Args:
            latent: As stage 1 makes them.
            first_frame: First frame of each clip, in [-1, 1].

        Returns:
            Noise, standard normal if the flow is trained, and the logarithm of the determinant of
            its Jacobian by the latent.

        Raises:
            ValueError: If the latents' shape is not the model's.
        """
        self._check_latent(latent)
        condition = self.conditioner(first_frame)
        with _in_float32(latent):
            condition, values = condition.float(), latent.float().flatten(1)
            log_determinant = values.new_zeros(len(values))
            for block in self._flow_blocks():
                values, of_block = block(values, condition)
                log_determinant = log_determinant + of_block
        return values, log_determinant

    def to_latent(self, noise: Float[Tensor, "b n"], first_frame: Frame) -> Latent:
        """Turn noise into latents: the inverse of ``to_noise``.

        Args:
            noise: One vector per item, as long as a latent has numbers.
            first_frame: First frame of each clip, in [-1, 1].
        """
        condition = self.conditioner(first_frame)
        with _in_float32(noise):
            condition, values = condition.float(), noise.float()
            for block in reversed(list(self._flow_blocks())):
                values = block.inverse(values, condition)
        return values.reshape(-1, *self.latent_shape)

    def forward(self, latent: Latent, first_frame: Frame, generator: torch.Generator) -> Likelihood:
        """Compute what the loss is made of.

        Args:
            latent: What stage 1 encodes from the clips.
            first_frame: First frame of each clip, in [-1, 1].
            generator: Source of the noise on the first frame in training.
        """
        if self.training and self.config.condition_noise:
            noise = batch_normal(first_frame.shape, generator)
            first_frame = first_frame + self.config.condition_noise * noise.to(first_frame)
        noise, log_determinant = self.to_noise(latent, first_frame)
        return Likelihood(noise.square().sum(dim=1), log_determinant)

    @torch.no_grad()
    def sample(
        self,
        first_frame: Frame,
        *,
        generators: Sequence[torch.Generator],
        num_inference_steps: int | None = None,
    ) -> Latent:
        """Draw a latent for each first frame.

        Args:
            first_frame: First frame of each clip, in [-1, 1].
            generators: One per item, on the CPU.
            num_inference_steps: None or 1: a flow takes one pass.

        Returns:
            Latents as stage 1 makes them.

        Raises:
            ValueError: If there is not one CPU generator per item.
            UsageError: If more than one step is asked for.
            SonoloopError: If the flow's scales have grown beyond all bounds in training.
        """
        check_generators(len(first_frame), generators)
        if num_inference_steps not in {None, 1}:
            msg = f"a flow draws in one step, not in {num_inference_steps}: leave the number out"
            raise UsageError(msg)
        noise = self.config.temperature * item_noise((self.size,), generators)
        latent = self.to_latent(noise.to(first_frame.device), first_frame)
        if not latent.isfinite().all():
            msg = (
                "the flow draws latents that are not finite, its scales grew too large in "
                "training: lower its learning rate, or --set flow.log_scale_limit=1"
            )
            raise SonoloopError(msg)
        return latent

    def _flow_blocks(self) -> Iterator[FlowBlock]:
        for block in self.blocks:
            if not isinstance(block, FlowBlock):
                raise TypeError
            yield block

    def _check_latent(self, latent: Tensor) -> None:
        if tuple(latent.shape[1:]) != self.latent_shape:
            msg = f"need latents of shape {self.latent_shape}, got {tuple(latent.shape[1:])}"
            raise ValueError(msg)


@contextmanager
def _in_float32(values: Tensor) -> Iterator[None]:
    with torch.autocast(values.device.type, enabled=False):
        yield
