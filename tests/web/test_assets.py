"""The page's own files are there and ask nobody else."""

import re

import pytest

from sonoloop.web.assets import read_asset


@pytest.mark.parametrize(
    "name", ["player.js", "page.css", "reader.html", "reader.css", "reader.js"]
)
def test_asset_loads_nothing_from_elsewhere(name: str) -> None:
    """No address with a host."""
    text = read_asset(name)
    assert text
    assert not re.search(r"(https?:)?//[\w.-]+\.\w", text)
