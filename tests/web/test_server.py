"""Ports, environment and the way the server ends."""

import os
from pathlib import Path

import pytest

from sonoloop.errors import UsageError
from sonoloop.web.limits import Limits
from sonoloop.web.server import (
    Address,
    gradio_settings,
    listening,
    make_server,
    plain_app,
    serve,
    serve_reader_study,
)


def test_two_servers_on_one_port_are_a_sentence(tmp_path: Path) -> None:
    """Before a model is loaded, for the page and for the reader study."""
    with listening(Address(port=0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(UsageError, match=rf"cannot listen on 127.0.0.1 port {port} \(Address"):
            serve(Address(port=port), model="nothing", out=None, limits=Limits())
        with pytest.raises(UsageError, match="choose another --port, or 0"):
            serve_reader_study(Address(port=port), tmp_path, out=None, seed=0)
    with listening(Address(port=port)):  # free again at once
        pass


@pytest.mark.parametrize("address", [Address("no.such.host.invalid"), Address("192.0.2.1")])
def test_impossible_address_is_a_sentence(address: Address) -> None:
    """A name that is none, an interface that is not here."""
    with (
        pytest.raises(UsageError, match=f"cannot listen on {address.host} port {address.port}"),
        listening(address),
    ):
        pass


@pytest.mark.parametrize("port", [-1, 70_000])
def test_impossible_port_is_a_sentence(port: int) -> None:
    """The system would silently take another."""
    with pytest.raises(UsageError, match=f"port must be 0 to 65535, got {port}"):
        Address(port=port)


def test_unknown_model_and_study_are_sentences(tmp_path: Path) -> None:
    """The port is given back."""
    for _ in range(2):
        with pytest.raises(UsageError, match="there is no model 'nothing'"):
            serve(Address(port=0), model="nothing", out=None, limits=Limits())
    with pytest.raises(UsageError, match="there is no folder"):
        serve_reader_study(Address(port=0), tmp_path, out=None, seed=0)


def test_only_numbers_and_names_of_this_machine_are_local() -> None:
    """Elsewhere the server says that anyone may come."""
    assert Address("localhost").is_local
    assert Address().is_local
    assert not Address("0.0.0.0").is_local  # noqa: S104 - nothing is bound


def test_gradio_is_kept_quiet_and_the_environment_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Analytics off, uploads in our own folder."""
    monkeypatch.setenv("GRADIO_SSR_MODE", "True")
    before = dict(os.environ)
    with gradio_settings(tmp_path / "uploads"):
        assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
        assert os.environ["GRADIO_SSR_MODE"] == "False"
        assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path / "uploads")
    assert dict(os.environ) == before


def test_server_logs_no_addresses() -> None:
    """They hold names of files."""
    config = make_server(plain_app(), Address(), Limits()).config
    assert (config.access_log, config.server_header) == (False, False)
