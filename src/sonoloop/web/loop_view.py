"""What the page shows of a job: its progress in words, and its loops with one set of controls."""

from typing import Final

from sonoloop.report.markup import Markup, element, join
from sonoloop.report.words import counted
from sonoloop.web.answers import JobAnswer, LoopAnswer

SPEEDS: Final = ("0.25", "0.5", "1", "2")
NAMES: Final = {"mp4": "mp4", "gif": "gif", "dicom": "DICOM", "npy": "npy"}
NOTICE: Final = (
    "Synthetic: made by a model. They show plausible motion, not the patient's, and are for "
    "research, not for diagnosis."
)


def status_view(answer: JobAnswer) -> Markup:
    """Say how a job stands.

    Args:
        answer: Of the service.
    """
    if answer.state == "failed":
        return error_view(answer.error or "it failed")
    if answer.state == "cancelled":
        return element("p", "Cancelled: nothing was kept.", class_="sl-status", role="status")
    if answer.state == "done":
        text = f"{counted(len(answer.results), 'loop')} made."
        return element("p", text, class_="sl-status", role="status")
    if answer.state == "queued":
        text = f"Waiting: {counted(answer.ahead, 'request')} before yours."
    else:
        text = f"Making loops: {answer.loops_done} of {answer.loops} done."
    bar = element("progress", max=answer.loops, value=answer.loops_done or None, aria_label="Loops")
    return element(
        "div",
        element("p", text, role="status"),
        bar,
        class_="sl-status sl-working",
        data_job=answer.id,
    )


def error_view(sentence: str) -> Markup:
    """Show what went wrong where it cannot be missed."""
    return element("p", sentence, class_="sl-error", role="alert")


def loops_view(answer: JobAnswer) -> Markup:
    """Show the loops of a finished job side by side.

    Args:
        answer: Of the service; its state is done.
    """
    results = answer.results
    rate_hz, num_frames = results[0].frame_rate_hz, results[0].num_frames
    remarks = [element("li", remark) for remark in answer.remarks]
    links = [
        element("a", f"manifest ({kind})", href=address, download=True)
        for kind, address in answer.manifest.items()
    ]
    return element(
        "section",
        element("ul", *remarks, class_="sl-remarks") if remarks else None,
        _controls(num_frames),
        element("div", *[_loop(result) for result in results], class_="sl-loops"),
        element("p", *links, class_="sl-links"),
        element("p", NOTICE, class_="sl-notice"),
        class_="sl-player",
        tabindex=0,
        aria_label="Loops. Space plays and pauses, arrow keys step, d shows the difference.",
        data_rate=rate_hz,
        data_frames=num_frames,
    )


def _controls(num_frames: int) -> Markup:
    speeds = [
        element("option", f"{speed} x", value=speed, selected=speed == "1") for speed in SPEEDS
    ]
    return element(
        "div",
        element("button", "Pause", type="button", data_do="play"),
        element("button", "< Step", type="button", data_do="back", aria_label="One frame back"),
        element("button", "Step >", type="button", data_do="next", aria_label="One frame on"),
        element("label", "Speed ", element("select", *speeds, data_do="speed")),
        element(
            "label",
            element("input", type="checkbox", data_do="difference"),
            " Difference to the still",
        ),
        element("output", f"frame 1 of {num_frames}", class_="sl-frame"),
        class_="sl-controls",
        role="group",
        aria_label="Playback of all loops",
    )


def _loop(result: LoopAnswer) -> Markup:
    name = f"{result.still}, loop {result.sample + 1}"
    warning = " unlike the training data" if result.unlike_training else None
    links = [
        element(
            "a", NAMES[kind], href=address, download=True, aria_label=f"{NAMES[kind]} of {name}"
        )
        for kind, address in result.files.items()
    ]
    video = element(
        "video",
        src=result.files["mp4"],
        muted=True,
        playsinline=True,
        preload="auto",
        width=result.width,
        height=result.height,
        aria_label=f"Synthetic loop: {name}",
    )
    return element(
        "figure",
        element("div", video, element("canvas", hidden=True), class_="sl-picture"),
        element(
            "figcaption",
            element("span", name, class_="sl-name"),
            element("span", warning, class_="sl-unlike") if warning else None,
            element("span", join(links), class_="sl-links"),
        ),
    )
