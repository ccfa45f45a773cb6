"""Loops beside the numbers."""

from pathlib import Path

from PIL import Image

from sonoloop.data.reading import read_recording
from sonoloop.recipes.evaluation.gallery import NUM_CASES, ranked_cases, write_gallery
from sonoloop.recipes.evaluation.options import EvaluateOptions
from sonoloop.recipes.evaluation.sets import open_sets


def test_best_and_worst_are_named(clip_folders: tuple[Path, Path]) -> None:
    """Rank 1 is the best, -1 the worst, whichever way is better."""
    sets = open_sets(*clip_folders, EvaluateOptions())
    scores = [0.3, 0.1, 0.6, 0.5, 0.2, 0.4]
    cases = ranked_cases(sets, "lpips", scores, higher_is_better=False)
    assert len(cases) == 2 * NUM_CASES
    assert (cases[0].clip, cases[0].rank) == ("video1_sample0.npy", 1)
    worst = next(case for case in cases if case.rank == -1)
    assert (worst.clip, worst.value) == ("video2_sample0.npy", 0.6)
    best = ranked_cases(sets, "psnr", scores, higher_is_better=True)[0]
    assert best.clip == "video2_sample0.npy"


def test_gallery_holds_playable_loops(clip_folders: tuple[Path, Path], tmp_path: Path) -> None:
    """Real and synthetic mp4 and a strip for every still shown, cases among them."""
    sets = open_sets(*clip_folders, EvaluateOptions())
    cases = ranked_cases(sets, "x", [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], higher_is_better=True)
    loops = write_gallery(sets, cases, tmp_path)
    assert {case.clip for case in cases} <= {loop.name for loop in loops}
    assert loops[0].real is not None
    assert len(loops[0].synthetic) == 2
    for name in (loops[0].real, *loops[0].synthetic):
        assert read_recording(tmp_path / name).frames.shape == (16, 32, 32)
    assert loops[0].strip is not None
    with Image.open(tmp_path / loops[0].strip) as strip:
        assert strip.height > 3 * 32
