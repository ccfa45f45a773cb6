"""Axis order and value range of every tensor that crosses a module boundary.

One letter per axis, everywhere: b batch, c channels, t frames, h height, w width, d latent
channels. Pixels are float32 in [-1, 1]. Only ``data`` and ``synthesis`` see uint8 files.
"""

from jaxtyping import Float, Int
from torch import Tensor

Frame = Float[Tensor, "b c h w"]
"""One image per item, usually the first frame of a clip."""

Clip = Float[Tensor, "b c t h w"]
"""Frames in time order."""

Flow = Float[Tensor, "b 2 t h w"]
"""Where each pixel of a frame comes from in the first frame: (dx, dy) in pixels."""

Latent = Float[Tensor, "b d *grid"]
"""What stage 1 encodes and stage 2 samples."""

Timestep = Int[Tensor, " b"]
"""Diffusion step, 0 (almost clean) to num_train_timesteps - 1 (noise)."""
