"""Batch norm of a frozen net, folded into the convolution before it."""

from collections.abc import Mapping

from torch import Tensor


def fold_batch_norm(units: Mapping[str, Tensor], *, eps: float) -> dict[str, Tensor]:
    """Turn convolutions followed by batch norm into convolutions with bias.

    weight' = weight gamma / sqrt(variance + eps), bias' = beta - mean gamma / sqrt(variance + eps)

    Args:
        units: ``UNIT.weight``, ``.beta``, ``.mean``, ``.variance`` and perhaps ``.gamma``; what
            has no ``.beta`` is kept.
        eps: Of the batch norm.

    Returns:
        ``UNIT.weight`` and ``UNIT.bias`` in float32, computed in float64.
    """
    folded = {}
    for name in sorted({key.rpartition(".")[0] for key in units}):
        weight = units[f"{name}.weight"].double()
        if f"{name}.beta" not in units:
            folded[f"{name}.weight"], folded[f"{name}.bias"] = weight, units[f"{name}.bias"]
            continue
        scale = (units[f"{name}.variance"].double() + eps).rsqrt()
        if f"{name}.gamma" in units:
            scale = scale * units[f"{name}.gamma"].double()
        folded[f"{name}.weight"] = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
        folded[f"{name}.bias"] = (
            units[f"{name}.beta"].double() - units[f"{name}.mean"].double() * scale
        )
    return {name: tensor.float() for name, tensor in folded.items()}
