"""The gallery's stills can be moved and seen."""

from pathlib import Path

from PIL import Image

from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.web.example_stills import write_examples


def test_examples_can_be_opened(tmp_path: Path, model: ImageToVideo) -> None:
    """A real scan first, then a phantom of each kind."""
    examples = write_examples(tmp_path / "examples")
    assert [example.caption for example in examples] == [
        "real scan",
        "phantom, cyst",
        "phantom, solid",
    ]
    for example in examples:
        assert model.open(example.path).height >= 64
        with Image.open(example.preview) as preview:
            assert preview.mode == "L"
