"""What makes two machines compute the same."""

import socket
from typing import NamedTuple

import torch

from sonoloop import __version__
from sonoloop.errors import UsageError


class Terms(NamedTuple):
    """How a worker computes.

    Args:
        threads: CPU threads; set by hand, since Ray changes what torch would take.
        software: Versions that the driver has.
        device: "cpu" or "cuda".
    """

    threads: int
    software: str
    device: str


def software() -> str:
    """Say which versions compute here."""
    return f"sonoloop {__version__}, torch {torch.__version__}"


def require_software(wanted: str) -> None:
    """Refuse a machine whose results might differ.

    Args:
        wanted: What the driver has.

    Raises:
        UsageError: If something else is installed here.
    """
    if software() != wanted:
        msg = (
            f"the machine {socket.gethostname()} has {software()}, this one {wanted}: install the "
            "same versions on all"
        )
        raise UsageError(msg)
