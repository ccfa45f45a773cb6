"""What the flow knows of the first frame: one vector."""

from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.shapes import Frame


class FirstFrameConditioner(nn.Module):
    """A small image network, averaged over the frame and trained together with the flow.

    The cINN's own is ``image_encoder.FrozenConditioner``. Any module that turns first frames into
    vectors of this length can take this one's place as ``ConditionalFlow.conditioner``.

    Args:
        widths: Channels at 1/4, 1/8, ... of the frame's size.
        channels: Length of the vector.
    """

    def __init__(self, widths: Sequence[int], *, channels: int) -> None:
        """Build one convolution per level and the way to the vector."""
        super().__init__()
        # No norm at first: the frame's brightness may matter.
        self.quarter = nn.Sequential(nn.Conv2d(1, widths[0], 7, stride=4, padding=3), nn.SiLU())
        self.halves = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(*pair, 3, stride=2, padding=1), nn.GroupNorm(1, pair[1]), nn.SiLU()
                )
                for pair in pairwise(widths)
            )
        )
        self.to_vector = nn.Sequential(
            nn.Linear(widths[-1], channels), nn.SiLU(), nn.Linear(channels, channels)
        )

    def forward(self, first_frame: Frame) -> Float[Tensor, "b k"]:
        """Describe the first frame.

        Args:
            first_frame: Grey image, in [-1, 1].
        """
        features = self.halves(self.quarter(first_frame))
        vector: Tensor = self.to_vector(features.mean(dim=(2, 3)))
        return vector
