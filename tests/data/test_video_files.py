"""Videos give grey frames at their true times; damaged ones give what is left, or a sentence."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from sonoloop.data.recording import SYNTHETIC_WARNING
from sonoloop.data.video_files import read_video, read_video_bytes
from sonoloop.errors import UnreadableFileError
from sonoloop.synthesis.export import write_mp4

NUM_FRAMES = 12
PIXEL_FORMATS = {"mjpeg": "yuvj420p", "gif": "gray", "ffv1": "yuv444p"}
LEVELS = 20 * np.arange(NUM_FRAMES)


def _frames(height: int = 48, width: int = 64) -> npt.NDArray[np.uint8]:
    """Frame k is brighter by 20 than frame k - 1, left half black."""
    frames = np.zeros((NUM_FRAMES, height, width), dtype=np.uint8)
    frames[:, :, width // 2 :] = LEVELS[:, None, None]
    return frames


def _write(
    path: Path,
    frames: npt.NDArray[np.uint8],
    *,
    codec: str = "libx264",
    times: list[int] | None = None,
    index_first: bool = False,
) -> Path:
    """Encode at times in units of 1/50 s, every second one by default: 25 Hz."""
    options = {"movflags": "faststart"} if index_first else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=50)
        stream.height, stream.width = frames.shape[1:]
        stream.pix_fmt = PIXEL_FORMATS.get(codec, "yuv420p")
        stream.codec_context.time_base = Fraction(1, 50)
        for frame_index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="gray")
            frame.pts = times[frame_index] if times else 2 * frame_index
            frame.time_base = Fraction(1, 50)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.mov", "mpeg4"),
        ("a.avi", "mjpeg"),
        ("a.mkv", "ffv1"),
        ("a.webm", "libvpx-vp9"),
    ],
)
def test_every_container_gives_grey_frames_and_times(tmp_path: Path, name: str, codec: str) -> None:
    """Full grey range is restored from limited-range luma, in order, at 25 Hz."""
    recording = read_video(_write(tmp_path / name, _frames(), codec=codec))
    assert recording.frames.shape == (NUM_FRAMES, 48, 64)
    centres = recording.frames[:, 24, 48].astype(int)
    np.testing.assert_allclose(centres, LEVELS, atol=6)
    assert recording.frames[:, :, :24].max() <= 8
    np.testing.assert_allclose(recording.times_s, np.arange(NUM_FRAMES) / 25, atol=2e-3)
    assert recording.warnings == ()


def test_variable_frame_times_are_kept(tmp_path: Path) -> None:
    """Times come from the file, not from a mean rate."""
    times = [0, 1, 2, 10, 11, 12, 30, 31, 32, 40, 41, 49]
    recording = read_video(_write(tmp_path / "a.mp4", _frames(), times=times))
    np.testing.assert_allclose(recording.times_s, np.asarray(times) / 50, atol=1e-3)


def test_gif_delays_are_kept(tmp_path: Path) -> None:
    """Each frame's own delay, in steps of 10 ms (GIF89a, 23.c.iv)."""
    delays_ms = [100, 250, 40, 1000, 70]
    images = [Image.new("L", (32, 24), 50 * k) for k in range(5)]
    path = tmp_path / "a.gif"
    images[0].save(path, save_all=True, append_images=images[1:], duration=delays_ms)
    recording = read_video(path)
    expected = np.cumsum([0, *delays_ms[:-1]]) / 1000
    np.testing.assert_allclose(recording.times_s, expected, atol=1e-6)
    np.testing.assert_allclose(recording.frames[:, 5, 5], 50 * np.arange(5), atol=1)


def test_video_of_one_frame_is_a_still(tmp_path: Path) -> None:
    """The caller decides what to do with it."""
    recording = read_video(_write(tmp_path / "a.mp4", _frames()[5:6]))
    assert recording.is_still
    assert recording.frame_rate_hz is None


def test_phone_rotation_is_applied(tmp_path: Path) -> None:
    """The track's matrix says "turn by 90 degrees clockwise" (ISO 14496-12, 8.3.2)."""
    path = _write(tmp_path / "a.mp4", _frames())
    content = bytearray(path.read_bytes())
    one, zero, minus_one = (value.to_bytes(4, signed=True) for value in (65536, 0, -65536))
    last = (1 << 30).to_bytes(4)
    unit = one + zero + zero + zero + one + zero + zero + zero + last
    turned = zero + one + zero + minus_one + zero + zero + zero + zero + last
    place = content.index(unit, content.index(b"tkhd"))
    content[place : place + len(unit)] = turned
    path.write_bytes(content)
    recording = read_video(path)
    assert recording.frames.shape == (NUM_FRAMES, 64, 48)
    assert recording.frames[-1, :28].max() <= 8  # the black left half is on top
    assert recording.frames[-1, 40:].min() >= 200


def test_max_frames_stops_early_without_a_warning(tmp_path: Path) -> None:
    """The caller's own limit is no surprise to the caller."""
    recording = read_video(_write(tmp_path / "a.mp4", _frames()), max_frames=5)
    assert len(recording.frames) == 5
    assert recording.warnings == ()


def test_too_long_video_is_cut_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory stays bounded however long the file."""
    monkeypatch.setattr("sonoloop.data.pixel_limits.MAX_RECORDING_BYTES", 48 * 64 * 4)
    recording = read_video(_write(tmp_path / "a.mp4", _frames()))
    assert len(recording.frames) == 4
    assert "only the first 4 frames are read" in recording.warnings[0]


def test_video_without_its_index_is_refused(tmp_path: Path) -> None:
    """An mp4 keeps its index at the end; cut there, nothing can be decoded."""
    path = _write(tmp_path / "a.mp4", _frames())
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UnreadableFileError, match=r"a\.mp4: cannot be decoded as a video .*cut"):
        read_video(path)


def test_video_with_its_index_first_gives_what_is_left(tmp_path: Path) -> None:
    """The frames before the cut are right, and a warning counts them."""
    noise = np.random.default_rng(0).integers(0, 256, (NUM_FRAMES, 48, 64), dtype=np.uint8)
    path = _write(tmp_path / "a.mp4", noise, codec="mjpeg", index_first=True)
    whole = read_video(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    cut = read_video(path)
    num_left = len(cut.frames)
    assert 2 <= num_left < NUM_FRAMES
    np.testing.assert_array_equal(cut.frames[: num_left - 1], whole.frames[: num_left - 1])
    assert f"{num_left}" in cut.warnings[0]


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".gif", ".mkv"])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1))
def test_any_truncation_gives_frames_or_a_sentence(
    tmp_path: Path, suffix: str, share: float
) -> None:
    """No other error escapes and times always increase."""
    whole = tmp_path / f"whole{suffix}"
    if not whole.exists():
        codec = {".gif": "gif", ".avi": "mjpeg"}.get(suffix, "libx264")
        _write(whole, _frames(), codec=codec)
    content = whole.read_bytes()
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content[: int(share * len(content))])
    try:
        recording = read_video(path)
    except UnreadableFileError:
        return
    assert (np.diff(recording.times_s) > 0).all()
    assert len(recording.frames) == len(recording.times_s)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", r"the file is empty \(0 bytes\)"), (b"notes, no video\n" * 40, "cannot be decoded")],
)
def test_other_content_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Empty files and text are named as such."""
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=message):
        read_video(path)


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    """A file with no picture stream says so."""
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        silence.sample_rate = 8000
        container.mux(stream.encode(silence))
        container.mux(stream.encode())
    with pytest.raises(UnreadableFileError, match="holds no video stream"):
        read_video(path)


def test_tiny_video_is_refused(tmp_path: Path) -> None:
    """8 x 8 pixels hold no scan."""
    path = _write(tmp_path / "a.mp4", _frames(8, 8))
    with pytest.raises(UnreadableFileError, match="is 8 x 8 pixels, at least 16 x 16"):
        read_video(path)


def test_a_synthetic_clip_is_recognised(tmp_path: Path) -> None:
    """The mark in the comment of mp4 and gif becomes a warning; other comments do not."""
    marks = {"made.mp4": '{"sonoloop": {"synthetic": true}}', "other.mp4": "a comment"}
    for name, comment in marks.items():
        with av.open(str(tmp_path / name), "w") as container:
            container.metadata["comment"] = comment
            stream = container.add_stream("libx264", rate=25)
            stream.height, stream.width, stream.pix_fmt = 32, 32, "yuv420p"
            pixels = np.zeros((32, 32), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="gray")))
            container.mux(stream.encode())
    first, second = [Image.new("L", (32, 32), level) for level in (0, 9)]
    comment = marks["made.mp4"].encode()
    first.save(tmp_path / "made.gif", save_all=True, append_images=[second], comment=comment)
    told = {
        path.name: SYNTHETIC_WARNING in read_video(path).warnings for path in tmp_path.iterdir()
    }
    assert told == {"made.mp4": True, "other.mp4": False, "made.gif": True}


def test_a_list_of_other_files_is_no_video(tmp_path: Path) -> None:
    """Lists are known to ffmpeg by their content, and it would read the files they name."""
    private = tmp_path / "private.mp4"
    write_mp4(private, np.zeros((4, 32, 32), np.uint8), frame_rate_hz=25.0, provenance=None)
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile private.mp4\n")
    with av.open(str(tmp_path / "list.mp4")) as container:
        assert container.format.name == "concat"  # this is how it would be read
    with pytest.raises(UnreadableFileError, match="cannot be decoded as a video"):
        read_video(tmp_path / "list.mp4")
    with pytest.raises(UnreadableFileError, match="cannot be decoded as a video"):
        read_video_bytes(tmp_path / "list.mp4", (tmp_path / "list.mp4").read_bytes())
