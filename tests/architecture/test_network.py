"""Nothing is fetched or asked unless somebody asks for it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sonoloop.cli.commands import COMMANDS

NO_SOCKETS = """
import socket, sys

def refuse(*args, **kwargs):
    raise AssertionError(f"a socket was asked for: {args} {kwargs}")

class Refusing(socket.socket):
    def __init__(self, family=-1, *args, **kwargs):
        refuse(family, *args)

socket.socket = Refusing
socket.create_connection = socket.getaddrinfo = socket.gethostbyname = refuse
"""

IMPORT_ALL = """
import importlib, pkgutil, sonoloop
names = [one.name for one in pkgutil.walk_packages(sonoloop.__path__, "sonoloop.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names))
"""

ALL_HELP = """
from contextlib import redirect_stdout
from io import StringIO
from sonoloop.cli.commands import COMMANDS
from sonoloop.cli.main import main
for words in COMMANDS:
    with redirect_stdout(StringIO()) as text:
        try:
            main([*words, "--help"])
        except SystemExit as end:
            assert end.code == 0, (words, end.code)
    assert text.getvalue(), words
print(len(COMMANDS))
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )


def test_a_socket_would_be_noticed() -> None:
    """The guard refuses what urllib does first; no network is needed to see it."""
    result = run(NO_SOCKETS + "import urllib.request\nurllib.request.urlopen('http://localhost:9')")
    assert "a socket was asked for" in result.stderr


def test_importing_the_package_opens_no_socket() -> None:
    """Nor do the libraries that come with it."""
    result = run(NO_SOCKETS + "from sonoloop import ImageToVideo; print(ImageToVideo.__name__)")
    assert result.stdout == "ImageToVideo\n", result.stderr


@pytest.mark.slow
def test_importing_every_module_opens_no_socket() -> None:
    """Not one of them, whatever it imports."""
    result = run(NO_SOCKETS + IMPORT_ALL)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > 300


def test_no_help_opens_a_socket() -> None:
    """Of any command."""
    result = run(NO_SOCKETS + ALL_HELP)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) == len(COMMANDS)


@pytest.mark.slow
def test_the_demo_runs_without_a_network(tmp_path: Path) -> None:
    """In a namespace of its own, where not even the loopback device is up."""
    unshare = shutil.which("unshare")
    isolate = [unshare or "unshare", "--map-root-user", "--net"]
    if unshare is None or subprocess.run([*isolate, "true"], check=False).returncode:
        pytest.skip("unshare (util-linux) cannot make a network namespace here")
    program = (
        "import socket\n"
        "try: socket.create_connection(('127.0.0.1', 9), timeout=1)\n"
        "except OSError as error: assert error.errno == 101, error\n"  # network is unreachable
        "from sonoloop.cli.main import main; main(['demo', '--out', 'demo'])"
    )
    subprocess.run([*isolate, sys.executable, "-c", program], cwd=tmp_path, check=True)
    assert list((tmp_path / "demo").glob("*.mp4"))
