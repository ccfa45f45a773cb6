"""Regions and spacing are believed where they lie inside the picture."""

import pytest
from pydicom import Dataset

from sonoloop.data.dicom_scan import scan_geometry
from sonoloop.data.recording import Box


def _region(box: Box, *, spatial_format: int = 1, units: int = 3) -> Dataset:
    item = Dataset()
    item.RegionSpatialFormat = spatial_format
    item.RegionLocationMinY0, item.RegionLocationMinX0 = box.top, box.left
    item.RegionLocationMaxY1, item.RegionLocationMaxX1 = box.bottom - 1, box.right - 1
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = units
    item.PhysicalDeltaX, item.PhysicalDeltaY = 0.02, -0.03
    return item


def _header(*regions: Dataset) -> Dataset:
    header = Dataset()
    header.SequenceOfUltrasoundRegions = list(regions)
    return header


def test_region_inside_the_picture_is_taken() -> None:
    """Centimetres become millimetres; a negative delta is a direction."""
    box = Box(10, 20, 100, 200)
    geometry = scan_geometry(_header(_region(box)), 100, 200)
    assert geometry.region == box
    assert geometry.pixel_spacing_mm == pytest.approx((0.3, 0.2))
    assert geometry.warnings == ()


def test_largest_image_region_is_taken() -> None:
    """An M-mode strip (format 2) is larger and is not taken."""
    regions = (
        _region(Box(0, 0, 30, 30)),
        _region(Box(40, 0, 90, 60)),
        _region(Box(0, 0, 99, 199), spatial_format=2),
    )
    assert scan_geometry(_header(*regions), 100, 200).region == Box(40, 0, 90, 60)


@pytest.mark.parametrize("box", [Box(10, 20, 101, 200), Box(31, 84, 415, 596)])
def test_region_outside_the_picture_is_not_believed(box: Box) -> None:
    """Nor is its spacing: it was stated for another size."""
    header = _header(_region(box))
    header.PixelSpacing = [0.1, 0.1]
    geometry = scan_geometry(header, 100, 200)
    assert geometry.region is None
    assert geometry.pixel_spacing_mm is None
    assert "lies outside its 200 x 100 pixels" in geometry.warnings[0]


def test_spacing_without_centimetres_or_regions() -> None:
    """Seconds are no distance; plain Pixel Spacing serves where there is no region."""
    region = _region(Box(0, 0, 50, 50), units=4)
    assert scan_geometry(_header(region), 100, 200).pixel_spacing_mm is None
    header = Dataset()
    header.PixelSpacing = [0.1, 0.2]
    assert scan_geometry(header, 100, 200).pixel_spacing_mm == (0.1, 0.2)
    assert scan_geometry(Dataset(), 100, 200).pixel_spacing_mm is None


def test_burned_in_text_without_a_region_is_warned_of() -> None:
    """With a region there is a place known to be free of it."""
    header = _header(_region(Box(0, 0, 50, 50)))
    header.BurnedInAnnotation = "YES"
    assert scan_geometry(header, 100, 200).warnings == ()
    del header.SequenceOfUltrasoundRegions
    assert "it says that text is burned in" in scan_geometry(header, 100, 200).warnings[0]
    del header.BurnedInAnnotation
    assert "does not say whether text" in scan_geometry(header, 100, 200).warnings[0]


def test_incomplete_or_tiny_regions_are_passed_over() -> None:
    """A region without corners, or of a few pixels, says nothing."""
    incomplete = _region(Box(0, 0, 50, 50))
    del incomplete.RegionLocationMaxX1
    header = _header(incomplete, _region(Box(0, 0, 4, 4)))
    header.BurnedInAnnotation = "NO"
    geometry = scan_geometry(header, 100, 200)
    assert geometry.region is None
    assert geometry.warnings == ()
