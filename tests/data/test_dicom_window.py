"""Files that state a window look as in a viewer."""

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.pixels.processing import apply_rescale, apply_windowing

from sonoloop.data.dicom_window import stated_window


def header(**attributes: object) -> Dataset:
    """Describe 12-bit grey pixels in 16 bits."""
    dataset = Dataset()
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.PixelRepresentation = 16, 12, 0
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", None])
@pytest.mark.parametrize("rescale", [{}, {"RescaleSlope": "2", "RescaleIntercept": "-1024"}])
def test_the_window_is_that_of_pydicom(function: str | None, rescale: dict[str, str]) -> None:
    """Known value: pydicom's apply_windowing, whose result spans the stored range."""
    stated = header(WindowCenter="900", WindowWidth=["1500", "300"], **rescale)
    if function:
        stated.VOILUTFunction = function
    values = np.arange(4096, dtype=np.uint16).reshape(1, 64, 64)
    window = stated_window(stated)
    assert window is not None
    reference = apply_windowing(apply_rescale(values, stated), stated)
    low, high = reference.min(), reference.max()
    expected = 255 * (reference - low) / (high - low)
    assert np.abs(window.apply(values) - expected).max() <= 0.5 + 1e-6


def test_the_usual_window_of_a_byte_changes_nothing() -> None:
    """Centre 128, width 256 is what 8-bit files state."""
    values = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    window = stated_window(header(WindowCenter="128", WindowWidth="256"))
    assert window is not None
    np.testing.assert_array_equal(window.apply(values), values)
    assert window.note == "shown in the window that it states, 0 to 255"


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"WindowCenter": "100"},
        {"WindowCenter": "100", "WindowWidth": "1"},
        {"WindowCenter": "100", "WindowWidth": ""},
        {"WindowCenter": "100", "WindowWidth": "50", "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": "100", "WindowWidth": "50", "RescaleSlope": "0"},
    ],
)
def test_without_a_usable_window_there_is_none(attributes: dict[str, str]) -> None:
    """Missing, without width, of another function, or behind an impossible rescale."""
    assert stated_window(header(**attributes)) is None
