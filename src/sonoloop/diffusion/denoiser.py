"""A transformer on latent tokens (Peebles and Xie 2022, arXiv:2212.09748)."""

import math
from typing import Literal

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.diffusion.conditioning import Condition
from sonoloop.layers.attention import ModulatedBlock
from sonoloop.layers.embeddings import NoiseLevelEmbedding, grid_embedding
from sonoloop.shapes import Latent

GRID_AXES = 4
"""Axes of a grid latent: channels, frames, height, width."""


class TokenLayout:
    """How a latent is cut into tokens and put together again.

    Args:
        latent_shape: (d,) or (d, t, h, w).
        patch_size: Cells per token in time, height and width (grid latents).
        vector_tokens: Number of pieces (vector latents).

    Raises:
        ValueError: If the latent has other axes or does not divide evenly.
    """

    def __init__(
        self,
        latent_shape: tuple[int, ...],
        *,
        patch_size: tuple[int, int, int],
        vector_tokens: int,
    ) -> None:
        """Check that the latent divides evenly."""
        if len(latent_shape) not in {1, GRID_AXES}:
            msg = f"a latent is (d,) or (d, t, h, w), got {latent_shape}"
            raise ValueError(msg)
        self.is_grid = len(latent_shape) == GRID_AXES
        sizes = latent_shape[1:] if self.is_grid else latent_shape
        pieces = patch_size if self.is_grid else (vector_tokens,)
        if any(size % piece for size, piece in zip(sizes, pieces, strict=True)):
            name = "patch_size" if self.is_grid else "vector_tokens"
            msg = f"latent {latent_shape} is not a multiple of {name} {pieces}"
            raise ValueError(msg)
        self.patch = dict(zip("pqr", patch_size, strict=True))
        if self.is_grid:
            self.grid = tuple(size // piece for size, piece in zip(sizes, pieces, strict=True))
        else:
            self.grid = (vector_tokens,)
        self.cells_per_token = math.prod(patch_size) if self.is_grid else 1
        self.channels = latent_shape[0] if self.is_grid else latent_shape[0] // vector_tokens

    def split(self, latent: Latent) -> Float[Tensor, "b n c"]:
        """Cut a latent into tokens."""
        if not self.is_grid:
            return rearrange(latent, "b (n c) -> b n c", n=self.grid[0])
        return rearrange(latent, "b c (t p) (h q) (w r) -> b (t h w) (c p q r)", **self.patch)

    def join(self, tokens: Float[Tensor, "b n c"]) -> Latent:
        """Put the tokens of a latent together."""
        if not self.is_grid:
            return rearrange(tokens, "b n c -> b (n c)")
        grid = dict(zip("thw", self.grid, strict=True))
        return rearrange(
            tokens, "b (t h w) (c p q r) -> b c (t p) (h q) (w r)", **grid, **self.patch
        )


class LatentDenoiser(nn.Module):
    """Predicts, from a noisy latent, its noise level and the first frame, what training asks for.

    The first frame enters twice: as channels beside the noisy latent, repeated over time, and
    pooled into the modulation of every block.

    Args:
        latent_shape: (d,) or (d, t, h, w).
        width: Channels of a token; a multiple of ``heads``.
        depth: Number of blocks.
        heads: Attention heads.
        mlp_ratio: Hidden width of a block's two-layer network over ``width``.
        patch_size: Cells per token in time, height and width (grid latents).
        vector_tokens: Number of pieces that a vector latent is cut into.
        condition_channels: Channels of ``Condition.features`` (grid latents).
        position_embedding: "learned" starts from "sinusoidal", which is fixed.
        dropout: Chance of skipping a channel of a block's change in training, in [0, 1).
    """

    def __init__(  # noqa: PLR0913  one argument per part
        self,
        latent_shape: tuple[int, ...],
        *,
        width: int,
        depth: int,
        heads: int,
        mlp_ratio: float,
        patch_size: tuple[int, int, int],
        vector_tokens: int,
        condition_channels: int,
        position_embedding: Literal["learned", "sinusoidal"],
        dropout: float,
    ) -> None:
        """Build all parts; the last layer starts at zero, and so does the prediction."""
        super().__init__()
        self.layout = TokenLayout(latent_shape, patch_size=patch_size, vector_tokens=vector_tokens)
        channels = self.layout.channels
        seen = channels + condition_channels if self.layout.is_grid else channels
        cells = self.layout.cells_per_token
        self.to_tokens = nn.Linear(seen * cells, width)
        self.position = nn.Parameter(
            grid_embedding(self.layout.grid, width),
            requires_grad=position_embedding == "learned",
        )
        self.embed_noise_level = NoiseLevelEmbedding(width)
        self.to_modulation = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(
            ModulatedBlock(width, heads, mlp_ratio=mlp_ratio, dropout=dropout) for _ in range(depth)
        )
        self.to_last_modulation = nn.Linear(width, 2 * width)
        self.last_norm = nn.LayerNorm(width, elementwise_affine=False)
        self.to_latent = nn.Linear(width, channels * cells)
        for layer in (self.to_modulation, self.to_last_modulation, self.to_latent):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        noisy_latent: Latent,
        noise_level: Float[Tensor, " b"],
        condition: Condition,
        generator: torch.Generator | None = None,
    ) -> Latent:
        """Predict from a noisy latent.

        Args:
            noisy_latent: Latent with noise, whitened.
            noise_level: One per item, 0 (clean) to 1 (noise).
            condition: The first frame; zeros where it is not told.
            generator: Source of dropout in training; None for none.

        Returns:
            Prediction, in the shape of ``noisy_latent``.
        """
        seen = noisy_latent
        if self.layout.is_grid:
            b, _, t, h, w = noisy_latent.shape
            features = condition.features[:, :, None].expand(b, -1, t, h, w)
            seen = torch.cat([noisy_latent, features.to(noisy_latent.dtype)], dim=1)
        tokens = self.to_tokens(self.layout.split(seen)) + self.position
        embedding = nn.functional.silu(self.embed_noise_level(noise_level) + condition.pooled)
        modulation = rearrange(self.to_modulation(embedding), "b (six c) -> b six c", six=6)
        for block in self.blocks:
            tokens = block(tokens, modulation, generator)
        scale, shift = self.to_last_modulation(embedding)[:, None].chunk(2, dim=2)
        return self.layout.join(self.to_latent(self.last_norm(tokens) * (1 + scale) + shift))
