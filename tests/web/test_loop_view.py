"""What the page shows of a job, in each of its states."""

import pytest

from sonoloop.web.answers import JobAnswer, LoopAnswer
from sonoloop.web.job import JobState
from sonoloop.web.loop_view import error_view, loops_view, status_view


def answer(state: JobState, *, still: str = "a.png", unlike: bool = False) -> JobAnswer:
    """Describe a job of one loop."""
    loop = LoopAnswer(
        still=still,
        sample=0,
        seed=0,
        num_frames=16,
        frame_rate_hz=25 / 3,
        height=10,
        width=20,
        unlike_training=unlike,
        files={"mp4": "/x/a.mp4", "dicom": "/x/a.dcm"},
    )
    return JobAnswer(
        id="1",
        state=state,
        ahead=2,
        loops_done=3,
        loops=8,
        error="it broke" if state == "failed" else None,
        remarks=["look at it"],
        results=[loop] if state == "done" else [],
        manifest={"csv": "/x/manifest.csv"},
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("queued", "Waiting: 2 requests before yours."),
        ("running", "Making loops: 3 of 8 done."),
        ("done", "1 loop made."),
        ("cancelled", "Cancelled: nothing was kept."),
        ("failed", "it broke"),
    ],
)
def test_state_in_words(state: JobState, words: str) -> None:
    """Told to screen readers too."""
    view = status_view(answer(state))
    assert words in view
    assert ('role="alert"' if state == "failed" else 'role="status"') in view
    assert ("sl-working" in view) == (state in {"queued", "running"})


def test_loops_have_controls_downloads_and_the_notice() -> None:
    """Synthetic is said in words, besides the mark in the frames."""
    view = loops_view(answer("done", unlike=True))
    for part in ("/x/a.mp4", "/x/a.dcm", "DICOM", "manifest (csv)", "Pause", "look at it",
                 "Synthetic: made by a model", "unlike the training data"):  # fmt: skip
        assert part in view


def test_names_are_escaped() -> None:
    """They come from strangers."""
    assert "<script>" not in loops_view(answer("done", still="<script>x</script>.png"))
    assert "<b>" not in error_view("<b>")
