"""Table 1 of the paper, the figures that ours stand beside."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SOURCE: Final = (
    "Table 1 of Ultrasound Image-to-Video Synthesis via Latent Dynamic Diffusion Models "
    "(LDDM, MICCAI 2024, arXiv:2503.14966), on the BUSV videos"
)

FIGURES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "cINN": MappingProxyType({"fvd": "58.98", "dtfvd": "0.62", "lpips": "0.33", "div": "2.23"}),
        "LDDM": MappingProxyType({"fvd": "53.82", "dtfvd": "0.58", "lpips": "0.32", "div": "1.07"}),
    }
)
"""Method -> family of metrics -> the value as printed."""

SILENCE: Final = (
    "Its figures stand here without n, interval and feature network, because none is on record "
    "for them, nor which variant of DIV was computed. They compare with ours only on the same "
    "videos, split and protocol."
)


def paper_figure(method: str, metric_id: str) -> str | None:
    """Find the paper's figure for a metric of ours.

    Args:
        method: A key of ``FIGURES``.
        metric_id: Id of our metric; the part before the first ``-`` names its family.

    Returns:
        The figure as printed, or None where the paper has none.
    """
    return FIGURES[method].get(metric_id.partition("-")[0].casefold())
