"""Weights a user brings: they fit but for the last layer, or the first misfit is named."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sonoloop.classification.config import ClassifierConfig, ClassifierTraining, NetName
from sonoloop.classification.fit import fit
from sonoloop.classification.initial_weights import start_from
from sonoloop.classification.labelled_clips import LabelledClips
from sonoloop.classification.models import Classifier
from sonoloop.classification.trained import read_weights
from sonoloop.errors import UsageError
from sonoloop.layers.resnet50 import ResNet50

MakeClips = Callable[..., LabelledClips]


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
    start_from(model, tmp_path / "w.safetensors")
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
        start_from(Classifier(tiny_config), path)


def test_a_file_that_is_no_weights_is_refused(tmp_path: Path) -> None:
    """Missing, or a pickle."""
    with pytest.raises(UsageError, match="there is no such file of weights"):
        read_weights(tmp_path / "none.safetensors")
    torch.save({"a": torch.zeros(1)}, tmp_path / "w.pth")
    with pytest.raises(UsageError, match="is no safetensors file"):
        read_weights(tmp_path / "w.pth")


@pytest.mark.parametrize(("net", "size"), [("tsm", 32), ("tdn", 64)])
def test_torchvisions_resnet50_fits(
    net: NetName, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names as in torchvision's file, a last layer for 1000 classes, one number of batches less."""
    with torch.device("meta"):  # drawing 25 million weights takes longer than all the rest
        trunk = ResNet50(1000)
        model = Classifier(ClassifierConfig(net=net, classes=("a", "b"), num_frames=2, size=size))
    state = {
        name: torch.tensor(0.5).expand(tensor.shape)
        for name, tensor in trunk.state_dict().items()
        if name != "bn1.num_batches_tracked"
    }
    read = "sonoloop.classification.initial_weights.read_weights"
    monkeypatch.setattr(read, lambda _: state)
    model.to_empty(device="cpu")
    torch.nn.init.zeros_(model.net.fc.weight)
    start_from(model, Path("resnet50.safetensors"))
    assert (model.net.trunk.layer3[5].conv2.weight == 0.5).all()
    assert not model.net.fc.weight.any()
    del state["layer4.1.bn2.bias"]
    with pytest.raises(UsageError, match=r"1 missing, such as layer4.1.bn2.bias"):
        start_from(model, Path("resnet50.safetensors"))


def test_a_classifier_that_was_trained_is_a_start(
    moving_clips: MakeClips, tiny_config: ClassifierConfig, tmp_path: Path
) -> None:
    """Its run folder is given as it is; a folder that holds none is refused."""
    settings = ClassifierTraining(max_steps=1, batch_size=4, precision="32-true")
    trained = fit(moving_clips(4), tiny_config, settings, seed=0, folder=tmp_path / "run")
    model = Classifier(tiny_config)
    start_from(model, tmp_path / "run")
    for name, tensor in trained.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], tensor)
    with pytest.raises(UsageError):
        start_from(model, tmp_path)
