"""The verdict on an adapted model is honest."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.data.splits import write_split
from sonoloop.data.store import Store
from sonoloop.recipes.adapt_check import compare, energy_score, score
from sonoloop.recipes.training_data import fixed_clips
from sonoloop.synthesis.image_to_video import ImageToVideo

CLIP = ClipConfig(size=64, num_frames=16, window_s=1.92)


def test_no_better_is_said(dataset: Path, model_folder: Path) -> None:
    """The same model twice: equal numbers, no improvement, one group is too few."""
    sentences = compare(str(model_folder), str(model_folder), dataset, CLIP)
    assert "error of the latents that are drawn" in sentences[0]
    numbers = [word for word in sentences[0].split() if word.replace(".", "").isdigit()]
    assert numbers[2] == numbers[3]
    assert "no better than the one it came from" in sentences[1]
    assert "it hardly sees how they move; try --stage-1 adapt" in sentences[2]  # it is untrained
    assert "1 groups are too few" in sentences[3]


def test_nothing_held_out_is_said(dataset: Path, model_folder: Path, tmp_path: Path) -> None:
    """A dataset whose videos are all trained on."""
    all_train = tmp_path / "dataset"
    all_train.mkdir()
    (all_train / "store").symlink_to(dataset / "store")
    items = Store.open(dataset / "store").items
    sides = dict.fromkeys((item.item_id for item in items), "train")
    write_split(all_train / "split.json", sides, ratios=(1.0, 0.0, 0.0), seed=0)  # type: ignore[arg-type]
    folder = str(model_folder)
    assert compare(folder, folder, all_train, CLIP) == [
        "no video is held out: whether the adapted model is better was not checked"
    ]


def test_scores_of_an_untrained_decoder(dataset: Path, model: ImageToVideo) -> None:
    """PSNR is that of what stage 1 rebuilds, over frames 1 to 15; motion is a ratio."""
    clips = fixed_clips(ClipSet.open(dataset, "train", CLIP), 2, torch.device("cpu"))
    scores = score(model, clips)
    autoencoder = model.autoencoder
    with torch.no_grad():
        rebuilt = autoencoder.decode(clips[:, :, 0], autoencoder.encode(clips)).clip  # type: ignore[attr-defined]
    error = (rebuilt - clips)[:, :, 1:].square().mean(dim=(1, 2, 3, 4)).numpy()
    assert scores.psnr_db == pytest.approx(np.mean(10 * np.log10(4 / error)), abs=1e-3)
    still = (clips[:, :, :1] - clips)[:, :, 1:].square().mean(dim=(1, 2, 3, 4)).numpy()
    assert scores.still_db == pytest.approx(np.mean(10 * np.log10(4 / still)), abs=1e-3)
    assert scores.motion > 0


@given(st.floats(0.1, 3), st.floats(-2, 2))
def test_the_true_spread_has_the_least_energy_score(spread: float, shift: float) -> None:
    """Draws that are too narrow, too wide or beside the truth score worse on average."""
    generator = torch.Generator().manual_seed(0)
    true, one, other = torch.randn(3, 50, 1, 64, generator=generator).unbind()

    def mean_score(scale: float, offset: float) -> float:
        drawn = (scale * latents + offset for latents in (one, other))
        scores = [energy_score(*three) for three in zip(true, *drawn, strict=True)]
        return float(torch.stack(scores).mean())

    assume(abs(spread - 1) > 0.2 or abs(shift) > 0.3)
    assert mean_score(spread, shift) > mean_score(1, 0) > 0
