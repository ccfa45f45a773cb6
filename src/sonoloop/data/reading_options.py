"""What the user decides about files that show more than a grey scan."""

from dataclasses import dataclass
from typing import Literal

Doppler = Literal["grey", "drop"]
BurnedInText = Literal["refuse", "crop"]


@dataclass(frozen=True)
class ReadingOptions:
    """How DICOM files are read.

    Args:
        doppler: Frames with colour Doppler: read as grey, or left out.
        burned_in_text: Files that say that text is burned in and state no scan region: refused, or
            cropped to what the pixels show of the scan.
    """

    doppler: Doppler = "grey"
    burned_in_text: BurnedInText = "refuse"
