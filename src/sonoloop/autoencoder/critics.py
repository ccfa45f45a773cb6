"""Critics that tell made clips from true ones while stage 1 is trained.

The layouts are those of the cINN (Dorkenwald et al. 2021, arXiv:2105.04551): a patch critic of
single frames and a 3D ResNet-18 of clips. The patch critic here sees pairs of frames by default:
what is wrong with generated ultrasound is how speckle changes, which one frame does not show.
"""

from typing import Final, Literal, NamedTuple

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from sonoloop.autoencoder.config import CriticConfig
from sonoloop.layers.actnorm2d import ActNorm2d
from sonoloop.layers.residual3d import ResidualBlock3d, group_norm
from sonoloop.shapes import Clip, Frame

SLOPE: Final = 0.2
"""Of the leaky rectifiers."""
PATCH_STRIDES: Final = (2, 2, 2, 1)
INITIAL_STD: Final = 0.02
"""Spread of the patch critic's weights at the start (Isola et al. 2017, arXiv:1611.07004)."""
TEMPORAL_STRIDES: Final = ((2, 1, 1), (2, 2, 2), (2, 2, 2), (2, 2, 2))
"""Time, height, width of the four stages; the stem and its pool halve height and width twice."""


class Verdict(NamedTuple):
    """What a critic says.

    Args:
        logits: Above 0 for true; one a patch or one a clip.
        features: Its hidden maps, for feature matching.
    """

    logits: Tensor
    features: list[Tensor]


class PatchCritic(nn.Module):
    """Judge overlapping patches of images (PatchGAN, Isola et al. 2017, arXiv:1611.07004).

    Args:
        in_channels: Channels of an image.
        width: Channels of the first layer; doubled in each of the next three.
        norm: Normalisation between the layers; every convolution has spectral norm.
    """

    def __init__(self, in_channels: int, *, width: int, norm: Literal["none", "actnorm"]) -> None:
        """Build four 4x4 convolutions and the one that judges."""
        super().__init__()
        self.layers = nn.ModuleList()
        widths = [in_channels, *(width * 2**level for level in range(len(PATCH_STRIDES)))]
        for level, stride in enumerate(PATCH_STRIDES):
            convolution = nn.Conv2d(widths[level], widths[level + 1], 4, stride, 1)
            has_norm = norm == "actnorm" and level > 0
            normalise = ActNorm2d(widths[level + 1]) if has_norm else nn.Identity()
            self.layers.append(nn.Sequential(_normed(convolution), normalise))
        self.judge = _normed(nn.Conv2d(widths[-1], 1, 4, 1, 1))

    def forward(self, images: Frame) -> Verdict:
        """Return one logit a patch, and the maps of the four layers."""
        features: list[Tensor] = []
        hidden: Tensor = images
        for layer in self.layers:
            hidden = functional.leaky_relu(layer(hidden), SLOPE)
            features.append(hidden)
        return Verdict(self.judge(hidden), features)


class TemporalCritic(nn.Module):
    """Judge successive frames with a 3D ResNet-18.

    Args:
        in_channels: Channels of a frame.
        widths: Channels of the four stages.
    """

    def __init__(self, in_channels: int, widths: tuple[int, int, int, int]) -> None:
        """Build stem, stages (spectral norm in the first block of each) and the judging layer."""
        super().__init__()
        self.stem = nn.Conv3d(in_channels, widths[0], (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False)
        self.stem_norm = group_norm(widths[0])
        self.stages = nn.ModuleList()
        for in_width, out_width, stride in zip(
            (widths[0], *widths[:3]), widths, TEMPORAL_STRIDES, strict=True
        ):
            first = ResidualBlock3d(in_width, out_width, stride=stride, shortcut_kernel=3)
            self.stages.append(nn.Sequential(first, ResidualBlock3d(out_width, out_width)))
        self.judge = nn.Linear(widths[3], 1, bias=False)
        for module in self.modules():
            if isinstance(module, nn.Conv3d | nn.Linear):
                nn.init.orthogonal_(module.weight)
        for stage in self.stages:
            for module in stage[0].modules():  # type: ignore[index]
                if isinstance(module, nn.Conv3d):
                    spectral_norm(module)

    def forward(self, clip: Clip) -> Verdict:
        """Return one logit a clip, and the maps of the four stages."""
        hidden = functional.relu(self.stem_norm(self.stem(clip)), inplace=True)
        hidden = functional.max_pool3d(hidden, 3, (1, 2, 2), 1)
        features: list[Tensor] = []
        for stage in self.stages:
            hidden = stage(hidden)
            features.append(hidden)
        return Verdict(self.judge(hidden.mean(dim=(2, 3, 4))), features)


def build_critics(
    config: CriticConfig, *, in_channels: int, patch: bool, temporal: bool
) -> dict[str, nn.Module]:
    """Build the critics that are asked for, by name.

    Args:
        config: Their widths.
        in_channels: Channels of a frame.
        patch: Whether there is a patch critic.
        temporal: Whether there is a temporal critic.
    """
    critics: dict[str, nn.Module] = {}
    if patch:
        seen = in_channels * (4 if config.patch_sees == "pairs" else 1)
        critics["patch_critic"] = PatchCritic(
            seen, width=config.patch_width, norm=config.patch_norm
        )
    if temporal:
        critics["temporal_critic"] = TemporalCritic(in_channels, config.temporal_widths)
    return critics


def frame_pairs(clip: Clip, frame_index: Int[Tensor, "b n"]) -> Float[Tensor, "b*n 4*c h w"]:
    """Show how a clip goes on: first frame, a frame, the next one, and their difference.

    Args:
        clip: Frames.
        frame_index: Frames of each clip, the last one excluded.

    Returns:
        (b n, 4 c, h, w).
    """
    frames, following = at_frames(clip, frame_index), at_frames(clip, frame_index + 1)
    first = clip[:, None, :, 0].expand_as(frames)
    pairs = torch.cat([first, frames, following, following - frames], dim=2)
    return rearrange(pairs, "b n c h w -> (b n) c h w")


def at_frames(clip: Clip, frame_index: Int[Tensor, "b n"]) -> Float[Tensor, "b n c h w"]:
    """Pick frames of each clip."""
    items = torch.arange(len(clip), device=clip.device)[:, None]
    return clip.transpose(1, 2)[items, frame_index]


def _normed(convolution: nn.Conv2d) -> nn.Module:
    nn.init.normal_(convolution.weight, std=INITIAL_STD)
    return spectral_norm(convolution)
