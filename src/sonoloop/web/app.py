"""The page: Gradio components that hand what is asked to the service and show what it answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import gradio as gr

from sonoloop.errors import SonoloopError
from sonoloop.report.markup import element
from sonoloop.synthesis.batch_options import BatchOptions
from sonoloop.web.answers import ModelAnswer, job_answer, model_answer
from sonoloop.web.assets import read_asset
from sonoloop.web.example_stills import ExampleStill
from sonoloop.web.job import ENDED
from sonoloop.web.loop_view import error_view, loops_view, status_view
from sonoloop.web.rest import ROOT
from sonoloop.web.service import SynthesisService, UnknownJobError
from sonoloop.web.settings import read_settings
from sonoloop.web.study_view import StudyFolder
from sonoloop.web.uploads import Upload

TITLE: Final = "sonoloop"
SECONDS_BETWEEN_LOOKS: Final = 0.1
SECONDS_BETWEEN_CLEANINGS: Final = 600
SECONDS_UPLOADS_ARE_KEPT: Final = 3600
"""Gradio's own copies of what was dropped, so that a still can be moved again."""
SETTINGS: Final = (
    "samples",
    "seed",
    "steps",
    "frames",
    "motion",
    "guidance_scale",
    "label",
    "loop",
)
"""Order of the inputs after the files."""


def page_head() -> str:
    """Return what the page's head gets: the one script."""
    return f"<script>{read_asset('player.js')}</script>"


class Session:
    """Which job belongs to which open page.

    Args:
        service: Does the work.
    """

    def __init__(self, service: SynthesisService) -> None:
        """Start without pages."""
        self.service = service
        self.jobs: dict[str, str] = {}

    def cancel(self, request: gr.Request) -> None:
        """Take back the job of a page: its button was pressed, or it was closed."""
        job_id = self.jobs.pop(request.session_hash or "", None)
        if job_id is not None and self.service.job(job_id).state not in ENDED:
            self.service.cancel(job_id)

    async def animate(
        self, request: gr.Request, paths: Sequence[str] | None, *values: object
    ) -> AsyncIterator[tuple[str, str]]:
        """Submit a page's stills and tell how it goes until it is over.

        Args:
            request: Of the page.
            paths: Where Gradio put the stills.
            values: Settings in the order of ``SETTINGS``.

        Yields:
            Status and loops, as HTML.
        """
        page = request.session_hash or ""
        try:
            options = read_settings(dict(zip(SETTINGS, values, strict=True))).options()
            job_id = await asyncio.to_thread(self._submit, paths or (), options)
        except SonoloopError as error:
            yield error_view(str(error)), ""
            return
        except FileNotFoundError:
            yield error_view("the still is no longer on the server: choose it again"), ""
            return
        self.jobs[page] = job_id
        try:
            while True:
                answer = job_answer(self.service, job_id, root=ROOT)
                loops = loops_view(answer) if answer.state == "done" else ""
                yield status_view(answer), loops
                if answer.state in ENDED:
                    return
                await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        finally:
            self.jobs.pop(page, None)
            with contextlib.suppress(UnknownJobError):
                if self.service.job(job_id).state not in ENDED:  # the page went away
                    self.service.cancel(job_id)

    def _submit(self, paths: Sequence[str], options: BatchOptions) -> str:
        with contextlib.ExitStack() as stack:
            uploads = [
                Upload(Path(path).name, stack.enter_context(Path(path).open("rb")))
                for path in paths
            ]
            return self.service.submit(uploads, options)


def build_page(
    service: SynthesisService, examples: Sequence[ExampleStill], study: StudyFolder | None
) -> gr.Blocks:
    """Compose the page.

    Args:
        service: Does the work.
        examples: Stills of the gallery.
        study: Whose report has a tab; None for no such tab.
    """
    model = model_answer(service)
    session = Session(service)
    blocks: gr.Blocks = gr.Blocks(
        title=TITLE,
        analytics_enabled=False,
        delete_cache=(SECONDS_BETWEEN_CLEANINGS, SECONDS_UPLOADS_ARE_KEPT),
    )
    with blocks:
        gr.HTML(_introduction(model))
        if study is None:
            _animate_part(session, model, examples)
        else:
            with gr.Tab("Animate"):
                _animate_part(session, model, examples)
            with gr.Tab("Study"):
                gr.Markdown(study.text, elem_classes="sl-study")  # read anew for every visit
                gr.HTML(study.links)
        blocks.unload(session.cancel)
    return blocks


def _introduction(model: ModelAnswer) -> str:
    text = (
        f"Turns a still ultrasound image into a cine loop. The model '{model.name}' was trained "
        f"on {model.trained_on}: anything else will move as if it were that. Nothing leaves "
        "this server."
    )
    return element("h1", TITLE) + element("p", text)


def _animate_part(session: Session, model: ModelAnswer, examples: Sequence[ExampleStill]) -> None:
    with gr.Row():
        with gr.Column(min_width=240):
            files = gr.File(label="Stills: png, jpg, tif, webp, DICOM; of videos the first frame",
                            file_count="multiple", height=150, elem_id="sl-files")  # fmt: skip
            gr.HTML(_limits(model))
            gallery = gr.Gallery(
                [(str(example.preview), example.caption) for example in examples],
                label="Examples: choose one",
                columns=len(examples),
                object_fit="contain",
                height=190,
                allow_preview=False,
                interactive=False,
                buttons=[],
                elem_id="sl-examples",
            )
        with gr.Column(min_width=240):
            inputs = _settings(model)
    with gr.Row():
        start = gr.Button("Make loops", variant="primary", elem_id="sl-start")
        cancel = gr.Button("Cancel", elem_id="sl-cancel")
    status = gr.HTML(elem_id="sl-answer")
    loops = gr.HTML(elem_id="sl-result")

    def choose(event: gr.SelectData) -> list[str]:
        return [str(examples[int(event.index)].path)]

    gallery.select(choose, None, files, show_progress="hidden", api_visibility="private")
    start.click(
        session.animate,
        [files, *inputs],
        [status, loops],
        concurrency_limit=None,
        show_progress="hidden",
        trigger_mode="once",
        api_visibility="private",
    )
    cancel.click(session.cancel, queue=False, show_progress="hidden", api_visibility="private")


def _limits(model: ModelAnswer) -> str:
    hint = f"At most {model.max_files} files, {model.max_upload_mb} MB together."
    return element("p", hint, class_="sl-hint") + element(
        "p",
        id="sl-limits",
        class_="sl-error",
        role="alert",
        hidden=True,
        data_max_files=model.max_files,
        data_max_mb=model.max_upload_mb,
    )


def _settings(model: ModelAnswer) -> list[gr.components.Component]:
    """Lay out the settings, in the order of ``SETTINGS``; hidden where the model knows none."""
    samples = gr.Slider(1, 8, 2, step=1, label="Loops per still")
    with gr.Row():
        seed = gr.Textbox("0", label="Seed", max_lines=1, min_width=120)
        frames = _optional("Frames", str(model.num_frames))
    with gr.Row():
        motion = _optional("Motion, 0 to 1", "any", visible=model.motion)
        has_control = model.motion or bool(model.labels)
        guidance = _optional("Guidance", "1", visible=has_control)
        steps = _optional("Sampler steps", str(model.steps))
    label = gr.Dropdown(
        [("any", ""), *((name, name) for name in model.labels)],
        value="",
        label="Label",
        visible=bool(model.labels),
    )
    loop = gr.Checkbox(False, label="End meets start, for playing in a circle")  # noqa: FBT003
    return [samples, seed, steps, frames, motion, guidance, label, loop]


def _optional(label: str, default: str, *, visible: bool = True) -> gr.Textbox:
    """Ask for a number that need not be given: Gradio's own field for numbers is never empty."""
    return gr.Textbox(label=label, placeholder=default, max_lines=1, visible=visible, min_width=120)
