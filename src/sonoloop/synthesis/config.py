"""What a model folder says about its weights: ``config.json``, read without torch."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.data.config import ClipConfig
from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.flow.config import FlowConfig

Stage2 = Literal["diffusion", "flow"]
"""Kinds of stage 2: the run's stage, the section of its settings and the part of a model."""
Prior = Literal[Stage2, "random_latents"]
"""What can stand in stage 2's place in a model: one that was trained, or the control."""

NOMINAL_RATE_HZ = 25.0
"""Assumed rate of recordings whose windows are counted in frames (the paper's 25 Hz videos)."""


class TypicalityConfig(BaseModel):
    """How far from the training stills is far."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float = Field(gt=0)
    """99th percentile of the distances of training stills to those of other groups."""
    unusual_threshold: float = Field(gt=0)
    """95th percentile of the same."""
    num_stills: int = Field(ge=1)
    """Training stills the distances are measured to."""
    num_groups: int = Field(ge=1)
    """Groups (patients, merged with near-duplicates) these stills come from."""


FORMAT_VERSION: Final = 1
"""Of model folders."""


class RandomLatentsConfig(BaseModel):
    """Settings of ``RandomTrainingLatents``, the control in stage 2's place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_latents: int = Field(ge=1)
    """Latents of training clips to choose from."""

    @property
    def sampler(self) -> Literal["random_training_latent"]:
        """How a latent is drawn."""
        return "random_training_latent"

    @property
    def num_inference_steps(self) -> Literal[1]:
        """One choice makes a latent."""
        return 1


class ModelConfig(BaseModel):
    """Everything needed to rebuild a model and to check its weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = FORMAT_VERSION
    """Version of this folder layout."""
    name: str = Field(min_length=1)
    """What manifests and provenance call the model."""
    trained_on: str = Field(min_length=1)
    """What the training data show, in a few words: told with every synthesis."""
    licence: str = Field(min_length=1)
    """SPDX identifier of the licence of the weights."""
    clip: ClipConfig
    """Size, number of frames and time window of the clips it was trained on."""
    autoencoder: AutoencoderConfig
    """Stage 1."""
    diffusion: DiffusionConfig | None = None
    """Stage 2; None where it is of another kind."""
    flow: FlowConfig | None = None
    """Stage 2 of the baseline; None where it is of another kind."""
    random_latents: RandomLatentsConfig | None = None
    """The control in place of a stage 2; None where there is one."""
    latent_shape: tuple[int, ...]
    """Shape of one latent, channels first."""
    frame_rate_hz: float = Field(gt=0)
    """Rate at which the loops play in real time, frames per second."""
    weights_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    """SHA-256 of ``weights.safetensors``."""
    typicality: TypicalityConfig | None = None
    """None: the model cannot tell unusual stills."""

    @model_validator(mode="after")
    def _one_stage_2(self) -> "ModelConfig":
        kinds = (self.diffusion, self.flow, self.random_latents)
        if sum(kind is not None for kind in kinds) != 1:
            msg = "a model has one stage 2: either diffusion or flow or random_latents"
            raise ValueError(msg)
        return self

    @property
    def stage_2(self) -> DiffusionConfig | FlowConfig | RandomLatentsConfig:
        """Settings of stage 2, whichever it is."""
        found = self.diffusion or self.flow or self.random_latents
        if found is None:
            raise TypeError
        return found

    @property
    def stage_2_part(self) -> Prior:
        """Which stage 2 it is, as its weights are named."""
        if self.random_latents is not None:
            return "random_latents"
        return "flow" if self.diffusion is None else "diffusion"


def playing_rate_hz(clip: ClipConfig) -> float:
    """Give the rate at which a clip of the model shows motion at its true speed.

    Args:
        clip: Window the frames of a clip were spread over.

    Returns:
        Frames per second; 16 frames over 1.92 s are 8.33 Hz.
    """
    if clip.window_s is not None:
        return clip.num_frames / clip.window_s
    if clip.window_frames is None:
        return NOMINAL_RATE_HZ
    return NOMINAL_RATE_HZ * clip.num_frames / clip.window_frames
