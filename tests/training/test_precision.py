"""Number formats."""

import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from sonoloop.training import precision
from sonoloop.training.config import TrainingConfig
from sonoloop.training.launch import launch_fabric
from sonoloop.training.precision import AsTrained, Autocast, cpu_has_amx, resolve_precision


@pytest.mark.parametrize(("amx", "expected"), [(True, "bf16-mixed"), (False, "32-true")])
def test_auto_on_a_cpu_asks_for_amx(
    monkeypatch: pytest.MonkeyPatch, *, amx: bool, expected: str
) -> None:
    """Without tiles bf16 would be slower than float32."""
    monkeypatch.setattr(precision, "cpu_has_amx", lambda: amx)
    assert resolve_precision("auto", "cpu") == expected


def test_a_given_format_is_taken() -> None:
    """The config's word stands on any machine."""
    assert resolve_precision("32-true", "cuda") == "32-true"
    assert resolve_precision("bf16-mixed", "cpu") == "bf16-mixed"


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"amx_tile": True, "amx_bf16": True}, True),
        ({"amx_tile": True, "amx_bf16": False}, False),
        ({"architecture": "aarch64"}, False),
    ],
)
def test_amx_is_read_from_torch_2_11(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, object], *, expected: bool
) -> None:
    """Newer torch lists the CPU's abilities."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert cpu_has_amx() is expected


@pytest.mark.parametrize("answer", [True, False])
def test_amx_is_read_from_torch_2_6(monkeypatch: pytest.MonkeyPatch, *, answer: bool) -> None:
    """Older torch has a private probe."""
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: answer, raising=False)
    assert cpu_has_amx() is answer


def test_amx_is_not_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torch that does not say has none."""
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported", raising=False)
    assert cpu_has_amx() is False


def test_inputs_keep_their_precision() -> None:
    """bf16 matrices inside, but the module sees float32 inputs and gives float32 outputs."""
    seen = []

    class Probe(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(2, 2)

        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            seen.extend([clip.dtype, self.linear(clip).dtype])
            return self.linear(clip)

    fabric = Fabric(accelerator="cpu", devices=1, plugins=Autocast("bf16-mixed", "cpu"))
    module = fabric.setup(Probe())
    assert module(torch.ones(1, 2)).dtype == torch.float32
    assert seen == [torch.float32, torch.bfloat16]


def test_untrained_module_computes_as_if_trained() -> None:
    """The averaged model gives what the trained one with the same weights gives, in float32."""
    layer = nn.Linear(4, 4)
    fabric = Fabric(accelerator="cpu", devices=1, plugins=Autocast("bf16-mixed", "cpu"))
    inputs = torch.randn(2, 4)
    expected = fabric.setup(nn.Sequential(layer))(inputs)
    found = AsTrained(layer, fabric)(inputs)
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)
    assert not torch.equal(found, layer(inputs))


def test_a_gradient_penalty_may_differentiate_in_bf16() -> None:
    """Fabric's own plugin allows ``backward`` alone; here the gradient of an input passes."""
    fabric = launch_fabric(TrainingConfig(precision="bf16-mixed"))
    layer = fabric.setup(nn.Linear(3, 1))
    values = torch.ones(2, 3, device=fabric.device, requires_grad=True)
    (gradient,) = torch.autograd.grad(layer(values).sum(), values, create_graph=True)
    fabric.backward(gradient.square().sum())
    assert layer.weight.grad is not None
    expected = 4 * layer.weight.detach()
    torch.testing.assert_close(layer.weight.grad, expected, rtol=2**-7, atol=0)
