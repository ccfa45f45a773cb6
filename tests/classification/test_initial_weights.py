"""Weights a user brings: they fit but for the last layer, or the first misfit is named."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sonoloop.classification.config import ClassifierConfig
from sonoloop.classification.initial_weights import read_weights, start_from_file
from sonoloop.classification.models import Classifier
from sonoloop.errors import UsageError
from sonoloop.layers.resnet50 import ResNet50


@pytest.fixture
def three_classes(tiny_config: ClassifierConfig) -> Classifier:
    """Return a network of the same widths for three classes."""
    torch.manual_seed(3)
    return Classifier(tiny_config.model_copy(update={"classes": ("a", "b", "c")}))


def test_all_but_the_last_layer_is_taken(
    tiny_config: ClassifierConfig, three_classes: Classifier, tmp_path: Path
) -> None:
    """The trunk becomes the file's, the last layer of two classes stays."""
    save_file(three_classes.net.state_dict(), tmp_path / "w.safetensors")
    model = Classifier(tiny_config)
    last = model.net.state_dict()["fc.weight"].clone()
    start_from_file(model, tmp_path / "w.safetensors")
    for name, tensor in model.net.state_dict().items():
        if name == "fc.weight":
            torch.testing.assert_close(tensor, last)
        elif not name.startswith("fc."):
            torch.testing.assert_close(tensor, three_classes.net.state_dict()[name])


def test_misfits_are_counted_and_named(
    tiny_config: ClassifierConfig, three_classes: Classifier, tmp_path: Path
) -> None:
    """Missing, unknown and of another shape, the first of each."""
    state = dict(three_classes.net.state_dict())
    del state["stem_norm.bias"]
    state["stem.weight"] = torch.zeros(4, 3, 3, 7, 7)
    state["extra"] = torch.zeros(1)
    path = tmp_path / "w.safetensors"
    save_file(state, path)
    sentence = (
        r"w.safetensors does not fit r3d18 \(1 missing, such as stem_norm.bias; 1 unknown, such "
        r"as extra; 1 of another shape, such as stem.weight, \(4, 3, 3, 7, 7\) instead of "
        r"\(4, 2, 3, 7, 7\)\)"
    )
    with pytest.raises(UsageError, match=sentence):
        start_from_file(Classifier(tiny_config), path)


def test_a_file_that_is_no_weights_is_refused(tmp_path: Path) -> None:
    """Missing, or a pickle."""
    with pytest.raises(UsageError, match="there is no such file of weights"):
        read_weights(tmp_path / "none.safetensors")
    torch.save({"a": torch.zeros(1)}, tmp_path / "w.pth")
    with pytest.raises(UsageError, match="is no safetensors file"):
        read_weights(tmp_path / "w.pth")


def test_torchvisions_resnet50_fits_tsm(tmp_path: Path) -> None:
    """Names as in torchvision's file, a last layer for 1000 classes, one number of batches less."""
    torch.manual_seed(1)
    with torch.device("meta"):
        trunk = ResNet50(1000)
    state = {
        name: torch.full(tensor.shape, 0.5)
        for name, tensor in trunk.state_dict().items()
        if name != "bn1.num_batches_tracked"
    }
    save_file(state, tmp_path / "resnet50.safetensors")
    model = Classifier(ClassifierConfig(net="tsm", classes=("a", "b"), num_frames=2, size=32))
    start_from_file(model, tmp_path / "resnet50.safetensors")
    assert (model.net.trunk.layer3[5].conv2.weight == 0.5).all()
    assert not (model.net.fc.weight == 0.5).any()
