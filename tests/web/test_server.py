"""Ports, environment and the way the server ends."""

import os
from pathlib import Path

import pytest

from sonoloop.errors import UsageError
from sonoloop.web.address import Address, listening
from sonoloop.web.limits import Limits
from sonoloop.web.server import (
    gradio_settings,
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


def test_unknown_model_and_study_are_sentences(tmp_path: Path) -> None:
    """The port is given back."""
    for _ in range(2):
        with pytest.raises(UsageError, match="there is no model 'nothing'"):
            serve(Address(port=0), model="nothing", out=None, limits=Limits())
    with pytest.raises(UsageError, match="there is no folder"):
        serve_reader_study(Address(port=0), tmp_path, out=None, seed=0)


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
