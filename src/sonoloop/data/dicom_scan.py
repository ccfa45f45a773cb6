"""Where a DICOM file says the scan lies and how large its pixels are.

Source: PS3.3, C.8.5.5 (US Region Calibration Module). Regions outside the picture occur in real
files (calibrated at another size, scaled on export): they are not believed.
"""

from dataclasses import dataclass

from pydicom import Dataset

from sonoloop.data.recording import Box

TWO_DIMENSIONAL = 1
"""Region Spatial Format of an image, in contrast to M-mode, Doppler and charts."""

CENTIMETRES = 3
"""Physical Units code of a distance."""

MIN_REGION_SIDE = 16


@dataclass(frozen=True)
class ScanGeometry:
    """What the file states.

    Args:
        region: The rectangle of the two-dimensional scan, None if not stated or not believable.
        pixel_spacing_mm: Height and width of a pixel, None if not stated or not believable.
        warnings: What was not believed.
    """

    region: Box | None
    pixel_spacing_mm: tuple[float, float] | None
    warnings: tuple[str, ...] = ()


def scan_geometry(header: Dataset, height: int, width: int) -> ScanGeometry:
    """Read the largest two-dimensional region that lies inside the picture.

    Args:
        header: The file's attributes.
        height: Rows of a frame.
        width: Columns of a frame.

    Returns:
        Region and spacing; a warning where a region lies outside the picture, and where there is
        none and text is burned in, or may be.
    """
    stated = [item for item in header.get("SequenceOfUltrasoundRegions") or [] if _is_image(item)]
    boxes = [(box, item) for item in stated if (box := _box(item)) is not None]
    inside = [
        (box, item)
        for box, item in boxes
        if box.bottom <= height and box.right <= width and box.top >= 0 and box.left >= 0
    ]
    notes: list[str] = []
    if boxes and not inside:
        box = boxes[0][0]
        notes.append(
            f"its scan region ({box.left}..{box.right - 1} x {box.top}..{box.bottom - 1}) lies "
            f"outside its {width} x {height} pixels: the region is found from the pixels and the "
            "pixel spacing is not known"
        )
    if not inside and header.get("BurnedInAnnotation") == "YES":
        notes.append(
            "it says that text is burned in but no region without text: what the pixels show "
            "outside the scan is removed, so look at the result before sharing it"
        )
    elif not inside and not header.get("BurnedInAnnotation"):
        notes.append(
            "it does not say whether text is burned in: what the pixels show outside the scan is "
            "removed, so look at the result before sharing it"
        )
    if inside:
        region, item = max(inside, key=lambda pair: pair[0].height * pair[0].width)
        return ScanGeometry(region, _region_spacing(item), tuple(notes))
    return ScanGeometry(None, None if boxes else _plain_spacing(header), tuple(notes))


def _is_image(item: Dataset) -> bool:
    return bool(item.get("RegionSpatialFormat") == TWO_DIMENSIONAL)


def _box(item: Dataset) -> Box | None:
    """Read the corners, which belong to the region (C.8.5.5.1.2), or None if they make no box."""
    keywords = ("MinY0", "MinX0", "MaxY1", "MaxX1")
    corners = [item.get(f"RegionLocation{keyword}") for keyword in keywords]
    if not all(isinstance(corner, int) for corner in corners):
        return None
    top, left, last_row, last_column = (int(corner) for corner in corners if corner is not None)
    box = Box(top, left, last_row + 1, last_column + 1)
    return box if min(box.height, box.width) >= MIN_REGION_SIDE else None


def _region_spacing(item: Dataset) -> tuple[float, float] | None:
    """Turn centimetres a pixel into millimetres; the sign tells a direction only."""
    spacing: list[float] = []
    for axis in ("Y", "X"):
        delta_cm = item.get(f"PhysicalDelta{axis}")
        if item.get(f"PhysicalUnits{axis}Direction") != CENTIMETRES or not delta_cm:
            return None
        spacing.append(abs(float(delta_cm)) * 10)
    return spacing[0], spacing[1]


def _plain_spacing(header: Dataset) -> tuple[float, float] | None:
    """Read Pixel Spacing (row, column) in mm, which few ultrasound files have."""
    try:
        rows_mm, columns_mm = (float(value) for value in header.get("PixelSpacing") or ())
    except (TypeError, ValueError):
        return None
    return (rows_mm, columns_mm) if min(rows_mm, columns_mm) > 0 else None
