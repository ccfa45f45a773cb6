"""Random changes of whole clips, on the device that trains.

All frames of a clip change alike: motion stays what it was. Pixels outside the frame are black,
and black stays black under every change of grey values, because it is no tissue.
"""

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from sonoloop.batch_random import batch_uniform
from sonoloop.data.augmentation_config import AugmentationConfig
from sonoloop.shapes import Clip

Factor = Float[Tensor, "b 1 1 1 1"]


def to_float(clip: UInt8[Tensor, "b t h w"]) -> Clip:
    """Map stored grey values 0-255 to [-1, 1].

    Args:
        clip: Frames as the store holds them.

    Returns:
        Float32 with one channel.
    """
    return clip.unsqueeze(1).float().div_(127.5).sub_(1.0)


def augment(clip: Clip, config: AugmentationConfig, generator: torch.Generator) -> Clip:
    """Move and shade each clip at random.

    Args:
        clip: Clips in [-1, 1].
        config: Ranges of the changes.
        generator: On the clip's device; the only source of chance.

    Returns:
        Changed clips in [-1, 1].
    """
    return _shade(_move(clip, config, generator), config, generator)


def _uniform(clip: Clip, span: float, generator: torch.Generator) -> Factor:
    """Draw one number in [-span, span] for each clip."""
    shape = (len(clip), 1, 1, 1, 1)
    draw = batch_uniform(shape, generator, clip.dtype)
    return (2 * draw - 1) * span


def _move(clip: Clip, config: AugmentationConfig, generator: torch.Generator) -> Clip:
    """Flip, rotate, scale and shift; one resampling for all."""
    batch, _, num_frames, height, width = clip.shape
    angle = _uniform(clip, config.rotation_degrees, generator).deg2rad().flatten()
    zoom = torch.exp(-_uniform(clip, config.scale, generator)).flatten()
    shift_x = 2 * _uniform(clip, config.shift, generator).flatten()  # the frame is [-1, 1] wide
    shift_y = 2 * _uniform(clip, config.shift, generator).flatten()
    side = torch.where(_uniform(clip, 0.5, generator).flatten() + 0.5 < config.flip, -1.0, 1.0)
    aspect = width / height
    # rows give where an output pixel looks in the input, in coordinates of [-1, 1]
    rows = (
        torch.stack((side * zoom * angle.cos(), -side * zoom * angle.sin() / aspect, shift_x), 1),
        torch.stack((zoom * angle.sin() * aspect, zoom * angle.cos(), shift_y), 1),
    )
    grid = affine_grid(torch.stack(rows, 1), [batch, 1, height, width], align_corners=False)
    frames = (clip + 1).reshape(batch, num_frames, height, width)  # frames as channels; black is 0
    moved = grid_sample(frames, grid.to(frames.dtype), mode="bicubic", align_corners=False)
    return moved.reshape(clip.shape) - 1


def _shade(clip: Clip, config: AugmentationConfig, generator: torch.Generator) -> Clip:
    """Change gamma, contrast and brightness; black stays black."""
    gamma = torch.exp(_uniform(clip, config.gamma, generator))
    contrast = 1 + _uniform(clip, config.contrast, generator)
    brightness = _uniform(clip, config.brightness, generator)
    grey = ((clip + 1) / 2).clamp(0, 1)
    tissue = (grey / BLACK).clamp(max=1)  # 0 where black, 1 above the level of black
    shaded = (grey**gamma - 0.5) * contrast + 0.5 + brightness
    return (2 * (grey + (shaded - grey) * tissue) - 1).clamp(-1, 1)


BLACK = 0.04
"""Grey values below this fade into the untouched black around the scan."""
