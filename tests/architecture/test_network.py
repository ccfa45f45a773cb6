"""Nothing is fetched or asked unless somebody asks for it."""

import os
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


WHOLE_LINE = """
import fcntl, os, signal, socket, struct, subprocess, sys, urllib.request
from pathlib import Path
from kill_anywhere import commands
from sonoloop.cli.main import main

with socket.socket() as device:  # the loopback device, for the page: SIOCSIFFLAGS, IFF_UP
    fcntl.ioctl(device, 0x8914, struct.pack("16sh", b"lo", 1))
try:
    socket.create_connection(("192.0.2.1", 9), timeout=1)  # TEST-NET-1, RFC 5737
except OSError as error:
    assert error.errno == 101, error  # network is unreachable

def run(words):
    print(*words, flush=True)
    try:
        status = main(words)
    except SystemExit as end:
        status = end.code
    assert not status, (words, status)

work = Path.cwd()
whole = work / "whole"
whole.mkdir()
run(["phantom", "--out", str(work / "phantoms"), "--count", "24", "--size", "64"])
for name, words in commands(work, 4).items():
    if name == "synthesize":
        model = ["--out", str(work / "model"), "--trained-on", "phantoms"]
        stages = ["--autoencoder", str(whole / "autoencoder"), "--diffusion"]
        run(["export", *stages, str(whole / "diffusion"), *model])
    run([str(whole / name) if word == "OUT" else word for word in words])
run(["data", "check", str(whole / "prepare")])
run(["report", str(whole / "evaluate"), "--out", str(work / "report.html")])
run(["provenance", str(whole / "synthesize")])
words = ["serve", "--port", "0", "--model", str(work / "model")]
server = subprocess.Popen(
    [sys.executable, "-m", "sonoloop", *words], stdout=subprocess.PIPE, text=True
)
address = server.stdout.readline().split()[3]
open_url = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
while True:
    try:
        assert b"gradio" in open_url(address, timeout=60).read()
        break
    except urllib.error.URLError as error:
        assert isinstance(error.reason, ConnectionRefusedError), error
server.send_signal(signal.SIGINT)
assert server.wait(60) == 130
print("done")
"""


@pytest.fixture
def isolated() -> list[str]:
    """Return the words that start a command in a network namespace of its own."""
    unshare = shutil.which("unshare")
    words = [unshare or "unshare", "--map-root-user", "--net"]
    if unshare is None or subprocess.run([*words, "true"], check=False).returncode:
        pytest.skip("unshare (util-linux) cannot make a network namespace here")
    return words


@pytest.mark.slow
def test_the_whole_line_runs_without_a_network(isolated: list[str], tmp_path: Path) -> None:
    """From phantoms to a study, a report and the page, with the loopback device alone."""
    benchmarks = Path(__file__).parents[2] / "benchmarks"
    result = subprocess.run(
        [*isolated, sys.executable, "-c", WHOLE_LINE],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{benchmarks}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    assert result.stdout.endswith("done\n")
    assert (tmp_path / "whole" / "study" / "study.json").is_file()
    assert (tmp_path / "report.html").is_file()


@pytest.mark.slow
def test_the_demo_runs_without_a_network(isolated: list[str], tmp_path: Path) -> None:
    """In a namespace of its own, where not even the loopback device is up."""
    program = (
        "import socket\n"
        "try: socket.create_connection(('127.0.0.1', 9), timeout=1)\n"
        "except OSError as error: assert error.errno == 101, error\n"  # network is unreachable
        "from sonoloop.cli.main import main; main(['demo', '--out', 'demo'])"
    )
    subprocess.run([*isolated, sys.executable, "-c", program], cwd=tmp_path, check=True)
    assert list((tmp_path / "demo").glob("*.mp4"))
