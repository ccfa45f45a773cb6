"""ATMNet = ActiveMLP (Wei et al. 2022, arXiv:2203.06108), frame by frame, logits averaged.

The published network sees images. How the paper ran it on video is not said; the average over
frames is what mmaction's recognisers of image networks do, which its authors used.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.classification.active_token_mixing import ActiveBlock
from sonoloop.classification.grey_input import GreyToColour, as_frames, consensus
from sonoloop.shapes import Clip, Frame

Variant = Literal["xt", "t", "s", "b", "l"]


class ActiveMlpSize(NamedTuple):
    """Size of an ActiveMLP.

    Args:
        depths: Blocks of the four stages.
        mlp_ratios: Hidden width of the stages' perceptrons by their channels.
        interval: Blocks that share offsets.
        widths: Channels of the stages.
    """

    depths: tuple[int, int, int, int]
    mlp_ratios: tuple[int, int, int, int]
    interval: int
    widths: tuple[int, int, int, int] = (64, 128, 320, 512)


SIZES: Final[Mapping[Variant, ActiveMlpSize]] = {
    "xt": ActiveMlpSize((2, 2, 4, 2), (4, 4, 4, 4), 2),
    "t": ActiveMlpSize((2, 3, 10, 3), (4, 4, 4, 4), 2),
    "s": ActiveMlpSize((3, 4, 18, 3), (8, 8, 4, 4), 6),
    "b": ActiveMlpSize((3, 8, 27, 3), (8, 8, 4, 4), 6),
    "l": ActiveMlpSize((3, 4, 24, 3), (4, 4, 4, 4), 6, (96, 192, 384, 768)),
}

SHARES: Final = (2, 4, 4, 8)
"""Neighbouring channels with one offset, in the four stages."""

DROP_PATH: Final = 0.1
"""Chance of the last block's branches to be skipped; it rises linearly from 0."""

WEIGHT_STD: Final = 0.02
"""Standard deviation of the linear layers' first weights, truncated."""


class ActiveMlp(nn.Module):
    """The image network without its last layer.

    Args:
        size: Depths and widths.
    """

    def __init__(self, size: ActiveMlpSize) -> None:
        """Build the layers."""
        super().__init__()
        self.stem = nn.Conv2d(3, size.widths[0], 7, 4, padding=2)
        self.downsample = nn.ModuleList(
            nn.Conv2d(before, after, 3, 2, padding=1)
            for before, after in zip(size.widths, size.widths[1:], strict=False)
        )
        # One positional convolution for each stage, used before every block that makes offsets.
        self.position = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=1, groups=width) for width in size.widths
        )
        self.stages = nn.ModuleList()
        total, built = sum(size.depths), 0
        for depth, ratio, width, share in zip(
            size.depths, size.mlp_ratios, size.widths, SHARES, strict=True
        ):
            blocks = nn.ModuleList()
            for number in range(depth):
                makes_offsets = number % size.interval == 0 and number != depth - 1
                blocks.append(
                    ActiveBlock(
                        width,
                        mlp_ratio=ratio,
                        share=share if makes_offsets else None,
                        drop_path=DROP_PATH * built / (total - 1),
                    )
                )
                built += 1
            self.stages.append(blocks)
        self.norm = nn.LayerNorm(size.widths[-1])
        for part in self.modules():
            if isinstance(part, nn.Linear):
                nn.init.trunc_normal_(part.weight, std=WEIGHT_STD)
                if part.bias is not None:
                    nn.init.zeros_(part.bias)

    def forward(self, frames: Frame) -> Float[Tensor, "b width"]:
        """Describe each frame, averaged over its places.

        Args:
            frames: In colour, normalised.
        """
        features: Tensor = self.stem(frames)
        for number, blocks in enumerate(self.stages):
            if number > 0:
                features = self.downsample[number - 1](features)
            features = self._stage(features, self.position[number], blocks)
        tokens = rearrange(features, "b c h w -> b (h w) c")
        described: Tensor = self.norm(tokens).mean(1)
        return described

    @staticmethod
    def _stage(features: Tensor, position: nn.Module, blocks: nn.Module) -> Tensor:
        """Run the blocks of a stage; offsets stay until a block makes new ones."""
        tokens, offset = rearrange(features, "b c h w -> b h w c"), None
        for block in blocks.children():
            if getattr(block, "share", None) is not None:
                seen = position(rearrange(tokens, "b h w c -> b c h w"))
                tokens = tokens + rearrange(seen, "b c h w -> b h w c")
            tokens, offset = block(tokens, offset)
        return rearrange(tokens, "b h w c -> b c h w")


class AtmNet(nn.Module):
    """ActiveMLP on every frame, and the mean of the logits.

    Args:
        num_classes: Outputs.
        variant: Size: xt, t, s, b or l.
        num_frames: Frames of a clip.
        dropout: Before the last layer.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        variant: Variant = "xt",
        num_frames: int = 8,
        dropout: float = 0.5,
    ) -> None:
        """Build the layers."""
        super().__init__()
        size = SIZES[variant]
        self.num_frames = num_frames
        self.input = GreyToColour()
        self.trunk = ActiveMlp(size)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(size.widths[-1], num_classes)
        nn.init.trunc_normal_(self.fc.weight, std=WEIGHT_STD)
        nn.init.zeros_(self.fc.bias)

    def forward(self, clip: Clip) -> Float[Tensor, "b classes"]:
        """Return the mean of the frames' logits.

        Args:
            clip: One channel, in [-1, 1], of the frames the network was built for.
        """
        features = self.trunk(as_frames(self.input(clip)))
        return consensus(self.fc(self.dropout(features)), self.num_frames)
