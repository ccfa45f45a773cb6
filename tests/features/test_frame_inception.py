"""Features of FID for every frame, from the user's file."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import safetensors.torch
import torch

from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.features.frame_inception import FrameInception
from sonoloop.features.resize import resize_bilinear

if TYPE_CHECKING:
    from conftest import ReferenceInception


def test_every_frame_has_its_features(
    tmp_path: Path, reference_inception: "ReferenceInception"
) -> None:
    """Of a file as the port's, whose state_dict it is; grey counts as three equal colours."""
    torch.save(reference_inception.state_dict(), tmp_path / "net.pth")
    extractor = FrameInception.from_file(tmp_path / "net.pth")
    clip = torch.rand(1, 1, 3, 40, 50, generator=torch.Generator().manual_seed(0)) * 2 - 1
    features = extractor(clip)
    assert features.shape == (1, 3, extractor.num_features)
    images = resize_bilinear(clip[0].transpose(0, 1), 299).repeat(1, 3, 1, 1)
    expected = reference_inception(images)
    torch.testing.assert_close(features[0], expected, rtol=0, atol=1e-4 * float(expected.std()))


def test_the_checksum_is_of_the_weights_alone(
    tmp_path: Path, reference_inception: "ReferenceInception"
) -> None:
    """The same in a file of the other kind, without counters."""
    state = reference_inception.state_dict()
    torch.save(state, tmp_path / "net.pth")
    kept = {name: tensor for name, tensor in state.items() if "num_batches" not in name}
    safetensors.torch.save_file(kept, tmp_path / "net.safetensors")
    checksums = {
        FrameInception.from_file(tmp_path / name).checksum
        for name in ("net.pth", "net.safetensors")
    }
    assert len(checksums) == 1


def test_other_files_are_refused(tmp_path: Path, reference_inception: "ReferenceInception") -> None:
    """None, and torchvision's of 1,000 classes: the message says which file is meant."""
    with pytest.raises(UsageError, match=r"there is no file .*pt_inception-2015-12-05"):
        FrameInception.from_file(tmp_path / "gone.pth")
    state = reference_inception.state_dict()
    state["fc.bias"] = state["fc.bias"][:1000].clone()
    torch.save(state, tmp_path / "net.pth")
    with pytest.raises(UnreadableFileError, match=r"fc\.bias of shape \(1000,\), not \(1008,\)"):
        FrameInception.from_file(tmp_path / "net.pth")
