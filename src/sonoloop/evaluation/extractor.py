"""What a frozen net must offer to be used by a metric."""

from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from sonoloop.shapes import Clip


@runtime_checkable
class FeatureExtractor(Protocol):
    """Clips in [-1, 1] to one feature vector each."""

    id: str
    checksum: str
    num_features: int

    def __call__(self, clip: Clip) -> Float[Tensor, "b features"]:
        """Return the features of a batch."""
        ...
