"""Model folders: found, checked, packed."""

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from sonoloop.checksums import SUMS_FILE, damaged_files
from sonoloop.errors import UsageError
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.pretrained import (
    BUNDLED,
    CONFIG_FILE,
    WEIGHTS_FILE,
    bundled_models,
    find_model,
    load_weights,
    pack_weights,
    read_model,
    select,
    write_model,
)

Flipped = Callable[[Path, int], AbstractContextManager[None]]


@pytest.fixture
def copy(model_folder: Path, tmp_path: Path) -> Path:
    """Give a model folder that a test may damage."""
    return Path(shutil.copytree(model_folder, tmp_path / "copy"))


def repack(folder: Path, **changes: torch.Tensor | None) -> None:
    """Change tensors of a model, its checksum with them."""
    import hashlib  # noqa: PLC0415 - only here

    config, tensors = read_model(folder)
    for name, tensor in changes.items():
        if tensor is None:
            del tensors[name]
        else:
            tensors[name] = tensor
    weights = safetensors.torch.save(tensors)
    changed = config.model_copy(update={"weights_sha256": hashlib.sha256(weights).hexdigest()})
    write_model(folder, changed, weights, "card")


def test_weights_are_half_precision_and_typicality_is_not(model_folder: Path) -> None:
    """fp16 networks, exact distances."""
    _, tensors = read_model(model_folder)
    assert {tensor.dtype for tensor in select(tensors, "autoencoder").values()} == {torch.float16}
    assert {tensor.dtype for tensor in select(tensors, "typicality").values()} == {torch.float32}


def test_packing_and_loading_keeps_weights_to_half_precision() -> None:
    """Relative error of fp16: 2**-11."""
    torch.manual_seed(0)
    module, other = nn.Linear(7, 5), nn.Linear(7, 5)
    packed = safetensors.torch.load(pack_weights({"autoencoder": module.state_dict()}, {}))
    load_weights(other, select(packed, "autoencoder"), part="autoencoder", folder=Path())
    torch.testing.assert_close(other.weight, module.weight, rtol=2**-11, atol=1e-7)
    assert other.weight.dtype == torch.float32


def test_diverged_weights_are_refused() -> None:
    """Values beyond half precision."""
    with pytest.raises(UsageError, match=r"diffusion\.weight is not finite in half precision"):
        pack_weights({"diffusion": {"weight": torch.tensor([1e6])}}, {})


def test_unknown_model_names_what_there_is() -> None:
    """The bundled models, or that none is installed."""
    known = ", ".join(bundled_models()) or "none is installed"
    with pytest.raises(UsageError, match=rf"there is no model 'nonsense'.*\({known}\)"):
        find_model("nonsense")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(name=st.sampled_from((CONFIG_FILE, WEIGHTS_FILE, SUMS_FILE)), bit=st.integers(0, 10**7))
def test_any_flipped_bit_is_found(
    model_folder: Path, flipped: Flipped, name: str, bit: int
) -> None:
    """By name; one in the checksums accuses the file they are of, or does no harm."""
    with flipped(model_folder / name, bit):
        if name != SUMS_FILE or SUMS_FILE in damaged_files(model_folder):
            with pytest.raises(UsageError, match=name):
                read_model(model_folder)
        assert damaged_files(model_folder)
    read_model(model_folder)


@pytest.mark.parametrize("name", [CONFIG_FILE, WEIGHTS_FILE])
def test_missing_file_is_named(copy: Path, name: str) -> None:
    """Either of the two."""
    (copy / name).unlink()
    with pytest.raises(UsageError, match=f"has no {name}: export or download it again"):
        ImageToVideo.from_pretrained(copy)


def test_damaged_weights_are_refused(copy: Path) -> None:
    """One flipped byte."""
    content = bytearray((copy / WEIGHTS_FILE).read_bytes())
    content[-5] ^= 255
    (copy / WEIGHTS_FILE).write_bytes(content)
    with pytest.raises(UsageError, match="is damaged or not this model's: its SHA-256 begins with"):
        ImageToVideo.from_pretrained(copy)


def test_damaged_config_is_refused(copy: Path) -> None:
    """By its checksum; with the place if it has none."""
    text = (copy / CONFIG_FILE).read_text()
    (copy / CONFIG_FILE).write_text(text.replace('"name":', '"nom":'))
    with pytest.raises(UsageError, match=r"config.json differs from its checksum in SHA256SUMS"):
        ImageToVideo.from_pretrained(copy)
    (copy / SUMS_FILE).unlink()
    with pytest.raises(UsageError, match="is no valid model config: name: Field required"):
        ImageToVideo.from_pretrained(copy)
    (copy / CONFIG_FILE).write_text("{")
    with pytest.raises(UsageError, match="is no valid model config: the file: Invalid JSON"):
        ImageToVideo.from_pretrained(copy)


def test_model_of_a_newer_version_is_refused(copy: Path) -> None:
    """Before its unknown settings are called wrong."""
    config = json.loads((copy / CONFIG_FILE).read_text())
    (copy / CONFIG_FILE).write_text(json.dumps(config | {"format_version": 2, "unheard_of": 1}))
    with pytest.raises(UsageError, match="model of format 2, this version reads 1: update"):
        ImageToVideo.from_pretrained(copy)


def test_weights_of_another_shape_are_refused(copy: Path) -> None:
    """Both shapes are in the sentence."""
    name = "autoencoder.decoder.flow_head.weight"
    repack(copy, **{name: torch.zeros(2, 1, 1, 3, 3)})
    with pytest.raises(UsageError, match=r"flow_head.weight has the shape \(2, 1, 1, 3, 3\)"):
        ImageToVideo.from_pretrained(copy)


def test_missing_and_unknown_weights_are_refused(copy: Path) -> None:
    """By name."""
    repack(copy, **{"diffusion.extra": torch.zeros(1)})
    with pytest.raises(UsageError, match=r"diffusion\.extra is unknown"):
        ImageToVideo.from_pretrained(copy)
    repack(copy, **{"diffusion.extra": None, "diffusion.latent_mean": None})
    with pytest.raises(UsageError, match=r"diffusion\.latent_mean is missing"):
        ImageToVideo.from_pretrained(copy)
    repack(copy, **{"diffusion.latent_mean": torch.zeros(4, 1, 1, 1), "typicality.std": None})
    with pytest.raises(UsageError, match=r"have no typicality\.std"):
        ImageToVideo.from_pretrained(copy)


@pytest.mark.parametrize("name", [CONFIG_FILE, WEIGHTS_FILE])
def test_the_bundled_model_has_checksums(name: str, flipped: Flipped, tmp_path: Path) -> None:
    """One bit of a copy of it is found as of any other."""
    folder = shutil.copytree(BUNDLED / "default", tmp_path / "default")
    assert damaged_files(folder) == []
    assert {line.split()[1] for line in (folder / SUMS_FILE).read_text().splitlines()} == {
        CONFIG_FILE,
        WEIGHTS_FILE,
    }
    with flipped(folder / name, 12345), pytest.raises(UsageError, match=name):
        read_model(folder)
