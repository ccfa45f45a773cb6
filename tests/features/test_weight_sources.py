"""The table of published weights is complete and consistent."""

import re

from sonoloop.features.weight_conversion import CONVERSIONS
from sonoloop.features.weight_sources import SOURCES


def test_every_source_is_pinned_and_can_be_converted() -> None:
    """Three hashes of 64 digits each, and a conversion."""
    assert SOURCES.keys() == CONVERSIONS.keys()
    for name, source in SOURCES.items():
        assert name == source.name
        for sha256 in (source.sdist.sha256, source.member_sha256, source.content_sha256):
            assert re.fullmatch(r"[0-9a-f]{64}", sha256)
        assert source.sdist.filename == f"{source.sdist.stem}.tar.gz"
        assert 0 < source.converted_bytes < 200_000_000
