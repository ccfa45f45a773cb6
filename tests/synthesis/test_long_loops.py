"""Windows of one still become clips of any length, and loops that close."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sonoloop.layers.warp import warp_still
from sonoloop.synthesis.long_loops import (
    Window,
    blend_weights,
    long_loop,
    motion_shares,
    window_starts,
)

SIZE, WINDOW = 24, 16


def speckle() -> Tensor:
    """Make a smooth still (1, 1, h, w)."""
    noise = torch.randn(1, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.avg_pool2d(noise, 3, 1, 1)


class Mover:
    """Draws windows that move the still sideways, each at a speed of its own, and brighten it."""

    def __init__(self, still: Tensor, speeds: list[float]) -> None:
        """Remember one speed per window, in pixels a frame."""
        self.still = still
        self.speeds = speeds
        self.drawn = 0
        self.starts: list[int] = []

    def __call__(self, start: int, shares: Tensor | None = None) -> Window:
        """Draw the next window."""
        self.starts.append(start)
        frame = torch.arange(WINDOW, dtype=torch.float32)
        flow = torch.zeros(1, 2, WINDOW, SIZE, SIZE)
        frame = frame if shares is None else frame * shares
        flow[:, 0] = (self.speeds[self.drawn] * frame)[:, None, None]
        self.drawn += 1
        return warp_still(self.still, flow) + 0.01 * frame[:, None, None], flow


def changes(clip: Tensor) -> Tensor:
    """Mean change from each frame to the next; the last number is from the last to the first."""
    return (clip.roll(-1, 2) - clip).abs().mean(dim=(0, 1, 3, 4))


@given(num_frames=st.integers(2, 200), window=st.integers(8, 24))
def test_every_frame_is_shared_out(num_frames: int, window: int) -> None:
    """Property: weights sum to 1 and none is negative; a loop's motion falls at its end.

    A window that begins later adds nothing at its first frame, where it shows the still.
    """
    starts = window_starts(num_frames, window)
    weights = blend_weights(starts, num_frames, window)
    assert starts[-1] + window >= num_frames
    assert len(starts) == 1 or starts[-2] + window < num_frames
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(dim=0), torch.ones(num_frames))
    assert all(weights[k, start] == 0 for k, start in enumerate(starts) if k)
    shares = motion_shares(num_frames, window)
    closing = min(window // 3, num_frames // 2)
    assert (shares[: num_frames - closing] == 1).all()
    assert (shares[-closing:].diff() < 0).all()
    assert shares[-1].item() == pytest.approx(1 / closing)


def test_one_window_is_passed_on_as_it_is() -> None:
    """As many frames as asked for, bit by bit."""
    draw = Mover(speckle(), [0.3])
    expected, expected_flow = Mover(speckle(), [0.3])(0)
    options = {"window_frames": WINDOW, "loop": False}
    clip, flow = long_loop(draw, speckle(), num_frames=10, **options)  # type: ignore[arg-type]
    assert torch.equal(clip, expected[:, :, :10])
    assert flow is not None
    assert expected_flow is not None
    assert torch.equal(flow, expected_flow[:, :, :10])


def test_flows_are_blended_and_the_still_is_moved_once() -> None:
    """Frame 8 of windows that begin at 0 and 5: weights 8/11 and 3/11 of 1.6 and -0.6 pixels.

    (16 - 8) / 11 for the first, (8 - 5) / 11 for the second; they sum to 1.
    """
    still = speckle()
    draw = Mover(still, [0.2, -0.2])
    clip, flow = long_loop(draw, still, window_frames=WINDOW, num_frames=21, loop=False)
    assert draw.starts == [0, 5]
    assert flow is not None
    assert flow[0, 0, 8].mean().item() == pytest.approx(8 / 11 * 1.6 - 3 / 11 * 0.6, abs=1e-5)
    brighter = 8 / 11 * 0.08 + 3 / 11 * 0.03
    torch.testing.assert_close(clip, warp_still(still, flow) + (clip - warp_still(still, flow)))
    torch.testing.assert_close(clip[:, :, 8], warp_still(still, flow)[:, :, 8] + brighter)


@pytest.mark.parametrize("num_frames", [8, 16, 40])
def test_the_end_of_a_loop_meets_its_start(num_frames: int) -> None:
    """The jump from last to first frame is about a step of the way back, not all of it at once.

    Windows that only move away are the hardest case: the last step is 1/5 of the way.
    """
    still = speckle()
    speeds = [0.2, -0.1, 0.15, 0.1, -0.2, 0.2]
    plain, closed = (
        long_loop(
            Mover(still, speeds), still, window_frames=WINDOW, num_frames=num_frames, loop=loop
        )[0]
        for loop in (False, True)
    )
    assert changes(plain)[-1] > 2 * changes(plain)[:-1].max()
    assert changes(closed)[-1] < 0.5 * changes(plain)[-1]
    assert changes(closed)[-1] < 1.5 * changes(closed)[-5:-1].max()
    torch.testing.assert_close(closed[:, :, : num_frames - 5], plain[:, :, : num_frames - 5])
    torch.testing.assert_close(closed[:, :, 0], still)


def test_nothing_drifts() -> None:
    """After 160 frames of windows that all move alike, the still is as far as within a window."""
    still = speckle()
    draw = Mover(still, [0.2] * 40)
    _, flow = long_loop(draw, still, window_frames=WINDOW, num_frames=160, loop=False)
    assert flow is not None
    assert flow[:, 0].max() <= 0.2 * WINDOW
    assert draw.drawn == 30


def test_a_decoder_without_flow_cross_fades() -> None:
    """Its corrections are blended; there is no flow to give back."""
    still = torch.zeros(1, 1, 4, 4)
    levels = iter([1.0, 0.0])

    def draw(_: int, __: Tensor | None) -> Window:
        return torch.full((1, 1, WINDOW, 4, 4), next(levels)), None

    clip, flow = long_loop(draw, still, window_frames=WINDOW, num_frames=21, loop=False)
    assert flow is None
    assert clip[0, 0, 5, 0, 0] == 1
    assert clip[0, 0, 8, 0, 0].item() == pytest.approx(8 / 11)
    assert clip[0, 0, 16:, 0, 0].abs().max() == 0
