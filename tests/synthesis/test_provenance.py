"""Where a clip came from."""

from pathlib import Path

import pytest
from PIL import Image

from sonoloop.errors import UnreadableFileError
from sonoloop.synthesis.provenance import Provenance, read_provenance

PROVENANCE = Provenance("ä still.png", "ab" * 32, 3, 7, "default", "cd" * 32, "euler", 10)


def test_json_and_back() -> None:
    """Nothing is lost, in plain ASCII; the clip says that it is synthetic."""
    text = PROVENANCE.to_json()
    assert text.isascii()
    assert '"synthetic": true' in text
    assert Provenance.from_json(text) == PROVENANCE


@pytest.mark.parametrize("text", ["", "hello", "[]", '{"sonoloop": 1}', '{"sonoloop": {"a": 1}}'])
def test_other_texts_are_refused(text: str) -> None:
    """A comment of another program."""
    with pytest.raises(ValueError, match="holds no sonoloop provenance"):
        Provenance.from_json(text)


def test_files_from_elsewhere_are_refused(tmp_path: Path) -> None:
    """A foreign png, a foreign gif, no media at all."""
    for name in ("foreign.png", "foreign.gif"):
        Image.new("L", (8, 8)).save(tmp_path / name)
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    (tmp_path / "text.png").write_text("no image")
    for path in tmp_path.iterdir():
        with pytest.raises(UnreadableFileError, match="was not made by sonoloop"):
            read_provenance(path)
