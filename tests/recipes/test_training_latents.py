"""Latents of training clips, for the control."""

from io import StringIO
from pathlib import Path

import torch
from rich.console import Console

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.data.clip_sampling import ClipSet
from sonoloop.data.config import ClipConfig
from sonoloop.data.phantom_files import write_phantoms
from sonoloop.data.prepare_options import PrepareOptions
from sonoloop.recipes.prepare import prepare
from sonoloop.recipes.training_latents import CLIPS_PER_VIDEO, encode_training_clips


def test_every_video_is_encoded_the_same_every_time(tmp_path: Path) -> None:
    """One to four clips a video, finite, of the model's shape."""
    write_phantoms(tmp_path / "videos", count=3, size=64, seed=0)
    options = PrepareOptions(size=64, split="1,0,0", workers=1)
    prepare([tmp_path / "videos"], tmp_path / "data", options, console=Console(file=StringIO()))
    videos = ClipSet.open(tmp_path / "data", "train", ClipConfig(size=64, window_s=1.92))
    config = AutoencoderConfig(size=64, encoder_widths=(4, 4, 4, 4), decoder_width=4)
    model = VideoAutoencoder(config).eval()
    latents = encode_training_clips(model, videos)
    assert len(videos) <= len(latents) <= CLIPS_PER_VIDEO * len(videos)
    assert latents.shape[1:] == model.latent_shape
    assert latents.isfinite().all()
    assert torch.equal(latents, encode_training_clips(model, videos))
