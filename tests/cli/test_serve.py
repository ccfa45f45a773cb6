"""``sonoloop serve`` from the command line."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from sonoloop.cli.main import main


def test_missing_extra_is_a_sentence_with_the_line_that_helps(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gradio is optional."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SystemExit) as stop:
        main(["serve"])
    assert stop.value.code == 2
    assert capsys.readouterr().err == (
        "sonoloop: the page needs Gradio, which is not installed: pip install 'sonoloop[web]'\n"
    )


def test_senseless_limit_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """Before a port is taken."""
    with pytest.raises(SystemExit) as stop:
        main(["serve", "--max-queue", "0"])
    assert stop.value.code == 2
    assert "max-queue must be above 0, got 0" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_server_starts_answers_and_ends_in_order(
    model_folder: Path, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    """It says its address when it is ready, and leaves no temporary files and no traceback."""
    words = ["serve", "--port", "0", "--model", str(model_folder), "--out", str(tmp_path / "out")]
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "sonoloop", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    with process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[3]
        while True:
            try:
                page = httpx.get(address, trust_env=False, timeout=60)
                break
            except httpx.ConnectError:
                time.sleep(0.05)
        assert page.status_code == 200
        assert "gradio" in page.text
        process.send_signal(number)
        _, complaint = process.communicate(timeout=60)
    assert process.returncode == status
    assert "Traceback" not in complaint
    assert not list(temporary.glob("sonoloop-*"))
    assert not (tmp_path / "out" / ".in-use").exists()
