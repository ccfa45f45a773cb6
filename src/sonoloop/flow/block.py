"""One of the flow's blocks: normalise, rectify, couple, permute."""

from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.flow.act_norm import ActNorm
from sonoloop.flow.coupling import DoubleCoupling
from sonoloop.flow.leaky_rectifier import InvertibleLeakyReLU
from sonoloop.flow.permutation import FixedPermutation


class FlowBlock(nn.Module):
    """ActNorm, leaky rectifier, double affine coupling, permutation (cINN, arXiv:2105.04551).

    Args:
        size: Length of the vectors, at least 2.
        condition_channels: Length of the condition.
        hidden_width: Width of the coupling's networks.
        hidden_depth: Their layers between the first and the last.
        log_scale_limit: Bound of their log-scales; None for none.
        negative_slope: Of the rectifier.
    """

    def __init__(
        self,
        size: int,
        *,
        condition_channels: int,
        hidden_width: int,
        hidden_depth: int,
        log_scale_limit: float | None,
        negative_slope: float,
    ) -> None:
        """Build the four parts."""
        super().__init__()
        self.norm = ActNorm(size)
        self.rectifier = InvertibleLeakyReLU(negative_slope)
        self.coupling = DoubleCoupling(
            size,
            condition_channels=condition_channels,
            hidden_width=hidden_width,
            hidden_depth=hidden_depth,
            log_scale_limit=log_scale_limit,
        )
        self.permutation = FixedPermutation(size)

    def forward(
        self, values: Float[Tensor, "b n"], condition: Float[Tensor, "b k"]
    ) -> tuple[Float[Tensor, "b n"], Float[Tensor, " b"]]:
        """Go a step towards noise; also return the logarithm of the determinant."""
        values, of_norm = self.norm(values)
        values, of_rectifier = self.rectifier(values)
        values, of_coupling = self.coupling(values, condition)
        return self.permutation(values), of_norm + of_rectifier + of_coupling

    def inverse(
        self, values: Float[Tensor, "b n"], condition: Float[Tensor, "b k"]
    ) -> Float[Tensor, "b n"]:
        """Undo ``forward``."""
        values = self.coupling.inverse(self.permutation.inverse(values), condition)
        return self.norm.inverse(self.rectifier.inverse(values))
