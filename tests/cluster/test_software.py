"""Machines of other software are refused."""

import pytest

from sonoloop.cluster.software import require_software, software
from sonoloop.errors import UsageError


def test_other_software_is_refused() -> None:
    """Results would not be the same."""
    require_software(software())
    with pytest.raises(UsageError, match=r"has sonoloop .*, this one sonoloop 9: install the same"):
        require_software("sonoloop 9")
