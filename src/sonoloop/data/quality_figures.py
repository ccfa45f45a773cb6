"""Small figures for the quality page: bar charts as SVG, thumbnails as JPEG, both inline."""

import base64
import io
from collections.abc import Sequence
from html import escape
from math import ceil

import numpy as np
from PIL import Image

from sonoloop.data.recording import Frames

CHART_WIDTH = 360
CHART_HEIGHT = 150
_MARGIN = 34
_NUM_BINS = 16
_TICK_BINS = 4
_SAME = 1e-6  # rates computed from frame times differ by rounding

THUMBNAIL_SIDE = 96
_JPEG_QUALITY = 80


def histogram_svg(values: Sequence[float], title: str) -> str:
    """Draw how often values occur.

    Args:
        values: Any numbers; may be empty.
        title: What they are, with their unit.

    Returns:
        An <svg> element.
    """
    if not values:
        return ""
    low, high = min(values), max(values)
    if high - low <= _SAME * max(abs(low), abs(high)):
        middle = _NUM_BINS // 2
        only = [len(values) * (number == middle) for number in range(_NUM_BINS)]
        return _bars(only, title, {middle + 0.5: f"{low:.4g}"})
    if all(float(value).is_integer() for value in values):  # bins then begin at whole numbers
        high = low + _NUM_BINS * ceil((high - low) / _NUM_BINS)
    counts, edges = np.histogram(values, bins=_NUM_BINS, range=(low, high))
    ticked = range(0, _NUM_BINS + 1, _NUM_BINS // _TICK_BINS)
    ticks = {float(number): f"{edges[number]:.4g}" for number in ticked}
    return _bars(counts.tolist(), title, ticks)


def _bars(counts: Sequence[int], title: str, ticks: dict[float, str]) -> str:
    highest = max(counts)
    step = (CHART_WIDTH - 2 * _MARGIN) / len(counts)
    scale = (CHART_HEIGHT - 2 * _MARGIN) / highest
    floor = CHART_HEIGHT - _MARGIN
    bars = "".join(
        f'<rect x="{_MARGIN + number * step:.1f}" y="{floor - count * scale:.1f}" '
        f'width="{step - 1:.1f}" height="{count * scale:.1f}"><title>{count}</title></rect>'
        for number, count in enumerate(counts)
    )
    labels = "".join(
        f'<text x="{_MARGIN + number * step:.1f}" y="{floor + 14}" text-anchor="middle">'
        f"{escape(text)}</text>"
        for number, text in ticks.items()
    )
    return (
        f'<svg viewBox="0 0 {CHART_WIDTH} {CHART_HEIGHT}" width="{CHART_WIDTH}" role="img" '
        f'aria-label="{escape(title)}">'
        f'<text x="{_MARGIN}" y="16" class="title">{escape(title)}</text>'
        f'<text x="{_MARGIN - 4}" y="{_MARGIN + 4}" text-anchor="end">{highest}</text>'
        f'<line x1="{_MARGIN}" y1="{floor}" x2="{CHART_WIDTH - _MARGIN}" y2="{floor}"/>'
        f"{bars}{labels}</svg>"
    )


def thumbnail_uri(frame: Frames) -> str:
    """Encode a frame as a small picture that stands inside the page.

    Args:
        frame: Grey frame (h, w), uint8.

    Returns:
        A data: address of a JPEG.
    """
    image = Image.fromarray(frame)
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
