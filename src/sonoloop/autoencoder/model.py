"""Stage 1 of LDDM: a clip becomes its first frame and a small latent, and comes back from them."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.autoencoder.adain_decoder import AdainDecoder
from sonoloop.autoencoder.cinn_encoder import CinnEncoder
from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.encoder import REDUCTION, Encoder
from sonoloop.autoencoder.first_frame import FirstFrameEncoder
from sonoloop.autoencoder.spade_decoder import FirstFrameMaps, SpadeDecoder
from sonoloop.autoencoder.warp_decoder import WarpDecoder
from sonoloop.layers.item_noise import item_noise
from sonoloop.shapes import Clip, Flow, Frame, Latent


class Decoded(NamedTuple):
    """A decoded clip, and where its pixels came from.

    Args:
        clip: Frames; frame 0 is the first frame, exactly.
        flow: (dx, dy) in pixels into the first frame; None where the decoder does not warp.
    """

    clip: Clip
    flow: Flow | None


class Reconstruction(NamedTuple):
    """What training needs of one pass.

    Args:
        clip: Reconstructed frames.
        mean: Mean of the latent's posterior.
        logvar: Its log-variance.
    """

    clip: Clip
    mean: Latent
    logvar: Latent


class VideoAutoencoder(nn.Module):
    """Encode a clip to its latent dynamics; decode them from the clip's first frame.

    Args:
        config: Architecture.
    """

    def __init__(self, config: AutoencoderConfig) -> None:
        """Build encoder, first-frame encoder and the decoder the config names."""
        super().__init__()
        self.config = config
        self.encoder = CinnEncoder(config) if config.encoder == "cinn" else Encoder(config)
        look = FirstFrameMaps if config.decoder == "spade" else FirstFrameEncoder
        self.first_frame_encoder = look(config)
        decoders = {"warp": WarpDecoder, "adain": AdainDecoder, "spade": SpadeDecoder}
        self.decoder = decoders[config.decoder](config)

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent: (d, t / 4, h / 16, w / 16), or (d,) for a vector."""
        config = self.config
        if config.latent == "vector":
            return (config.latent_channels,)
        sizes = (config.num_frames, config.size, config.size)
        grid = (size // factor for size, factor in zip(sizes, REDUCTION, strict=True))
        return (config.latent_channels, *grid)

    def posterior(self, clip: Clip) -> tuple[Latent, Latent]:
        """Return mean and standard deviation of the latent's posterior q(z | v)."""
        mean, logvar = self.encoder(self._checked(clip))
        return mean, torch.exp(0.5 * logvar)

    def encode(self, clip: Clip) -> Latent:
        """Return the mean of the latent's posterior."""
        return self.posterior(clip)[0]

    def first_frame_features(self, first_frame: Frame) -> list[Tensor]:
        """Return what ``decode`` looks at in the still: compute it once for many latents."""
        features: list[Tensor] = self.first_frame_encoder(first_frame)
        return features

    def draw_speckle_noise(
        self, generators: Sequence[torch.Generator], num_frames: int | None = None
    ) -> Clip | None:
        """Draw the noise that new speckle is made of; None where the decoder makes none.

        Args:
            generators: One per item, on the CPU; an item's noise comes from its own alone.
            num_frames: Frames of noise; None for those of a clip.

        Returns:
            Standard normal, shaped as the clips, on the model's device.
        """
        config = self.config
        if not config.speckle:
            return None
        shape = (config.in_channels, num_frames or config.num_frames, config.size, config.size)
        return item_noise(shape, generators).to(next(self.parameters()).device)

    def decode(
        self,
        first_frame: Frame,
        latent: Latent,
        features: list[Tensor] | None = None,
        speckle_noise: Clip | None = None,
        motion_share: Float[Tensor, " t"] | None = None,
    ) -> Decoded:
        """Rebuild a clip from its first frame and its latent.

        Args:
            first_frame: The still.
            latent: Dynamics, from ``encode`` or from stage 2.
            features: ``first_frame_features(first_frame)``, where it is at hand.
            speckle_noise: As ``draw_speckle_noise`` draws it; None for speckle that only moves.
            motion_share: How much of its way from the still each frame goes, 0 to 1; speckle is new
                all the same. None for all of it.
        """
        pyramid = self.first_frame_features(first_frame) if features is None else features
        flow: Flow | None = None
        if isinstance(self.decoder, WarpDecoder):
            clip, flow = self.decoder(first_frame, pyramid, latent, speckle_noise, motion_share)
        else:
            clip = self.decoder(first_frame, pyramid, latent)
            if motion_share is not None:
                still = first_frame.unsqueeze(2)
                clip = still + motion_share[:, None, None] * (clip - still)
        clip = torch.cat([first_frame.unsqueeze(2).to(clip.dtype), clip[:, :, 1:]], dim=2)
        return Decoded(clip, flow)

    def forward(
        self, clip: Clip, noise: Latent, speckle_noise: Clip | None = None
    ) -> Reconstruction:
        """Encode, sample the posterior with ``noise``, decode (Kingma and Welling, 1312.6114).

        Args:
            clip: Frames.
            noise: Standard normal, shaped as the latent.
            speckle_noise: Standard normal, shaped as the clip; None for none.
        """
        mean, logvar = self.encoder(self._checked(clip))
        latent = mean + torch.exp(0.5 * logvar) * noise
        decoded = self.decode(clip[:, :, 0], latent, speckle_noise=speckle_noise)
        return Reconstruction(decoded.clip, mean, logvar)

    def _checked(self, clip: Clip) -> Clip:
        config = self.config
        expected = (config.in_channels, config.num_frames, config.size, config.size)
        if tuple(clip.shape[1:]) != expected:
            msg = f"clip must be (b, {', '.join(map(str, expected))}), got {tuple(clip.shape)}"
            raise ValueError(msg)
        return clip
