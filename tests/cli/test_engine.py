"""Ray where it is asked for and installed."""

import importlib.util

import pytest

from sonoloop.cli.engine import require_ray
from sonoloop.errors import UsageError


def test_the_local_engine_needs_nothing() -> None:
    """And has no address."""
    assert not require_ray("local", None)
    with pytest.raises(UsageError, match="--address h:1: an address is for --engine ray"):
        require_ray("local", "h:1")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the line that installs it."""
    assert require_ray("ray", None)
    found = importlib.util.find_spec

    def without(missing: str) -> None:
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: None if name == missing else found(name)
        )

    for name in ("ray", "fsspec"):
        without(name)
        with pytest.raises(UsageError, match=rf"needs {name}, .*pip install 'sonoloop\[cluster\]'"):
            require_ray("ray", None)
