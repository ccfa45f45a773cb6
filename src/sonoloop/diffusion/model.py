"""Stage 2 in one module: trained on latents, sampled from noise, given the first frame."""

from collections.abc import Callable, Sequence
from typing import get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.diffusion import samplers
from sonoloop.diffusion.conditioning import Condition, FirstFrameEncoder
from sonoloop.diffusion.config import FLOW_SAMPLERS, DiffusionConfig, Sampler
from sonoloop.diffusion.denoiser import GRID_AXES, LatentDenoiser
from sonoloop.diffusion.noise_schedule import (
    add_noise,
    cosine_betas,
    cumulative_alphas,
    interpolate_to_noise,
    linear_betas,
    scaled_linear_betas,
)
from sonoloop.diffusion.objective import (
    clean_latent,
    draw_noise_level,
    draw_timestep,
    min_snr_weight,
    prediction_target,
    velocity_target,
    weighted_squared_error,
)
from sonoloop.errors import UsageError
from sonoloop.layers.item_noise import check_generators, item_noise
from sonoloop.shapes import Frame, Latent

SMALLEST_STD = 1e-6
"""A latent channel that varies less is taken as constant."""


class LatentDiffusion(nn.Module):
    """Latent dynamics of a clip, given its first frame (LDDM, Section 2.2).

    Args:
        config: Objective, denoiser and sampler.
        latent_shape: (d,) or (d, t, h, w), as stage 1 makes them.

    Raises:
        ValueError: If the latent does not divide into the tokens asked for.
    """

    latent_mean: Tensor
    latent_std: Tensor

    def __init__(self, config: DiffusionConfig, latent_shape: tuple[int, ...]) -> None:
        """Build the networks; latents count as whitened until statistics are set."""
        super().__init__()
        self.config = config
        self.latent_shape = tuple(latent_shape)
        is_grid = len(self.latent_shape) == GRID_AXES
        self.denoiser = LatentDenoiser(
            self.latent_shape,
            width=config.width,
            depth=config.depth,
            heads=config.heads,
            mlp_ratio=config.mlp_ratio,
            patch_size=config.patch_size,
            vector_tokens=config.vector_tokens,
            condition_channels=config.condition_channels,
            position_embedding=config.position_embedding,
            dropout=config.dropout,
        )
        self.first_frame_encoder = FirstFrameEncoder(
            config.condition_widths,
            grid=(self.latent_shape[2], self.latent_shape[3]) if is_grid else None,
            channels=config.condition_channels,
            pooled_width=config.width,
        )
        per_channel = (self.latent_shape[0], *[1] * (len(self.latent_shape) - 1))
        self.register_buffer("latent_mean", torch.zeros(per_channel))
        self.register_buffer("latent_std", torch.ones(per_channel))
        # In float64 and on the CPU always: no buffer, which would follow the weights.
        self.alpha_bars = _alpha_bars(config)

    def set_latent_statistics(self, latents: Latent) -> None:
        """Remember mean and standard deviation per channel, so that stage 2 sees unit variance.

        Args:
            latents: Training latents, all that there are. A channel that never varies is only
                centred.

        Raises:
            ValueError: If their shape is not the model's or they are not all finite.
        """
        self._check_latent(latents)
        if not latents.isfinite().all():
            msg = "latents hold values that are not finite; stage 1 did not train"
            raise ValueError(msg)
        per_channel = latents.double().transpose(0, 1).flatten(1)  # (d, everything else)
        std, mean = torch.std_mean(per_channel, dim=1, correction=0)
        std = torch.where(std < SMALLEST_STD, torch.ones_like(std), std)
        self.latent_mean.copy_(mean.reshape(self.latent_mean.shape))
        self.latent_std.copy_(std.reshape(self.latent_std.shape))

    def forward(
        self, latent: Latent, first_frame: Frame, generator: torch.Generator
    ) -> Float[Tensor, ""]:
        """Compute the training loss.

        Args:
            latent: What stage 1 encodes from the clips, not whitened.
            first_frame: First frame of each clip, in [-1, 1].
            generator: Source of noise, noise levels and what happens to the condition.

        Returns:
            Mean squared error of the prediction, float32.

        Raises:
            ValueError: If the latent's shape is not the model's.
        """
        self._check_latent(latent)
        latent = (latent.to(self.latent_mean.dtype) - self.latent_mean) / self.latent_std
        noise = _normal(latent.shape, generator).to(latent)
        condition = self._training_condition(first_frame, generator)
        if self.config.objective == "flow_matching":
            noise_level = draw_noise_level(
                len(latent),
                generator,
                mean=self.config.logit_normal_mean,
                std=self.config.logit_normal_std,
            ).to(latent)
            noisy_latent = interpolate_to_noise(latent, noise, noise_level)
            velocity = self.denoiser(noisy_latent, noise_level, condition)
            return weighted_squared_error(velocity, velocity_target(latent, noise))
        prediction_type = self.config.objective
        timestep = draw_timestep(len(latent), self.config.num_train_timesteps, generator)
        timestep = timestep.cpu()
        alpha_bar = self.alpha_bars[timestep]
        noisy_latent = add_noise(latent, noise, timestep, self.alpha_bars)
        prediction = self.denoiser(noisy_latent, self._noise_level(timestep, latent), condition)
        gamma = self.config.min_snr_gamma
        return weighted_squared_error(
            prediction,
            prediction_target(latent, noise, alpha_bar, prediction_type),
            None if gamma is None else min_snr_weight(alpha_bar, prediction_type, gamma),
        )

    @torch.no_grad()
    def sample(
        self,
        first_frame: Frame,
        *,
        generators: Sequence[torch.Generator],
        num_inference_steps: int | None = None,
        sampler: str | None = None,
    ) -> Latent:
        """Draw a latent for each first frame.

        Args:
            first_frame: First frame of each clip, in [-1, 1].
            generators: One per item, on the CPU. All noise of an item comes from its own, so that
                the result depends neither on the batch nor on the device, up to rounding.
            num_inference_steps: Steps to take; None takes the config's.
            sampler: One of ``Sampler``; None takes the config's.

        Returns:
            Latents as stage 1 makes them, not whitened.

        Raises:
            ValueError: If there is not one CPU generator per item.
            UsageError: If the sampler does not fit the objective or the number of steps.
        """
        check_generators(len(first_frame), generators)
        chosen = self._check_sampler(sampler or self.config.sampler)
        steps = self.config.num_inference_steps
        if num_inference_steps is not None:
            steps = num_inference_steps
        self._check_steps(chosen, steps)

        def draw_noise() -> Tensor:
            noise = item_noise(self.latent_shape, generators)
            return self.config.temperature * noise.to(self.latent_mean)

        was_training = self.training
        self.eval()
        try:
            latent = self._run_sampler(chosen, steps, first_frame, draw_noise)
        finally:
            self.train(was_training)
        return latent * self.latent_std + self.latent_mean

    def _run_sampler(
        self, sampler: Sampler, steps: int, first_frame: Tensor, draw_noise: Callable[[], Tensor]
    ) -> Tensor:
        condition = self.first_frame_encoder(first_frame)
        noise = draw_noise()
        prediction_type = self.config.objective
        if prediction_type == "flow_matching":
            solve = samplers.euler if sampler == "euler" else samplers.heun
            power = self.config.noise_level_power
            levels = samplers.falling_noise_levels(steps, power=power)
            return solve(lambda noisy, level: self._predict(noisy, level, condition), noise, levels)

        def denoise(noisy_latent: Tensor, timestep: Tensor) -> Tensor:
            level = self._noise_level(timestep, noisy_latent)
            prediction = self._predict(noisy_latent, level, condition)
            alpha_bar = self.alpha_bars[timestep.cpu()]
            return clean_latent(prediction, noisy_latent, alpha_bar, prediction_type)

        timesteps = samplers.trailing_timesteps(self.config.num_train_timesteps, steps)
        if sampler == "ddpm":
            return samplers.ddpm(denoise, noise, timesteps, self.alpha_bars, draw_noise)
        if sampler == "ddim":
            eta = self.config.ddim_eta
            return samplers.ddim(denoise, noise, timesteps, self.alpha_bars, draw_noise, eta=eta)
        return samplers.dpm_solver_pp_2m(denoise, noise, timesteps, self.alpha_bars)

    def _predict(self, noisy_latent: Tensor, noise_level: Tensor, condition: Condition) -> Tensor:
        """Ask the denoiser, with classifier-free guidance (Ho and Salimans 2022, Eq. 6)."""
        prediction: Tensor = self.denoiser(noisy_latent, noise_level, condition)
        scale = self.config.guidance_scale
        if scale == 1:
            return prediction.to(noisy_latent.dtype)
        hidden = condition.where(torch.zeros_like(noise_level, dtype=torch.bool))
        unconditional: Tensor = self.denoiser(noisy_latent, noise_level, hidden)
        return (unconditional + scale * (prediction - unconditional)).to(noisy_latent.dtype)

    def _training_condition(self, first_frame: Tensor, generator: torch.Generator) -> Condition:
        """Encode the first frame, with what keeps few of them from being learnt by heart."""
        if not self.training:
            condition: Condition = self.first_frame_encoder(first_frame)
            return condition
        frame_noise = _normal(first_frame.shape, generator).to(first_frame)
        condition = self.first_frame_encoder(
            first_frame + self.config.condition_noise * frame_noise
        )
        chance = torch.rand(len(first_frame), generator=generator, device=generator.device)
        return condition.where((chance >= self.config.condition_dropout).to(first_frame.device))

    def _noise_level(self, timestep: Tensor, latent: Tensor) -> Tensor:
        return (timestep + 1).to(latent) / self.config.num_train_timesteps

    def _check_latent(self, latent: Tensor) -> None:
        if tuple(latent.shape[1:]) != self.latent_shape:
            msg = f"need latents of shape {self.latent_shape}, got {tuple(latent.shape[1:])}"
            raise ValueError(msg)

    def _check_sampler(self, name: str) -> Sampler:
        names: tuple[Sampler, ...] = get_args(Sampler)
        if name not in names:
            msg = f"sampler {name} is none of {', '.join(names)}"
            raise UsageError(msg)
        sampler = names[names.index(name)]
        if (sampler in FLOW_SAMPLERS) != (self.config.objective == "flow_matching"):
            msg = (
                f"sampler {sampler} does not fit a model trained with {self.config.objective}; "
                f"its own is {self.config.sampler}"
            )
            raise UsageError(msg)
        return sampler

    def _check_steps(self, sampler: Sampler, steps: int) -> None:
        if steps < 1:
            msg = f"num_inference_steps {steps} is below 1"
            raise UsageError(msg)
        most = self.config.num_train_timesteps
        if sampler not in FLOW_SAMPLERS and steps > most:
            msg = f"num_inference_steps {steps} is above the {most} that the model was trained with"
            raise UsageError(msg)


def _alpha_bars(config: DiffusionConfig) -> Tensor:
    if config.schedule == "cosine":
        return cumulative_alphas(cosine_betas(config.num_train_timesteps))
    betas = linear_betas if config.schedule == "linear" else scaled_linear_betas
    return cumulative_alphas(
        betas(config.num_train_timesteps, beta_start=config.beta_start, beta_end=config.beta_end)
    )


def _normal(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    return torch.randn(tuple(shape), generator=generator, device=generator.device)
