"""Settings of the baseline's stage 2."""

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

    condition_widths: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (
        32,
        64,
        96,
        128,
    )
    """Channels of the first frame's features at 1/4, 1/8, ... of its size (ours: the cINN takes the
    frozen ResNet-50 of an image autoencoder)."""

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
