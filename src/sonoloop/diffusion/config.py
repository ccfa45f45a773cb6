"""Settings of stage 2."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Objective = Literal["flow_matching", "epsilon", "v_prediction", "sample"]
"""What the denoiser learns to predict: the velocity of a straight path, or a DDPM quantity."""

Sampler = Literal["euler", "heun", "ddpm", "ddim", "dpm_solver_pp_2m"]
"""How noise is turned into a latent."""

FLOW_SAMPLERS: frozenset[Sampler] = frozenset({"euler", "heun"})
"""Samplers of a model trained with ``flow_matching``; all others belong to the DDPM objectives."""


class DiffusionConfig(BaseModel):
    """Objective, denoiser and sampler of ``LatentDiffusion``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    objective: Objective = "flow_matching"
    """Training target. The paper uses ``epsilon`` (Section 2.2)."""

    logit_normal_mean: float = 0.0
    """Mean of logit(noise level) in training; below 0 stresses the nearly clean (flow matching)."""

    logit_normal_std: Annotated[float, Field(gt=0)] = 1.0
    """Standard deviation of logit(noise level) in training (flow matching)."""

    schedule: Literal["linear", "scaled_linear", "cosine"] = "linear"
    """How the noise variances beta_t grow (DDPM objectives)."""

    num_train_timesteps: Annotated[int, Field(ge=2)] = 1000
    """Number of noise levels, T (DDPM objectives). The paper gives none; Ho et al. use 1000."""

    beta_start: Annotated[float, Field(gt=0, lt=1)] = 1e-4
    """First noise variance (linear schedules)."""

    beta_end: Annotated[float, Field(gt=0, lt=1)] = 2e-2
    """Last noise variance (linear schedules)."""

    min_snr_gamma: Annotated[float, Field(gt=0)] | None = None
    """Cap of the signal-to-noise ratio in the loss weight, 5 in its paper; None weighs evenly."""

    width: Annotated[int, Field(ge=8)] = 256
    """Channels of a token; a multiple of ``heads``."""

    depth: Annotated[int, Field(ge=1)] = 6
    """Number of transformer blocks."""

    heads: Annotated[int, Field(ge=1)] = 4
    """Attention heads."""

    mlp_ratio: Annotated[float, Field(gt=0)] = 4.0
    """Hidden width of a block's two-layer network over ``width``."""

    patch_size: tuple[
        Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]
    ] = (1, 1, 1)
    """Latent cells per token in time, height and width (grid latents)."""

    vector_tokens: Annotated[int, Field(ge=1)] = 1
    """Number of tokens that a vector latent is cut into; divides its length."""

    position_embedding: Literal["learned", "sinusoidal"] = "learned"
    """Fixed sines of the token's place, or the same as a start to learn from."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Chance of skipping a channel of a block in training: few videos are soon learnt by heart."""

    condition_widths: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (
        32,
        64,
        96,
        128,
    )
    """Channels of the first frame's features at 1/4, 1/8, ... of its size."""

    condition_channels: Annotated[int, Field(ge=1)] = 64
    """Channels of the first frame's features beside the noisy latent (grid latents)."""

    condition_noise: Annotated[float, Field(ge=0)] = 0.05
    """Standard deviation of noise on the first frame in training, in pixel units (range 2)."""

    condition_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Chance of training an item without its first frame, as ``guidance_scale`` needs."""

    labels: tuple[str, ...] = ()
    """Names of the classes that can be asked for; none for a model without labels."""

    motion: bool = False
    """Whether the clip's motion strength can be asked for."""

    control_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.15
    """Chance of training an item without its label, and that of training it without its motion
    strength: the model then also serves those who do not ask, and can be guided."""

    sampler: Sampler = "euler"
    """Default of ``LatentDiffusion.sample``."""

    num_inference_steps: Annotated[int, Field(ge=1)] = 10
    """Default number of sampling steps."""

    noise_level_power: Annotated[float, Field(gt=0)] = 1.0
    """Above 1, flow-matching steps grow shorter towards the latent. Few equal Euler steps narrow
    the distribution (ten by 12 to 38 %); ``heun`` with power 2 and 6 steps, as dear, does not."""

    temperature: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Standard deviation of the noise that sampling draws. Below 1 loops are more alike and keep
    nearer to usual motion (Kingma and Dhariwal 2018, arXiv:1807.03039, Section 6)."""

    ddim_eta: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Fresh noise in DDIM: 0 none, 1 as much as DDPM."""

    guidance_scale: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the first frame in sampling; 1 is the plain model, other values cost twice."""

    @model_validator(mode="after")
    def _check_combination(self) -> "DiffusionConfig":
        """Refuse settings that cannot work together."""
        if self.width % self.heads:
            msg = f"width {self.width} is not a multiple of heads {self.heads}"
            raise ValueError(msg)
        if self.beta_start > self.beta_end:
            msg = f"beta_start {self.beta_start} is above beta_end {self.beta_end}"
            raise ValueError(msg)
        if (self.sampler in FLOW_SAMPLERS) != (self.objective == "flow_matching"):
            msg = (
                f"sampler {self.sampler} does not fit objective {self.objective}: "
                f"flow_matching goes with {' or '.join(sorted(FLOW_SAMPLERS))}, all others with "
                "ddpm, ddim or dpm_solver_pp_2m"
            )
            raise ValueError(msg)
        most = self.num_train_timesteps
        if self.objective != "flow_matching" and self.num_inference_steps > most:
            msg = f"num_inference_steps {self.num_inference_steps} is above the {most} of training"
            raise ValueError(msg)
        if self.objective == "epsilon" and self.schedule == "cosine":
            msg = (
                "schedule cosine leaves no signal at its end, where objective epsilon cannot tell "
                "the latent; take v_prediction or sample, or schedule linear"
            )
            raise ValueError(msg)
        if len(set(self.labels)) < len(self.labels) or len(self.labels) == 1:
            msg = f"labels {self.labels} must be none, or two and more that differ"
            raise ValueError(msg)
        if self.min_snr_gamma is not None and self.objective == "flow_matching":
            msg = f"min_snr_gamma {self.min_snr_gamma} weighs the DDPM objectives only"
            raise ValueError(msg)
        if self.guidance_scale != 1 and self.condition_dropout == 0:
            msg = (
                f"guidance_scale {self.guidance_scale} needs a model trained with "
                "condition_dropout above 0"
            )
            raise ValueError(msg)
        return self
