"""ResNet-50 has torchvision's parameters, names and shapes."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from sonoloop.layers.resnet50 import FEATURES, Bottleneck, ResNet50, bottleneck_stages


def _on_meta(**options: object) -> ResNet50:
    with torch.device("meta"):
        return ResNet50(**options)


def test_parameters_are_as_many_as_published() -> None:
    """25,557,032 with 1000 classes (torchvision's documentation of resnet50)."""
    assert sum(weight.numel() for weight in _on_meta().parameters()) == 25_557_032


def test_names_and_shapes_are_those_of_torchvision_files() -> None:
    """320 entries; some names and shapes as listed in resnet50-0676ba61.pth."""
    state = _on_meta().state_dict()
    assert len(state) == 320
    expected = {
        "conv1.weight": (64, 3, 7, 7),
        "bn1.running_var": (64,),
        "layer1.0.downsample.0.weight": (256, 64, 1, 1),
        "layer1.0.downsample.1.num_batches_tracked": (),
        "layer2.0.conv2.weight": (128, 128, 3, 3),
        "layer3.5.conv3.weight": (1024, 256, 1, 1),
        "layer4.2.bn3.bias": (2048,),
        "fc.weight": (1000, 2048),
        "fc.bias": (1000,),
    }
    assert {name: tuple(state[name].shape) for name in expected} == expected


def test_every_stage_halves_the_picture() -> None:
    """Images of 64 pixels leave the stages 16, 8, 4 and 2 pixels wide, at meta cost."""
    net = _on_meta(num_classes=None)
    features = net.stem(torch.empty(1, 3, 64, 64, device="meta"))
    sizes = []
    for stage in (net.layer1, net.layer2, net.layer3, net.layer4):
        features = stage(features)
        sizes.append(features.shape[1:])
    assert sizes == [(256, 16, 16), (512, 8, 8), (1024, 4, 4), (2048, 2, 2)]


def test_without_classes_the_features_come_out() -> None:
    """No last layer, no weights of it: 2048 numbers an image."""
    net = _on_meta(num_classes=None)
    assert net(torch.empty(2, 3, 32, 32, device="meta")).shape == (2, FEATURES)
    assert not any(name.startswith("fc") for name in net.state_dict())


def test_biases_and_another_norm_on_request() -> None:
    """53 convolutions get a bias; instance norm leaves no weights."""
    names = {name for name, _ in _on_meta(bias=True, norm=nn.InstanceNorm2d).named_parameters()}
    assert len([name for name in names if name.endswith(".bias") and name != "fc.bias"]) == 53
    assert not any("bn" in name for name in names)


def test_a_block_with_a_silent_branch_is_relu() -> None:
    """With the last norm's gain at zero the residual adds nothing."""
    block = Bottleneck(16, 4).eval()
    nn.init.zeros_(block.bn3.weight)
    features = torch.randn(2, 16, 5, 5)
    torch.testing.assert_close(block(features), functional.relu(features))


class _Doubled(nn.Module):
    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return 2 * features


@pytest.mark.parametrize("socket", ["before", "between"])
def test_sockets_change_the_residual_and_never_the_shortcut(socket: str) -> None:
    """What a socket holds acts on the branch; the shortcut still sees the input itself."""
    torch.manual_seed(0)
    plain = Bottleneck(16, 4).eval()
    changed = Bottleneck(16, 4, **{socket: _Doubled()}).eval()
    changed.load_state_dict(plain.state_dict())
    features = torch.randn(2, 16, 5, 5)
    assert not torch.allclose(plain(features), changed(features))
    for block in (plain, changed):
        nn.init.zeros_(block.bn3.weight)
    torch.testing.assert_close(plain(features), changed(features))


def test_stages_are_built_block_by_block() -> None:
    """16 blocks; strides 2 begin the stages after the first."""
    asked: list[tuple[int, int, int]] = []

    def build(in_channels: int, width: int, stride: int) -> Bottleneck:
        asked.append((in_channels, width, stride))
        with torch.device("meta"):
            return Bottleneck(in_channels, width, stride)

    assert [len(stage) for stage in bottleneck_stages(build)] == [3, 4, 6, 3]
    assert asked[:4] == [(64, 64, 1), (256, 64, 1), (256, 64, 1), (256, 128, 2)]
    assert sum(stride == 2 for _, _, stride in asked) == 3
