"""The page as Gradio has it, without a browser."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.web.app import build_page
from sonoloop.web.example_stills import ExampleStill, write_examples
from sonoloop.web.limits import Limits
from sonoloop.web.server import gradio_settings
from sonoloop.web.service import SynthesisService
from sonoloop.web.study_view import StudyFolder


async def build(
    service: SynthesisService, examples: Sequence[ExampleStill], study: StudyFolder | None
) -> gr.Blocks:
    """Build it where an event loop runs, as the server does."""
    return build_page(service, examples, study)


def labels(blocks: gr.Blocks) -> dict[str, bool]:
    """Name the components that have a label, and whether they are shown."""
    return {
        block.label: bool(block.visible)
        for block in blocks.blocks.values()
        if isinstance(getattr(block, "label", None), str)
    }


def test_page_shows_what_the_model_knows_and_tells_nobody(
    model: ImageToVideo, tmp_path: Path
) -> None:
    """The tiny model knows neither motion nor labels; analytics are off; no study, no tab."""
    with (
        gradio_settings(tmp_path / "uploads"),
        SynthesisService(model, tmp_path / "jobs", Limits()) as service,
    ):
        examples = write_examples(tmp_path / "examples")
        page = asyncio.run(build(service, examples, None))
        shown = labels(page)
        assert (shown["Frames"], shown["Motion, 0 to 1"], shown["Label"]) == (True, False, False)
        assert not page.analytics_enabled
        assert "Study" not in shown
        (tmp_path / "study.md").write_text("# Findings\n")
        with_study = asyncio.run(build(service, examples, StudyFolder(tmp_path)))
        assert "Study" in labels(with_study)
