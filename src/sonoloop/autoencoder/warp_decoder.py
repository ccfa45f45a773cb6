"""The default decoder: it moves the first frame along a flow and adds what moving cannot show.

The paper's decoder paints every frame anew (``adain_decoder``). Warping keeps the speckle and the
anatomy of the still and reconstructs better at equal time (docs/experiments.md).
"""

from typing import Final, NamedTuple

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.decoder_block import DecoderBlock, LatentStem
from sonoloop.autoencoder.first_frame import level_widths
from sonoloop.layers.filtered_noise import FilteredNoise
from sonoloop.layers.gaussian_blur import gaussian_blur
from sonoloop.layers.own_grain import noise_with_grain_of
from sonoloop.layers.warp import integrate_velocity, resize_flow, warp_frame, warp_still
from sonoloop.shapes import Clip, Flow, Frame, Latent

MAX_FLOW: Final = 0.25
"""Largest displacement as a share of the frame's size."""
RESIDUAL_SCALE: Final = 0.2
"""Pixel value of one unit of the residual's head: small, so that early steps stay small."""
FIRST_SHARE: Final = -4.0
"""Logit at the start of the share of moved speckle that gives way to new: almost none."""
LEAST_SHARE: Final = 1e-12
"""At 0 the square root of the share has no gradient."""
VARIANCE_FLOOR: Final = 1e-8
MAX_GAIN: Final = 3.0
"""Largest change of the local brightness, up or down."""
DARK: Final = 0.02
"""Amplitude, of 1, below which there is nothing to scale."""
SPECKLE_PARTS: Final = ("decoder.filtered_noise.", "decoder.speckle_head.")
"""Weights that only an autoencoder with speckle has."""
UPSAMPLE: Final = ((2, 2, 2), (2, 2, 2))
"""Time, height, width: from 1/16 of the frame's resolution to 1/4, where all frames are."""


class WarpDecoder(nn.Module):
    """Predict flow at a quarter and a residual at half of the frame's resolution.

    v_t = warp(x_0, flow_t) changed by residual_t and, where noise is given, by new speckle (see
    ``brighten``) for t > 0, and v_0 = x_0.

    Args:
        config: Widths and the latent's shape.
    """

    def __init__(self, config: AutoencoderConfig) -> None:
        """Build the trunk, the flow's head and the refinement at half resolution.

        Both heads start at zero: an untrained decoder repeats the still.
        """
        super().__init__()
        self.flow_squarings = config.flow_squarings
        self.residual_blur = config.residual_blur
        self.residual_frames = config.residual_frames
        self.most_new_speckle = config.speckle
        self.own_grain = config.speckle_own_grain
        half, *coarser = level_widths(config.decoder_width)
        self.stem = LatentStem(config, coarser[-1])
        self.blocks = nn.ModuleList(
            DecoderBlock(
                in_width,
                out_width,
                frame_channels=out_width,
                latent_channels=config.latent_channels,
                upsample=upsample,
            )
            for in_width, out_width, upsample in zip(
                coarser[:0:-1], coarser[-2::-1], UPSAMPLE, strict=True
            )
        )
        quarter = coarser[0]
        self.flow_head = nn.Conv3d(quarter, 2, (1, 3, 3), padding=(0, 1, 1))
        self.to_half = nn.Conv3d(quarter, half, 1)
        self.refine1 = nn.Conv3d(2 * half, half, (1, 3, 3), padding=(0, 1, 1))
        self.refine2 = nn.Conv3d(half, half, (1, 3, 3), padding=(0, 1, 1))
        self.residual_head = nn.Conv3d(half, 4 * config.in_channels, (1, 3, 3), padding=(0, 1, 1))
        heads = [self.flow_head, self.residual_head]
        self.filtered_noise: FilteredNoise | None = None
        if config.speckle:
            self.filtered_noise = FilteredNoise()
            wanted = 1 + FilteredNoise.num_filters  # share, and the filters' logits
            self.speckle_head = nn.Conv3d(half, wanted, (1, 3, 3), padding=(0, 1, 1))
            heads.append(self.speckle_head)
        for head in heads:
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)  # type: ignore[arg-type]

    def forward(
        self,
        first_frame: Frame,
        pyramid: list[Tensor],
        latent: Latent,
        speckle_noise: Clip | None = None,
        motion_share: Float[Tensor, " t"] | None = None,
    ) -> tuple[Clip, Flow]:
        """Return the clip and the flow that moved the first frame.

        Args:
            first_frame: The still.
            pyramid: Its features from ``FirstFrameEncoder``.
            latent: Dynamics, grid or vector.
            speckle_noise: Standard normal, shaped as the clip; None for none.
            motion_share: Share of each frame's flow and residual; None for all of them.
        """
        features = self.stem(latent) + pyramid[-1].unsqueeze(2)
        for block, frame_features in zip(self.blocks, pyramid[-2:0:-1], strict=True):
            features = block(features, frame_features, latent)
        size = first_frame.shape[-1]
        largest = MAX_FLOW * size / 4  # pixels at a quarter; a unit of the head is one at full
        quarter_flow = largest * torch.tanh(self.flow_head(features).float() / (4 * largest))
        if motion_share is not None:
            quarter_flow = quarter_flow * motion_share[:, None, None]
        quarter_flow = integrate_velocity(quarter_flow, self.flow_squarings)
        flow = resize_flow(quarter_flow, size, size)
        flow = _after_zero(flow[:, :, 1:])
        moved = warp_still(first_frame, flow)
        hidden = self._refined(features, pyramid[0], quarter_flow)
        spread = sub_pixels(self.residual_head(hidden).float())
        later = average_over_frames(spread[:, :, 1:], self.residual_frames)
        residual = RESIDUAL_SCALE * _after_zero(later)
        if motion_share is not None:
            residual = residual * motion_share[:, None, None]
        if not self.residual_blur:
            return moved + residual, flow
        if self.filtered_noise is not None and speckle_noise is not None:
            moved = self._with_new_speckle(
                moved, hidden, self.filtered_noise, speckle_noise, first_frame
            )
        return brighten(moved, residual, self.residual_blur), flow

    def _refined(
        self,
        features: Float[Tensor, "b _ t h w"],
        half_features: Float[Tensor, "b _ 2*h 2*w"],
        quarter_flow: Flow,
    ) -> Tensor:
        """Bring the trunk's features to half resolution, beside the first frame's, moved."""
        height, width = half_features.shape[2:]
        half_flow = resize_flow(quarter_flow, height, width)
        moved = warp_frame(half_features, half_flow, "bilinear").to(features.dtype)
        upsampled = functional.interpolate(
            self.to_half(features), size=list(moved.shape[2:]), mode="nearest"
        )
        hidden = functional.silu(self.refine1(torch.cat([upsampled, moved], dim=1)))
        return functional.silu(hidden + self.refine2(hidden))

    def _with_new_speckle(
        self,
        moved: Clip,
        hidden: Tensor,
        speckle: FilteredNoise,
        noise: Clip,
        first_frame: Frame,
    ) -> Clip:
        """Let moved speckle give way to new, after frame 0."""
        wanted = functional.interpolate(
            self.speckle_head(hidden).float(), size=list(moved.shape[2:]), mode="trilinear"
        )
        share = torch.sigmoid(wanted[:, :1] + FIRST_SHARE).clamp_min(LEAST_SHARE)
        share = self.most_new_speckle * share
        with torch.autocast(moved.device.type, enabled=False):
            new = speckle(wanted[:, 1:], noise.float())
        if self.own_grain:
            pattern = Texture.of(first_frame.unsqueeze(2), self.residual_blur).pattern[:, :, 0]
            # Where speckle stays there are lines and edges, which would lend streaks.
            lends = share.detach().mean(dim=2)
            # Flipped, the same noise is another one: variances add up.
            own = noise_with_grain_of(lends * pattern, noise.flip(3, 4))
            new = (1 - self.own_grain) ** 0.5 * new + self.own_grain**0.5 * own
        later = replace_speckle(moved[:, :, 1:], share[:, :, 1:], new[:, :, 1:], self.residual_blur)
        return torch.cat([moved[:, :, :1], later], dim=2)


class Texture(NamedTuple):
    """A clip taken apart, in echo amplitudes from 0 to 1: mean + contrast pattern.

    Args:
        mean: Local brightness.
        contrast: Local standard deviation, above 0.
        pattern: What is left, of mean 0 and variance 1.
    """

    mean: Clip
    contrast: Clip
    pattern: Clip

    @classmethod
    def of(cls, clip: Clip, sigma: float) -> "Texture":
        """Take a clip apart; local is a Gaussian of so many pixels (standard deviation)."""
        amplitude = 0.5 * (clip + 1)
        mean = gaussian_blur(amplitude, sigma)
        texture = amplitude - mean
        contrast = (gaussian_blur(texture.square(), sigma) + VARIANCE_FLOOR).sqrt()
        return cls(mean, contrast, texture / contrast)


def replace_speckle(
    moved: Clip, share: Float[Tensor, "b 1 t h w"], speckle: Clip, sigma: float
) -> Clip:
    """Give a clip new texture of the same brightness and contrast.

    mean + contrast (sqrt(1 - share) pattern + sqrt(share) speckle)

    as ``Texture`` takes the frames apart: mean and contrast are local, so where nothing echoes
    nothing appears, and no share can blur.

    Args:
        moved: Frames.
        share: Share of the texture's variance that is new, 0 to 1.
        speckle: Noise of mean 0 and variance 1.
        sigma: Standard deviation in pixels of the Gaussian that is local.
    """
    mean, contrast, old = Texture.of(moved, sigma)
    return 2 * (mean + contrast * ((1 - share).sqrt() * old + share.sqrt() * speckle)) - 1


def brighten(moved: Clip, residual: Clip, sigma: float) -> Clip:
    """Let the residual change the local brightness of a clip, not its texture.

    gain = (mean + residual) / mean, both smoothed, in echo amplitudes from 0 to 1

    Sound that is let through or shadowed scales the speckle behind it; adding a smooth residual
    instead would lay fog over it, even where there was no echo.

    Args:
        moved: Frames.
        residual: What their brightness lacks, in the same units.
        sigma: Standard deviation of the smoothing in pixels.
    """
    amplitude = 0.5 * (moved + 1)
    mean = gaussian_blur(amplitude, sigma) + DARK
    gain = 1 + 0.5 * gaussian_blur(residual, sigma) / mean
    return 2 * amplitude * gain.clamp(1 / MAX_GAIN, MAX_GAIN) - 1


def average_over_frames(frames: Clip, count: int) -> Clip:
    """Average every frame with its neighbours; the first and the last frame are repeated.

    Args:
        frames: Any values.
        count: Frames that count, an odd number.
    """
    if count == 1:
        return frames
    length, reach = frames.shape[2], count // 2
    padded = functional.pad(frames, (0, 0, 0, 0, reach, reach), mode="replicate")
    return torch.stack([padded[:, :, first : first + length] for first in range(count)]).mean(dim=0)


def _after_zero(later: Tensor) -> Tensor:
    """Put zeros before frames 1 to the last: frame 0 is the still."""
    return torch.cat([torch.zeros_like(later[:, :, :1]), later], dim=2)


def sub_pixels(features: Clip) -> Float[Tensor, "b _ t _ _"]:
    """Turn 4 c channels at half resolution into c at full (Shi et al. 2016, arXiv:1609.05158)."""
    return rearrange(features, "b (c p q) t h w -> b c t (h p) (w q)", p=2, q=2)
