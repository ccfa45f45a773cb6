"""A tiny untrained model that moves, and stills to give it."""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from PIL import Image
from scipy import ndimage

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.autoencoder.model import VideoAutoencoder
from sonoloop.autoencoder.warp_decoder import WarpDecoder
from sonoloop.data.config import ClipConfig
from sonoloop.data.recording import Frames
from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.diffusion.model import LatentDiffusion
from sonoloop.synthesis.config import ModelConfig, TypicalityConfig
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.pretrained import pack_weights, write_model
from sonoloop.synthesis.typicality import Typicality

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # how long an example takes says how busy the machine is

CLIP = ClipConfig(size=64, num_frames=16, window_s=1.92)
AUTOENCODER = AutoencoderConfig(
    size=64, num_frames=16, encoder_widths=(8, 8, 8, 8), latent_channels=4, decoder_width=8
)
DIFFUSION = DiffusionConfig(
    width=16, depth=1, heads=2, condition_widths=(8, 8), num_inference_steps=2
)


def speckle(height: int, width: int, *, seed: int = 0, brightness: float = 90.0) -> Frames:
    """Make one frame of smoothed noise that brightens with depth and fills the picture."""
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.standard_normal((height, width)), 1.5)
    depth = np.linspace(0.6, 1.2, height)[:, None]
    grey = brightness * depth * (1 + 1.2 * noise / noise.std() / 2)
    return grey.clip(1, 255).astype(np.uint8)[None]


def write_tiny_model(folder: Path) -> None:
    """Write a model folder with random weights, fitted to nothing."""
    torch.manual_seed(0)
    autoencoder = VideoAutoencoder(AUTOENCODER)
    decoder = autoencoder.decoder
    assert isinstance(decoder, WarpDecoder)
    torch.nn.init.normal_(decoder.flow_head.weight, std=0.1)
    torch.nn.init.normal_(decoder.residual_head.weight, std=0.02)
    diffusion = LatentDiffusion(DIFFUSION, autoencoder.latent_shape)
    stills = np.stack([speckle(64, 64, seed=seed) for seed in range(30)])
    groups = [str(seed // 3) for seed in range(30)]
    typicality = Typicality.fit(torch.from_numpy(stills).float() / 127.5 - 1, groups)
    networks = {"autoencoder": autoencoder.state_dict(), "diffusion": diffusion.state_dict()}
    weights = pack_weights(networks, typicality.tensors())
    config = ModelConfig(
        name="tiny",
        trained_on="speckle",
        licence="CC0-1.0",
        clip=CLIP,
        autoencoder=AUTOENCODER,
        diffusion=DIFFUSION,
        latent_shape=autoencoder.latent_shape,
        frame_rate_hz=25 / 3,
        weights_sha256=hashlib.sha256(weights).hexdigest(),
        typicality=TypicalityConfig(
            threshold=typicality.threshold,
            unusual_threshold=typicality.unusual_threshold,
            num_stills=30,
            num_groups=10,
        ),
    )
    write_model(folder, config, weights, "a tiny model for tests\n")


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a model folder as ``sonoloop export`` does."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    write_tiny_model(folder)
    return folder


@pytest.fixture(scope="session")
def model(model_folder: Path) -> ImageToVideo:
    """Load the tiny model."""
    return ImageToVideo.from_pretrained(model_folder, device="cpu")


@pytest.fixture
def still_path(tmp_path: Path) -> Path:
    """Write a png of an odd size."""
    path = tmp_path / "a still.png"
    Image.fromarray(speckle(91, 123)[0]).save(path)
    return path


class ClaimedElsewhere:
    """Lets another process claim folders."""

    @contextmanager
    def __call__(self, folder: Path) -> Iterator[subprocess.Popen[str]]:
        """Hold a claim until the block ends or the process is killed."""
        program = (
            "import sys; from pathlib import Path; from sonoloop.folder_claim import claimed\n"
            "with claimed(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
            process.communicate()


@pytest.fixture(scope="session")
def claimed_elsewhere() -> ClaimedElsewhere:
    """Let another process claim a folder for the time of a block."""
    return ClaimedElsewhere()


@contextmanager
def _flipped(path: Path, bit: int) -> Iterator[None]:
    """Flip a bit of a file, counted from its start and on from there, until the block ends."""
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[bit // 8 % len(whole)] ^= 1 << bit % 8
    path.write_bytes(damaged)
    try:
        yield
    finally:
        path.write_bytes(whole)


@pytest.fixture(scope="session")
def flipped() -> Callable[[Path, int], AbstractContextManager[None]]:
    """Damage a file for the time of a block: (file, number of the bit)."""
    return _flipped
