"""sonoloop turns a still ultrasound image into a cine loop."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sonoloop.synthesis.image_to_video import ImageToVideo

__all__ = ["ImageToVideo", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import ``ImageToVideo`` when first asked for, so that ``import sonoloop`` needs no torch."""
    if name == "ImageToVideo":
        return import_module("sonoloop.synthesis.image_to_video").ImageToVideo
    msg = f"module 'sonoloop' has no attribute {name!r}"
    raise AttributeError(msg)
