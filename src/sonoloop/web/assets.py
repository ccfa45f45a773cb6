"""The page's own files, installed beside this module."""

from importlib import resources


def read_asset(name: str) -> str:
    """Read one.

    Args:
        name: Such as ``player.js``.
    """
    return resources.files("sonoloop.web").joinpath(name).read_text(encoding="utf-8")
