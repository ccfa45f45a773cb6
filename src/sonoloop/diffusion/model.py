"""Stage 2 in one module: trained on latents, sampled from noise, given the first frame."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.batch_random import batch_normal, batch_uniform
from sonoloop.diffusion import samplers
from sonoloop.diffusion.conditioning import Condition, FirstFrameEncoder
from sonoloop.diffusion.config import DiffusionConfig, Sampler
from sonoloop.diffusion.control import NUM_QUANTILES, Control, ControlEncoder, energy_quantiles
from sonoloop.diffusion.denoiser import GRID_AXES, LatentDenoiser
from sonoloop.diffusion.guidance import Guided
from sonoloop.diffusion.noise_schedule import add_noise, alpha_bars_of, interpolate_to_noise
from sonoloop.diffusion.objective import (
    clean_latent,
    draw_noise_level,
    draw_timestep,
    min_snr_weight,
    prediction_target,
    velocity_target,
    weighted_squared_error,
)
from sonoloop.diffusion.sampling_checks import check_guidance, check_sampler, check_steps
from sonoloop.layers.item_noise import check_generators, item_noise
from sonoloop.shapes import Frame, Latent

SMALLEST_STD = 1e-6
"""A latent channel that varies less is taken as constant."""


class LatentDiffusion(nn.Module):
    """Latent dynamics of a clip, given its first frame (LDDM, Section 2.2).

    Where the config says so, also given its label and how much it moves.

    Args:
        config: Objective, denoiser and sampler.
        latent_shape: (d,) or (d, t, h, w), as stage 1 makes them.

    Raises:
        ValueError: If the latent does not divide into the tokens asked for.
    """

    latent_mean: Tensor
    latent_std: Tensor
    energy_quantiles: Tensor

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
        self.control_encoder: ControlEncoder | None = None
        if config.labels or config.motion:
            self.control_encoder = ControlEncoder(
                num_labels=len(config.labels), motion=config.motion, width=config.width
            )
        if config.motion:
            self.register_buffer("energy_quantiles", torch.linspace(0, 1, NUM_QUANTILES))
        per_channel = (self.latent_shape[0], *[1] * (len(self.latent_shape) - 1))
        self.register_buffer("latent_mean", torch.zeros(per_channel))
        self.register_buffer("latent_std", torch.ones(per_channel))
        # In float64 and on the CPU always: no buffer, which would follow the weights.
        self.alpha_bars = alpha_bars_of(
            config.schedule,
            config.num_train_timesteps,
            beta_start=config.beta_start,
            beta_end=config.beta_end,
        )

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

    def set_energies(self, energies: Float[Tensor, " n"]) -> None:
        """Remember how the training clips' temporal energies are spread.

        Args:
            energies: As ``control.temporal_energy`` measures them.
        """
        if self.config.motion:
            self.energy_quantiles.copy_(energy_quantiles(energies))

    def forward(
        self,
        latent: Latent,
        first_frame: Frame,
        generator: torch.Generator,
        control: Control | None = None,
    ) -> Float[Tensor, ""]:
        """Compute the training loss.

        Args:
            latent: What stage 1 encodes from the clips, not whitened.
            first_frame: First frame of each clip, in [-1, 1].
            generator: Source of noise, noise levels and what happens to the condition.
            control: Label and motion of each clip; None where nothing is known.

        Returns:
            Mean squared error of the prediction, float32.

        Raises:
            ValueError: If the latent's shape is not the model's.
        """
        self._check_latent(latent)
        latent = (latent.to(self.latent_mean.dtype) - self.latent_mean) / self.latent_std
        noise = batch_normal(latent.shape, generator).to(latent)
        condition = self._training_condition(first_frame, control, generator)
        if self.config.objective == "flow_matching":
            noise_level = draw_noise_level(
                len(latent),
                generator,
                mean=self.config.logit_normal_mean,
                std=self.config.logit_normal_std,
            ).to(latent)
            noisy_latent = interpolate_to_noise(latent, noise, noise_level)
            velocity = self.denoiser(noisy_latent, noise_level, condition, generator)
            return weighted_squared_error(velocity, velocity_target(latent, noise))
        prediction_type = self.config.objective
        timestep = draw_timestep(len(latent), self.config.num_train_timesteps, generator)
        timestep = timestep.cpu()
        alpha_bar = self.alpha_bars[timestep]
        noisy_latent = add_noise(latent, noise, timestep, self.alpha_bars)
        noise_level = self._noise_level(timestep, latent)
        prediction = self.denoiser(noisy_latent, noise_level, condition, generator)
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
        control: Control | None = None,
        guidance_scale: float | None = None,
    ) -> Latent:
        """Draw a latent for each first frame.

        Args:
            first_frame: First frame of each clip, in [-1, 1].
            generators: One per item, on the CPU. All noise of an item comes from its own, so that
                the result depends neither on the batch nor on the device, up to rounding.
            num_inference_steps: Steps to take; None takes the config's.
            sampler: One of ``Sampler``; None takes the config's.
            control: Label and motion asked of each item, as ``asked_control`` makes it.
            guidance_scale: Weight of ``control``; None or 1 is the plain model, more obeys more
                (Ho and Salimans 2022), and costs twice.

        Returns:
            Latents as stage 1 makes them, not whitened.

        Raises:
            ValueError: If there is not one CPU generator per item.
            UsageError: If the sampler does not fit the objective or the number of steps, or the
                model cannot be guided.
        """
        check_generators(len(first_frame), generators)
        chosen = check_sampler(self.config, sampler or self.config.sampler)
        if guidance_scale is not None:
            check_guidance(self.config, guidance_scale, has_control=control is not None)
        default = self.config.num_inference_steps
        steps = default if num_inference_steps is None else num_inference_steps
        check_steps(self.config, chosen, steps)

        def draw_noise() -> Tensor:
            noise = item_noise(self.latent_shape, generators)
            return self.config.temperature * noise.to(self.latent_mean)

        was_training = self.training
        self.eval()
        try:
            guided = self._sampling_condition(first_frame, control, guidance_scale)
            latent = self._run_sampler(chosen, steps, guided, draw_noise)
        finally:
            self.train(was_training)
        return latent * self.latent_std + self.latent_mean

    def _run_sampler(
        self, sampler: Sampler, steps: int, guided: Guided, draw_noise: Callable[[], Tensor]
    ) -> Tensor:
        noise = draw_noise()
        prediction_type = self.config.objective
        predict = partial(guided.predict, self.denoiser)
        if prediction_type == "flow_matching":
            solve = samplers.euler if sampler == "euler" else samplers.heun
            power = self.config.noise_level_power
            return solve(predict, noise, samplers.falling_noise_levels(steps, power=power))

        def denoise(noisy_latent: Tensor, timestep: Tensor) -> Tensor:
            prediction = predict(noisy_latent, self._noise_level(timestep, noisy_latent))
            alpha_bar = self.alpha_bars[timestep.cpu()]
            return clean_latent(prediction, noisy_latent, alpha_bar, prediction_type)

        timesteps = samplers.trailing_timesteps(self.config.num_train_timesteps, steps)
        if sampler == "ddpm":
            return samplers.ddpm(denoise, noise, timesteps, self.alpha_bars, draw_noise)
        if sampler == "ddim":
            eta = self.config.ddim_eta
            return samplers.ddim(denoise, noise, timesteps, self.alpha_bars, draw_noise, eta=eta)
        return samplers.dpm_solver_pp_2m(denoise, noise, timesteps, self.alpha_bars)

    def _sampling_condition(
        self, first_frame: Tensor, control: Control | None, guidance_scale: float | None
    ) -> Guided:
        """Tell everything; hide in turn what has another weight than 1."""
        frame: Condition = self.first_frame_encoder(first_frame)
        told = self._told(control, frame)
        hidden = []
        if self.config.guidance_scale != 1:
            unknown = frame.where(torch.zeros_like(frame.pooled[:, 0], dtype=torch.bool))
            hidden.append((self.config.guidance_scale, unknown.also(told)))
        if guidance_scale not in {None, 1}:
            hidden.append((float(guidance_scale), frame))
        return Guided(frame.also(told), tuple(hidden))

    def _training_condition(
        self, first_frame: Tensor, control: Control | None, generator: torch.Generator
    ) -> Condition:
        """Encode the first frame, with what keeps few of them from being learnt by heart."""
        if not self.training:
            condition: Condition = self.first_frame_encoder(first_frame)
            return condition.also(self._told(control, condition))
        frame_noise = batch_normal(first_frame.shape, generator).to(first_frame)
        condition = self.first_frame_encoder(
            first_frame + self.config.condition_noise * frame_noise
        )
        chance = batch_uniform((len(first_frame),), generator)
        condition = condition.where(
            (chance >= self.config.condition_dropout).to(first_frame.device)
        )
        if control is not None and self.control_encoder is not None:
            control = control.dropped(self.config.control_dropout, generator)
        return condition.also(self._told(control, condition))

    def _told(self, control: Control | None, condition: Condition) -> Tensor:
        """Encode label and motion; zeros where the model or the caller knows none."""
        if control is None or self.control_encoder is None:
            return torch.zeros_like(condition.pooled)
        told: Tensor = self.control_encoder(control.to(condition.pooled.device))
        return told

    def _noise_level(self, timestep: Tensor, latent: Tensor) -> Tensor:
        return (timestep + 1).to(latent) / self.config.num_train_timesteps

    def _check_latent(self, latent: Tensor) -> None:
        if tuple(latent.shape[1:]) != self.latent_shape:
            msg = f"need latents of shape {self.latent_shape}, got {tuple(latent.shape[1:])}"
            raise ValueError(msg)
