"""Loops side by side."""

from pathlib import Path

import pytest

from sonoloop.report.evaluation_folder import EvaluationFolder
from sonoloop.report.gallery import cases, gallery
from sonoloop.report.media import Media
from sonoloop.report.records import CaseRecord, LoopRecord


@pytest.fixture
def evaluation(evaluation_path: Path) -> EvaluationFolder:
    """Read the evaluation of phantoms."""
    return EvaluationFolder.read(evaluation_path)


def test_row_shows_every_kind_by_name(evaluation: EvaluationFolder) -> None:
    """Loops play muted and endless, have controls and a description; synthetic ones say so."""
    page = gallery(evaluation.record.loops[:1], evaluation.media)
    assert page.count("<video ") == 4
    assert page.count("muted loop playsinline controls") == 4
    assert "autoplay" not in page  # the script starts them, unless motion is unwanted
    for label in ("real", "reconstructed", "synthetic 1 of 2", "synthetic 2 of 2"):
        assert f"<figcaption>{label}</figcaption>" in page
        assert f'aria-label="{label} loop, still0"' in page
    assert 'alt="Film strip of still0"' in page


def test_cases_are_ordered_from_the_ends(evaluation: EvaluationFolder) -> None:
    """Best first, then the worst first; a clip without a loop is named all the same."""
    record = evaluation.record
    page = cases(record.cases, record.loops, record.metrics, evaluation.media)
    places = [page.index(clip) for clip in ("still0-2", "still1-3", "still2-3", "elsewhere")]
    assert places == sorted(places)
    assert page.index("Best by LPIPS (vgg)") < page.index("Worst by LPIPS (vgg)")
    assert page.count("no loop of it here") == 1
    assert page.count("<video ") == 6  # each of three clips beside its real one


@pytest.mark.parametrize("clip", ["loops/a.mp4", "a.mp4", "a", "elsewhere/a.npy", "still"])
def test_a_case_finds_its_loop(clip: str) -> None:
    """By path, by name with and without ending, or as the first one of its still."""
    loop = LoopRecord(name="still", synthetic=("loops/a.mp4", "loops/b.mp4"))
    files = {
        "loops/a.mp4": Media("video/mp4", "data:video/mp4,a", 4, 4),
        "loops/b.mp4": Media("video/mp4", "data:video/mp4,b", 4, 4),
    }
    case = CaseRecord(clip=clip, metric="x", value=1, rank=1)
    assert 'src="data:video/mp4,a"' in cases([case], [loop], [], files)


def test_missing_file_says_so_in_its_place() -> None:
    """No broken picture."""
    loop = LoopRecord(name="<still>", real="a.mp4")
    page = gallery([loop], {"a.mp4": Media(problem="a.mp4 cannot be read")})
    assert '<p class="missing">a.mp4 cannot be read</p>' in page
    assert "&lt;still&gt;" in page


def test_gif_stands_still_where_motion_is_unwanted(evaluation: EvaluationFolder) -> None:
    """By a picture element, since a gif cannot be stopped."""
    assert evaluation.record.privacy is not None
    page = gallery(evaluation.record.privacy.nearest, evaluation.media, real="training clip")
    assert 'media="(prefers-reduced-motion: reduce)"' in page
    assert "<figcaption>training clip</figcaption>" in page
