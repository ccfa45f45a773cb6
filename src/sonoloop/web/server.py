"""``sonoloop serve``: one process that holds the model, the service and the page."""

import asyncio
import logging
import os
import socket
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from rich.console import Console
from starlette.exceptions import HTTPException

from sonoloop.errors import SonoloopError
from sonoloop.folder_claim import claimed
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.web import reader_rest, rest, study_view
from sonoloop.web.address import Address, listening
from sonoloop.web.assets import read_asset
from sonoloop.web.guard import Guard
from sonoloop.web.limits import Limits
from sonoloop.web.reader_clips import find_study_clips
from sonoloop.web.reader_study import ReaderStudy
from sonoloop.web.service import SynthesisService
from sonoloop.web.study_view import StudyFolder

GRADIO_SETTINGS: Final = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(10**9),  # requests until it sums them up, with pandas
    "GRADIO_RUN_HISTORY": "False",
    "GRADIO_SSR_MODE": "False",
    "HF_HUB_OFFLINE": "1",
}
"""Nothing is told to anyone, nothing is asked of anyone."""


def serve(
    address: Address,
    *,
    model: str,
    out: Path | None,
    limits: Limits,
    study: Path | None = None,
    console: Console | None = None,
) -> None:
    """Serve page and REST until interrupted.

    Args:
        address: Where to listen.
        model: Name of a bundled model, or a model folder.
        out: Where loops stay; None takes a temporary folder that goes with the server.
        limits: What is accepted.
        study: Folder whose report has a tab.
        console: Where to say the address; None takes the terminal.

    Raises:
        UsageError: If the port is taken, or there is no such model or study.
    """
    console = console or Console()
    with ExitStack() as stack:
        listener = stack.enter_context(listening(address))
        loaded = ImageToVideo.from_pretrained(model)
        shown = StudyFolder(study) if study is not None else None
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sonoloop-")))
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            stack.enter_context(claimed(out))
        folder = out or temporary / "jobs"
        service = stack.enter_context(
            SynthesisService(loaded, folder, limits, keep_files=out is not None)
        )
        stack.enter_context(gradio_settings(temporary / "uploads"))
        app = page_app(service, temporary / "examples", shown)
        run(app, listener, address, limits, console)


def serve_reader_study(
    address: Address, folder: Path, *, out: Path | None, seed: int, console: Console | None = None
) -> None:
    """Serve a reader study until interrupted.

    Args:
        address: Where to listen.
        folder: Holds the folders ``real`` and ``synthetic``.
        out: Where answers are kept; None takes ``answers`` below the folder.
        seed: Of the orders in which readers see the clips.
        console: Where to say the address; None takes the terminal.

    Raises:
        UsageError: If the port is taken, or the clips cannot be used.
    """
    console = console or Console()
    answers = out or folder / "answers"
    with ExitStack() as stack:
        listener = stack.enter_context(listening(address))
        clips = find_study_clips(folder)
        answers.mkdir(parents=True, exist_ok=True)
        stack.enter_context(claimed(answers))
        study = ReaderStudy(clips, answers, seed)
        app = plain_app()
        app.include_router(reader_rest.routes(study))
        num_real = sum(clip.truth == "real" for clip in clips.clips)
        num_synthetic = len(clips.clips) - num_real
        told = (
            f"{num_real} real and {num_synthetic} synthetic clips, {clips.num_frames} frames of "
            f"each at {clips.frame_rate_hz:.3g} Hz; answers go to {answers}"
        )
        for line in (told, *clips.notes):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        run(app, listener, address, Limits(), console)


@contextmanager
def gradio_settings(uploads: Path) -> Iterator[None]:
    """Keep Gradio quiet and its copies of uploads in one place, and restore the environment.

    Args:
        uploads: Folder for what browsers send.
    """
    uploads.mkdir(parents=True, exist_ok=True)
    wanted = {**GRADIO_SETTINGS, "GRADIO_TEMP_DIR": str(uploads)}
    former = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def page_app(service: SynthesisService, examples: Path, study: StudyFolder | None) -> FastAPI:
    """Compose page and REST.

    Args:
        service: Does the work.
        examples: Folder for the stills of the gallery.
        study: Whose report has a tab.
    """
    # Outside of a running event loop Gradio makes loops that nobody closes.
    with ThreadPoolExecutor(max_workers=1) as outside:
        return outside.submit(asyncio.run, _composed(service, examples, study)).result()


async def _composed(
    service: SynthesisService, examples: Path, study: StudyFolder | None
) -> FastAPI:
    import gradio as gr  # noqa: PLC0415 - reads its environment when it is imported

    from sonoloop.web.app import build_page, page_head  # noqa: PLC0415
    from sonoloop.web.example_stills import write_examples  # noqa: PLC0415

    app = plain_app()
    app.include_router(rest.routes(service))
    stills = write_examples(examples)
    if study is not None:

        @app.get(f"{study_view.ROOT}/{{name}}")
        def study_file(name: str) -> FileResponse:
            path = study.file(name)
            if path is None:
                raise HTTPException(404, f"there is no page or plot {name!r}")
            return FileResponse(path, media_type=study_view.MEDIA_TYPES[path.suffix])

    mounted: FastAPI = gr.mount_gradio_app(
        app,
        build_page(service, stills, study),
        path="/",
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        pwa=False,
        enable_monitoring=False,
        show_error=False,
        max_file_size=service.limits.max_upload_bytes,
        allowed_paths=[str(still.preview.parent) for still in stills],
        theme=gr.themes.Default(
            primary_hue="blue", font=["system-ui", "sans-serif"], font_mono=["monospace"]
        ),
        css=read_asset("page.css"),
        head=page_head(),
    )
    return mounted


def plain_app() -> FastAPI:
    """Make an application without documentation pages, which load from elsewhere."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(SonoloopError, rest.refusal)
    app.add_exception_handler(HTTPException, rest.http_refusal)
    app.add_exception_handler(RequestValidationError, rest.field_refusal)
    return app


def run(
    app: FastAPI, listener: socket.socket, address: Address, limits: Limits, console: Console
) -> None:
    """Answer requests until interrupted.

    Args:
        app: Page and REST.
        listener: Bound socket.
        address: What was asked for.
        limits: What is accepted.
        console: Where to say the address.
    """
    server = make_server(app, address, limits)
    port = listener.getsockname()[1]
    host = f"[{address.host}]" if ":" in address.host else address.host
    lines = [f"sonoloop is at http://{host}:{port} (Ctrl-C ends it)"]
    if not address.is_local:
        lines.append("anyone who reaches this machine can use it: there is no password")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    server.run(sockets=[listener])


def make_server(app: FastAPI, address: Address, limits: Limits) -> uvicorn.Server:
    """Configure the web server: no access log, since addresses hold names of files.

    Args:
        app: Page and REST.
        address: What was asked for.
        limits: What is accepted.
    """
    guard = Guard(app, max_upload_bytes=limits.max_upload_bytes, only_local=address.is_local)
    config = uvicorn.Config(
        guard,
        log_level=logging.CRITICAL,  # what fails is told by Guard
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)
