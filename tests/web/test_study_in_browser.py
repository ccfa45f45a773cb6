"""The page beside a study, with a model that can be asked for a label and for motion.

Needs Chromium on the path.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.web.study_view import StudyFolder

from ..chromium import PHONE, Visit
from .conftest import Served, serve

STUDY = """# Does it help?

| arm | sensitivity | specificity | gain over (b) |
| --- | --- | --- | --- |
| b | 0.39 [0.31, 0.46] | 0.68 [0.60, 0.75] | +0.01 [-0.01, +0.03] |

![r3d18](gain.svg)
"""
PLOT = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"></svg>'


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write what a study leaves: its text and a plot."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "study.md").write_text(STUDY)
    (folder / "gain.svg").write_text(PLOT)
    return folder


@pytest.fixture(scope="module")
def served_with_study(
    model: ImageToVideo, study: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """Serve the study beside the tiny model with a stage 2 that knows labels and motion."""
    knows = {"labels": ("cyst", "solid"), "motion": True}
    config = model.config.model_copy(
        update={"diffusion": model.config.diffusion.model_copy(update=knows)}
    )
    controlled = ImageToVideo(
        model.autoencoder,
        LatentDiffusion(config.diffusion, config.latent_shape),
        config,
        typicality=model.typicality,
        device=model.device,
    )
    yield from serve(controlled, tmp_path_factory.mktemp("served"), StudyFolder(study))


def test_study_is_shown_with_its_plot_as_it_is_now(
    browser: Browser, served_with_study: Served, study: Path
) -> None:
    """Words of the table stay whole on a phone; who comes again sees what was written meanwhile."""
    visit = Visit(browser, served_with_study.url, PHONE)
    page = visit.page
    page.get_by_role("tab", name="Study").click()
    expect(page.get_by_role("heading", name="Does it help?")).to_be_visible()
    plot = page.get_by_role("img", name="r3d18")
    page.wait_for_function("document.querySelector('.sl-study img').naturalWidth == 40")
    expect(plot).to_be_visible()
    head = page.locator(".sl-study th", has_text="sensitivity").bounding_box()
    assert head is not None
    assert head["height"] < 48
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    (study / "study.md").write_text(STUDY + "\nOne more fold.\n")
    page.reload()
    page.get_by_role("tab", name="Study").click()
    expect(page.get_by_text("One more fold.")).to_be_visible()
    assert (visit.escaped, visit.complaints) == ([], [])
    page.context.close()


def test_label_and_motion_are_chosen_on_the_page(
    browser: Browser, served_with_study: Served
) -> None:
    """They reach the loop: its row in the manifest names them."""
    page = Visit(browser, served_with_study.url).page
    page.get_by_label("Thumbnail 2 of 3").click()
    expect(page.locator("#sl-files")).to_contain_text("cyst")
    page.get_by_label("Label").click()
    page.get_by_role("option", name="solid").click()
    page.get_by_label("Motion, 0 to 1").fill("0.9")
    page.get_by_role("button", name="Make loops").click()
    page.locator(".sl-player[data-ready]").wait_for()
    with page.expect_download() as started:
        page.get_by_role("link", name="manifest (csv)").click()
    head, *rows = Path(started.value.path()).read_text().splitlines()
    assert len(rows) == 2
    for row in rows:
        told = dict(zip(head.split(","), row.split(","), strict=False))
        assert (told["label"], told["motion"]) == ("solid", "0.9")
    page.context.close()
