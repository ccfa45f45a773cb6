"""Files become parts of the page, or a reason why not."""

import base64
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from sonoloop.errors import UsageError
from sonoloop.report.media import read_media


def test_a_loop_is_embedded_whole(evaluation_path: Path) -> None:
    """The address holds the file's bytes; the size is the video's."""
    media = read_media(evaluation_path, "loops/still0-0.mp4")
    head, _, content = media.uri.partition(",")
    assert head == "data:video/mp4;base64"
    assert base64.b64decode(content) == (evaluation_path / "loops" / "still0-0.mp4").read_bytes()
    assert (media.width, media.height) == (96, 96)
    assert media.is_video
    assert media.problem is None


def test_a_gif_has_a_still_for_who_wants_no_motion(evaluation_path: Path) -> None:
    """A picture that does not move has none."""
    gif = read_media(evaluation_path, "loops/near.gif")
    assert gif.media_type == "image/gif"
    assert gif.still_uri is not None
    assert gif.still_uri.startswith("data:image/png;base64,")
    assert read_media(evaluation_path, "loops/still0.png").still_uri is None


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.mp4", None, "cannot be read"),
        ("a.mp4", b"no video", "damaged or holds no video"),
        ("a.gif", b"GIF89a", "damaged or no picture"),
        ("a.txt", b"x", "none of .mp4, .gif, .png"),
    ],
)
def test_what_cannot_be_shown_says_why(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    """One broken file does not cost the page."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    media = read_media(tmp_path, name)
    assert media.problem is not None
    assert reason in media.problem
    assert not media.uri


def test_a_loop_that_browsers_may_refuse_is_told(tmp_path: Path) -> None:
    """Shown all the same, with the reason."""
    with av.open(tmp_path / "a.mp4", "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.height, stream.width, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32), np.uint8), format="gray")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    media = read_media(tmp_path, "a.mp4")
    assert media.uri
    assert media.problem is not None
    assert "mpeg4 yuv420p; browsers are sure to play h264 yuv420p only" in media.problem


@pytest.mark.parametrize("link", [False, True])
def test_files_outside_the_folder_are_refused(tmp_path: Path, *, link: bool) -> None:
    """A record from elsewhere must not pull private pictures into a page that is passed on."""
    Image.new("L", (4, 4)).save(tmp_path / "private.png")
    folder = tmp_path / "evaluation"
    folder.mkdir()
    name = "../private.png"
    if link:
        name = "harmless.png"
        (folder / name).symlink_to(tmp_path / "private.png")
    with pytest.raises(UsageError, match="lies outside of it"):
        read_media(folder, name)
