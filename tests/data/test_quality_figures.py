"""Figures stand inside the page."""

import base64
import io
import re
from xml.etree import ElementTree as ET

import numpy as np
from PIL import Image

from sonoloop.data.quality_figures import histogram_svg, thumbnail_uri


def test_bars_count_the_values() -> None:
    """All values are in one bar or another; the drawing is well-formed."""
    values = np.random.default_rng(0).normal(0, 1, 500).tolist()
    drawing = histogram_svg(values, "rate <Hz>")
    assert sum(map(int, re.findall(r"<title>(\d+)</title>", drawing))) == 500
    assert ET.fromstring(drawing).tag == "svg"  # noqa: S314 (our own text)


def test_equal_values_and_none_are_drawn_too() -> None:
    """One bar; no figure at all."""
    assert re.findall(r"<title>([1-9]\d*)</title>", histogram_svg([25.0] * 7, "rate")) == ["7"]
    rounded = histogram_svg([25.0, 25.0 + 4e-15], "rate")
    assert re.findall(r"<title>([1-9]\d*)</title>", rounded) == ["2"]
    assert histogram_svg([], "rate") == ""


def test_ticks_are_numbers_that_occur() -> None:
    """One value has one tick; whole numbers, such as pixels, have whole ticks."""
    tick = r'text-anchor="middle">([^<]+)<'
    assert re.findall(tick, histogram_svg([350.0] * 3, "width")) == ["350"]
    ticks = re.findall(tick, histogram_svg([332.0, 470.0, 705.0], "height"))
    assert ticks == ["332", "428", "524", "620", "716"]
    assert re.findall(tick, histogram_svg([2.25, 4.0], "duration"))[1] == "2.688"


def test_a_thumbnail_shows_the_frame() -> None:
    """At most 96 pixels a side, grey levels kept."""
    frame = np.full((128, 64), 90, dtype=np.uint8)
    kind, content = thumbnail_uri(frame).split(",")
    assert kind == "data:image/jpeg;base64"
    image = Image.open(io.BytesIO(base64.b64decode(content)))
    assert image.size == (48, 96)
    assert abs(int(np.asarray(image).mean()) - 90) <= 2
