"""Where a server may listen."""

import errno
import os

import pytest

from sonoloop.errors import UsageError
from sonoloop.web.address import Address, listening


@pytest.mark.parametrize("address", [Address("192.0.2.1")])
def test_impossible_address_is_a_sentence(address: Address) -> None:
    """An interface that is not here."""
    with (
        pytest.raises(UsageError, match=f"cannot listen on {address.host} port {address.port}"),
        listening(address),
    ):
        pass


def test_what_fails_later_is_not_the_port_s_fault() -> None:
    """A full disk while the server runs stays a full disk."""
    with pytest.raises(OSError, match="No space left"), listening(Address(port=0)):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("port", [-1, 70_000])
def test_impossible_port_is_a_sentence(port: int) -> None:
    """The system would silently take another."""
    with pytest.raises(UsageError, match=f"port must be 0 to 65535, got {port}"):
        Address(port=port)


def test_only_numbers_and_names_of_this_machine_are_local() -> None:
    """Elsewhere the server says that anyone may come."""
    assert Address("localhost").is_local
    assert Address().is_local
    assert not Address("0.0.0.0").is_local  # noqa: S104 - nothing is bound
