"""A classifier: a network by name, and the settings that say what it sees and tells apart."""

from jaxtyping import Float
from torch import Tensor, nn

from sonoloop.classification.atmnet import AtmNet
from sonoloop.classification.c3d import C3d
from sonoloop.classification.config import ClassifierConfig
from sonoloop.classification.r3d18 import R3d18
from sonoloop.classification.tdn import Tdn
from sonoloop.classification.tsm import Tsm
from sonoloop.shapes import Clip


class Classifier(nn.Module):
    """One of the networks with the settings it was built from.

    Args:
        config: Which network, what it sees, which classes.
    """

    def __init__(self, config: ClassifierConfig) -> None:
        """Build the network, its weights drawn from torch's global generator."""
        super().__init__()
        self.config = config
        self.net = build_net(config)

    def forward(self, clip: Clip) -> Float[Tensor, "b classes"]:
        """Return logits.

        Args:
            clip: One channel, in [-1, 1], ``num_frames * stretch`` frames of ``size`` pixels.
        """
        logits: Tensor = self.net(clip)
        return logits


def build_net(config: ClassifierConfig) -> nn.Module:
    """Build the network a config names.

    Args:
        config: Which one.
    """
    count, dropout = len(config.classes), config.dropout
    if config.net == "r3d18":
        return R3d18(count, width=config.width, dropout=dropout)
    if config.net == "c3d":
        return C3d(count, size=config.size, num_frames=config.num_frames, dropout=dropout)
    if config.net == "tsm":
        return Tsm(count, num_frames=config.num_frames, dropout=dropout)
    if config.net == "tdn":
        return Tdn(count, num_stretches=config.num_frames, dropout=dropout)
    return AtmNet(count, variant=config.variant, num_frames=config.num_frames, dropout=dropout)
