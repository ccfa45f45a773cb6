"""Settings of stage 1."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class AutoencoderConfig(BaseModel):
    """Architecture of the autoencoder: 3D ResNet-18 encoder and one of three decoders."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(default=128, ge=32, le=256, multiple_of=32)
    """Height and width of a frame in pixels."""
    num_frames: int = Field(default=16, ge=8, multiple_of=8)
    """Frames of a clip, the first one included."""
    in_channels: int = Field(default=1, ge=1, le=4)
    """Channels of a frame: 1 for grey."""
    encoder: Literal["change", "cinn"] = "change"
    """``change`` also sees what changed since the first frame; ``cinn`` is the cINN's own."""
    encoder_stem: int = Field(default=64, ge=1)
    """Channels of the cINN's first convolution; the other encoder's has those of its stage 1."""
    encoder_widths: tuple[int, int, int, int] = (32, 64, 128, 192)
    """Channels of the encoder's four stages."""
    latent: Literal["grid", "vector"] = "grid"
    """A grid keeps a cell for every quarter of the time and every 16 pixels; a vector is the
    cINN's reading of the paper."""
    latent_channels: int = Field(default=4, ge=1)
    """Numbers in a cell of the grid, or in the vector."""
    decoder: Literal["warp", "adain", "spade"] = "warp"
    """``warp`` moves the first frame and corrects it; ``adain`` paints every frame (the paper), and
    so does ``spade`` (the cINN)."""
    decoder_width: int = Field(default=16, ge=4)
    """Channels of the decoder at half resolution; 4 times as many at a quarter, then 8 times. Of
    ``spade`` at full resolution, doubled downwards to 16 times as many."""
    flow_squarings: int = Field(default=0, ge=0, le=8)
    """Above 0 the warp decoder's flow is a velocity, followed by so many squarings: anatomy is
    moved without folds. At 0 it is the displacement itself, which may turn tissue inside out."""
    residual_blur: float = Field(default=2.0, ge=0)
    """Above 0 the warp decoder's residual changes brightness alone: it becomes a gain on the moved
    speckle, smooth over this many pixels (standard deviation). At 0 it is added as it is."""
    residual_frames: int = Field(default=1, ge=1, le=7)
    """Frames that the residual's gain is averaged over, an odd number: brightness changes slowly,
    and what changes in one frame alone is texture that the network painted."""
    speckle: float = Field(default=0.0, ge=0, lt=1)
    """Largest share of the moved speckle's variance that may give way to new, made of noise (warp
    decoder with residual_blur above 0); 0 for none. Real speckle changes as it moves; only critics
    teach how much. May be lowered after training: less new speckle, clearer anatomy."""
    speckle_own_grain: float = Field(default=0.0, ge=0, le=1)
    """Share of the new speckle's variance that has the grain of the still itself, its power
    spectrum; the rest has that of the trained filters. May be changed after training; means
    nothing where speckle is 0."""

    @model_validator(mode="after")
    def _sizes_fit(self) -> "AutoencoderConfig":
        if self.speckle and (self.decoder != "warp" or not self.residual_blur):
            msg = "speckle needs the warp decoder and a residual_blur above 0"
            raise ValueError(msg)
        if self.flow_squarings and self.decoder != "warp":
            msg = "flow_squarings needs the warp decoder"
            raise ValueError(msg)
        if self.residual_frames % 2 == 0:
            msg = f"residual_frames must be an odd number, got {self.residual_frames}"
            raise ValueError(msg)
        if self.residual_frames > 1 and (self.decoder != "warp" or not self.residual_blur):
            msg = "residual_frames above 1 needs the warp decoder and a residual_blur above 0"
            raise ValueError(msg)
        if min(self.encoder_widths) < 1:
            msg = f"encoder_widths must be positive, got {self.encoder_widths}"
            raise ValueError(msg)
        if self.encoder == "cinn" or self.decoder == "spade":
            if self.latent != "vector":
                msg = "encoder cinn and decoder spade need latent vector, got grid"
                raise ValueError(msg)
            if self.num_frames % 16:
                msg = (
                    "encoder cinn and decoder spade need a num_frames that is a multiple of 16, "
                    f"got {self.num_frames}"
                )
                raise ValueError(msg)
        return self


class AutoencoderLossConfig(BaseModel):
    """Weights of the terms of stage 1's loss; a term of weight 0 is not computed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    l1: float = Field(default=1.0, ge=0)
    """Mean absolute difference of pixels."""
    l1_levels: int = Field(default=4, ge=1, le=5)
    """Resolutions it is averaged over, each half of the one before; 1 for full resolution alone."""
    gradient: float = Field(default=0.5, ge=0)
    """Mean absolute difference of spatial and temporal gradients: edges, and motion."""
    ssim: float = Field(default=0.2, ge=0)
    """1 - SSIM over 7x7 windows."""
    kl: float = Field(default=1e-5, ge=0)
    """Divergence of the posterior from N(0, 1), mean over the latent's numbers."""
    perceptual: float = Field(default=0.0, ge=0)
    """LPIPS between frames and the true ones; needs 'sonoloop weights fetch'."""
    perceptual_frames: int = Field(default=4, ge=1)
    """Frames of every clip, drawn at each step, that it compares."""
    perceptual_net: Literal["alex", "vgg"] = "alex"
    """Its net. An LPIPS of the same net is then a trained quantity and no judge."""
    patch_adversarial: float = Field(default=0.0, ge=0)
    """What the patch critic says of the clip; above 0 it is trained beside the autoencoder."""
    temporal_adversarial: float = Field(default=0.0, ge=0)
    """What the temporal critic says of the clip; above 0 it is trained beside the autoencoder."""
    feature_matching: float = Field(default=0.0, ge=0)
    """Mean absolute difference of the critics' features of made and true clips."""
    r1: float = Field(default=0.0, ge=0)
    """Squared gradient of the temporal critic at true clips, in the critic's own loss."""


class CriticConfig(BaseModel):
    """The critics that stage 1 may be trained against."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: float = Field(default=0.0, ge=0, le=1)
    """Share of the training that passes before the critics join."""
    learning_rate_scale: float = Field(default=1.0, gt=0)
    """Learning rate of the critics over that of the autoencoder."""
    frames_per_clip: int = Field(default=4, ge=1)
    """Frames of every clip, drawn at each step, that the patch critic looks at."""
    patch_width: int = Field(default=32, ge=4)
    """Channels of the patch critic's first layer, doubled in each of the next three."""
    patch_sees: Literal["pairs", "frames"] = "pairs"
    """"pairs": the first frame, a frame, the next one and their difference; "frames": one frame,
    as in the cINN."""
    patch_norm: Literal["none", "actnorm"] = "none"
    """Normalisation between the patch critic's layers; all have spectral norm."""
    temporal_widths: tuple[int, int, int, int] = (16, 32, 64, 128)
    """Channels of the temporal critic's four stages."""
    temporal_frames: int = Field(default=12, ge=8)
    """Successive frames that the temporal critic sees, from a random one on."""
