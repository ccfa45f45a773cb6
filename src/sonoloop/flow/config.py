"""Settings of the baseline's stage 2 and of its image autoencoder."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class FlowConfig(BaseModel):
    """Architecture of ``ConditionalFlow``; the defaults are the cINN's unless marked as ours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_blocks: Annotated[int, Field(ge=1)] = 20
    """Invertible blocks between latent and noise."""

    hidden_width: Annotated[int, Field(ge=1)] = 512
    """Width of the networks that give scale and shift; the cINN's is 8 times its latent of 64."""

    hidden_depth: Annotated[int, Field(ge=0)] = 2
    """Layers of these networks between the first and the last."""

    log_scale_limit: Annotated[float, Field(gt=0)] | None = None
    """Bound of a coupling's log-scales, approached smoothly (Dinh et al. 2016 bound them by a
    scaled tanh as well); None for none, as in the cINN, which only small learning rates forgive."""

    negative_slope: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Slope below zero of the invertible leaky rectifier; 1 leaves it out."""

    condition_channels: Annotated[int, Field(ge=1)] = 64
    """Length of the vector that describes the first frame: 64, or 128 at 128 pixels in the cINN."""

    conditioner: Literal["joint", "resnet50"] = "joint"
    """What describes the first frame: a small network trained beside the flow (ours), or the frozen
    ResNet-50 of an image autoencoder that 'sonoloop train conditioner' has trained (the cINN's)."""

    condition_widths: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (
        32,
        64,
        96,
        128,
    )
    """Channels of the joint conditioner's features at 1/4, 1/8, ... of the first frame's size."""

    condition_noise: Annotated[float, Field(ge=0)] = 0.05
    """Standard deviation of noise on the first frame in training, in pixel units (range 2; ours,
    the cINN adds none)."""

    temperature: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Standard deviation of the noise that sampling draws. Below 1 loops are more alike and keep
    nearer to usual motion (Kingma and Dhariwal 2018, arXiv:1807.03039, Section 6)."""

    @property
    def sampler(self) -> Literal["flow_inverse"]:
        """How noise is turned into a latent: there is one way."""
        return "flow_inverse"

    @property
    def num_inference_steps(self) -> Literal[1]:
        """One pass makes a latent."""
        return 1


class ConditionerConfig(BaseModel):
    """The image autoencoder that teaches the cINN's conditioner, as in the cINN.

    Its vectors are ``flow.condition_channels`` long.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    decoder_width: Annotated[int, Field(ge=1)] = 96
    """Channels of the decoder at full size, 16 times as many at 4 x 4."""

    kl: Annotated[float, Field(ge=0)] = 1e-5
    """Weight of the divergence from N(0, 1), a sum over the vector."""

    perceptual: Annotated[float, Field(ge=0)] = 1.0
    """Weight of LPIPS beside the mean absolute difference; needs 'sonoloop weights fetch'."""

    perceptual_net: Literal["alex", "vgg"] = "vgg"
    """Its net."""

    adversarial: Annotated[float, Field(ge=0)] = 1.0
    """Weight of what the patch critic says, over the gradients' ratio; 0 for no critic."""

    critic_start: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Share of the training that passes before the critic joins."""

    patch_width: Annotated[int, Field(ge=4)] = 64
    """Channels of the patch critic's first layer."""
