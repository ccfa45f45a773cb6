"""Grey levels of a DICOM file as a viewer shows them: rescale, then window.

Source: PS3.3, C.11.1.1 (Modality LUT) and C.11.2.1.2 (VOI LUT Window).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from sonoloop.data.recording import Frames


class Window(NamedTuple):
    """What becomes black and what white.

    Args:
        darkest: Stored value from which on downwards all is black.
        brightest: Stored value from which on upwards all is white.
        note: What the file states, in words.
    """

    darkest: float
    brightest: float
    note: str

    def apply(self, values: npt.NDArray[np.integer]) -> Frames:
        """Map stored values to 0..255, frame by frame so that memory is bounded.

        Args:
            values: Stored values (t, h, w).
        """
        shown = np.empty(values.shape, dtype=np.uint8)
        for frame, stored in zip(shown, values, strict=True):
            share = (stored - self.darkest) / (self.brightest - self.darkest)
            frame[...] = np.rint(255 * share.clip(0, 1))
        return shown


def stated_window(header: Dataset) -> Window | None:
    """Read the first window of a grey file.

    Args:
        header: Its attributes.

    Returns:
        None where the file states none, an impossible one, or the sigmoid one, which no scanner
        of ultrasound is known to write.
    """
    centre, width = _number(header, "WindowCenter"), _number(header, "WindowWidth")
    slope = _number(header, "RescaleSlope", default=1.0)
    intercept = _number(header, "RescaleIntercept", default=0.0)
    function = header.get("VOILUTFunction") or "LINEAR"
    if centre is None or width is None or intercept is None or not slope or slope < 0:
        return None
    if function == "LINEAR":  # C.11.2.1.2.1: the ends are half a grey level further in
        centre, width = centre - 0.5, width - 1
    elif function != "LINEAR_EXACT":
        return None
    if width <= 0:
        return None
    return Window(
        darkest=(centre - width / 2 - intercept) / slope,
        brightest=(centre + width / 2 - intercept) / slope,
        note=f"shown in the window that it states, {centre - width / 2:g} to "
        f"{centre + width / 2:g}",
    )


def _number(header: Dataset, keyword: str, default: float | None = None) -> float | None:
    """Read a number, the first where there are several, None where it is none."""
    value = header.get(keyword)
    if value is None or value == "":
        return default
    try:
        number = float(value if isinstance(value, int | float | str) else value[0])
    except (TypeError, ValueError, IndexError):
        return None
    return number if np.isfinite(number) else None
