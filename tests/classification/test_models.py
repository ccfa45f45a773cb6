"""Networks by name."""

import torch

from sonoloop.classification.config import ClassifierConfig
from sonoloop.classification.models import Classifier


def test_settings_reach_the_network(tiny_config: ClassifierConfig) -> None:
    """Width, classes and dropout of R3D-18."""
    model = Classifier(
        tiny_config.model_copy(update={"width": 8, "classes": ("a", "b", "c"), "dropout": 0.3})
    )
    assert model.net.fc.weight.shape == (3, 64)
    assert model.net.dropout.p == 0.3
    assert model(torch.zeros(2, 1, 8, 32, 32)).shape == (2, 3)
