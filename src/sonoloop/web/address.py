"""Where a server listens: taken before anything slow is done, refused in a sentence."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from sonoloop.errors import UsageError
from sonoloop.web.guard import LOCAL_NAMES

LAST_PORT: Final = 65535


@dataclass(frozen=True)
class Address:
    """Where to listen.

    Args:
        host: Name or number of an interface; 127.0.0.1 can be reached from this machine only.
        port: 0 takes any that is free.

    Raises:
        UsageError: If there is no such port.
    """

    host: str = "127.0.0.1"
    port: int = 7860

    def __post_init__(self) -> None:
        """Refuse ports that there are not: the system would take another."""
        if not 0 <= self.port <= LAST_PORT:
            msg = f"port must be 0 to {LAST_PORT}, got {self.port}"
            raise UsageError(msg)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in LOCAL_NAMES


@contextmanager
def listening(address: Address) -> Iterator[socket.socket]:
    """Take the port before anything slow is done.

    Args:
        address: Where to listen.

    Yields:
        A bound socket.

    Raises:
        UsageError: If it is taken or there is no such interface.
    """
    with ExitStack() as stack:
        try:
            family, _, _, _, place = socket.getaddrinfo(
                address.host, address.port, type=socket.SOCK_STREAM
            )[0]
            listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            if os.name == "posix":  # a port that was left just now can be taken again
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(place)
            listener.listen()
        except OSError as error:
            msg = (
                f"cannot listen on {address.host} port {address.port} ({error.strerror}): another "
                "server may be running there; choose another --port, or 0 for any that is free"
            )
            raise UsageError(msg) from error
        yield listener
