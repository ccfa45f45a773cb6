"""``sonoloop provenance`` passes its options on; the recipe's tests do the rest."""

from pathlib import Path

import pytest
from PIL import Image

from sonoloop.cli.main import main


def run(*words: str) -> int:
    """Run a command and return its exit status."""
    with pytest.raises(SystemExit) as exit_info:
        main(list(words))
    return int(exit_info.value.code or 0)


def test_a_foreign_file_is_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In words and as JSON; a missing one is wrong usage."""
    Image.new("L", (8, 8)).save(tmp_path / "foreign.png")
    assert run("provenance", str(tmp_path)) == 1
    assert "was not made by sonoloop" in capsys.readouterr().out
    assert run("provenance", str(tmp_path / "foreign.png"), "--json") == 1
    assert '"sonoloop": null' in capsys.readouterr().out
    assert run("provenance", str(tmp_path / "missing.mp4")) == 2
    assert "there is no file or folder" in capsys.readouterr().err
