"""Noise that a decoder may turn into texture (Karras et al. 2019, arXiv:1812.04948, Sec. 3.2)."""

from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.shapes import Clip


class NoiseInjection(nn.Module):
    """Add noise to features, every channel with a strength of its own.

    The noise is drawn at full resolution and the features are at half of it, so each of the four
    pixels below a feature adds its own.

    Args:
        channels: Channels of the features.
        noise_channels: Channels of the noise.
    """

    def __init__(self, channels: int, noise_channels: int) -> None:
        """Start with no noise at all."""
        super().__init__()
        self.strength = nn.Conv3d(4 * noise_channels, channels, 1, bias=False)
        nn.init.zeros_(self.strength.weight)

    def forward(self, features: Clip, noise: Float[Tensor, "b _ t 2*h 2*w"]) -> Tensor:
        """Return noisy features.

        Args:
            features: At half resolution.
            noise: Standard normal, at full resolution.
        """
        folded = rearrange(noise, "b c t (h p) (w q) -> b (c p q) t h w", p=2, q=2)
        noisy: Tensor = features + self.strength(folded.to(features.dtype))
        return noisy
