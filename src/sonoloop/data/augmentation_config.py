"""How much training clips are varied."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class AugmentationConfig(BaseModel):
    """Ranges of random changes, one draw for all frames of a clip; 0 turns a change off."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    flip: Fraction = 0.5
    """Chance of a mirror image, left and right exchanged."""

    rotation_degrees: float = Field(default=5.0, ge=0, le=180)
    """Largest rotation either way."""

    scale: float = Field(default=0.1, ge=0, lt=1)
    """Largest relative change of size either way."""

    shift: Fraction = 0.04
    """Largest shift either way along each axis, as a fraction of the frame."""

    brightness: Fraction = 0.1
    """Largest addition to grey values in [0, 1] either way, inside the scan."""

    contrast: float = Field(default=0.15, ge=0, lt=1)
    """Largest relative change of the distance from mid-grey either way."""

    gamma: float = Field(default=0.2, ge=0, lt=1)
    """Largest change of the logarithm of the exponent of grey values either way."""
