"""Networks by name."""

from typing import get_args

import pytest
import torch

from sonoloop.classification.config import ClassifierConfig, NetName
from sonoloop.classification.models import Classifier


def test_settings_reach_the_network(tiny_config: ClassifierConfig) -> None:
    """Width, classes and dropout of R3D-18."""
    model = Classifier(
        tiny_config.model_copy(update={"width": 8, "classes": ("a", "b", "c"), "dropout": 0.3})
    )
    assert model.net.fc.weight.shape == (3, 64)
    assert model.net.dropout.p == 0.3
    assert model(torch.zeros(2, 1, 8, 32, 32)).shape == (2, 3)


@pytest.mark.parametrize("net", get_args(NetName))
def test_every_network_takes_the_clips_its_settings_describe(net: NetName) -> None:
    """One row of logits for each clip, at published size and another."""
    for size in (64, None):
        given = {} if size is None else {"size": size}
        config = ClassifierConfig.model_validate({"net": net, "classes": ("a", "b"), **given})
        with torch.device("meta"):
            model = Classifier(config)
        frames = config.num_frames * config.stretch
        clip = torch.empty(2, 1, frames, config.size, config.size, device="meta")
        assert model(clip).shape == (2, 2)
        assert {name for name, _ in model.net.named_parameters() if name.startswith("fc.")}
