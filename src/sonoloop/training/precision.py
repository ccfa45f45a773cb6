"""Number formats: bf16 where the hardware multiplies it faster, with full-precision inputs."""

from typing import Literal, TypeVar

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision
from lightning_fabric.plugins import Precision as FabricPrecision
from torch import nn

Data = TypeVar("Data")
Precision = Literal["32-true", "bf16-mixed"]


class Autocast(MixedPrecision):
    """Automatic mixed precision that leaves the inputs alone.

    Fabric's own plugin rounds every input to bf16, whose 8 significant bits are too few for the
    pixels and latents that come back out (frame 0 of a clip must stay exactly the still). It also
    scales losses, which bf16 does not need, and for that lets nobody else differentiate: a gradient
    penalty must.
    """

    pre_backward = FabricPrecision.pre_backward
    backward = FabricPrecision.backward
    post_backward = FabricPrecision.post_backward

    def convert_input(self, data: Data) -> Data:
        """Return the inputs unchanged."""
        return data


class AsTrained(nn.Module):
    """A module that is not trained but computes as if it were: forward in the run's format.

    Losses around it stay in float32, as they do around a module that Fabric set up.

    Args:
        module: Such as the averaged model.
        fabric: Knows the format.
    """

    def __init__(self, module: nn.Module, fabric: Fabric) -> None:
        """Keep both."""
        super().__init__()
        self._module = module
        self._fabric = fabric

    def forward(self, *inputs: object) -> object:
        """Run the module in the run's format and return float32."""
        with self._fabric.autocast():
            output = self._module(*inputs)
        return self._fabric.strategy.precision.convert_output(output)


def cpu_has_amx() -> bool:
    """Tell whether the CPU multiplies bf16 matrices in AMX tiles (Intel, since 2023).

    Returns:
        True only where torch says so: without tiles bf16 is slower than float32.
    """
    if hasattr(torch.cpu, "get_capabilities"):  # torch 2.11 and later
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("amx_tile")) and bool(capabilities.get("amx_bf16"))
    probe = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(probe()) if probe is not None else False


def resolve_precision(
    setting: Literal["auto", "32-true", "bf16-mixed"], device_type: str
) -> Precision:
    """Choose the number format of a run.

    Args:
        setting: The config's word; anything but "auto" is taken as it stands.
        device_type: "cuda" or "cpu".

    Returns:
        "bf16-mixed" or "32-true".
    """
    if setting != "auto":
        return setting
    fast = torch.cuda.is_bf16_supported() if device_type == "cuda" else cpu_has_amx()
    return "bf16-mixed" if fast else "32-true"
