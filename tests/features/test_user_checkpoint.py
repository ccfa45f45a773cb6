"""Weights that a user brings."""

import json
import struct
from pathlib import Path

import pytest
import safetensors.torch
import torch

from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.features.user_checkpoint import match_layout, read_tensors

WEIGHTS = {"a.weight": torch.ones(2, 3), "bn.num_batches_tracked": torch.tensor(7)}
REMEDY = "ask its authors"


@pytest.mark.parametrize("name", ["net.pth", "net.safetensors"])
def test_both_kinds_of_file_give_the_same(tmp_path: Path, name: str) -> None:
    """Counters of batch norms are left out."""
    path = tmp_path / name
    save = safetensors.torch.save_file if path.suffix == ".safetensors" else torch.save
    save(WEIGHTS, path)
    found = read_tensors(path, key=None, how_to_get_it=REMEDY)
    assert list(found) == ["a.weight"]
    arrays = match_layout(path, found, {"a.weight": ("own", (2, 3))}, how_to_get_it=REMEDY)
    assert arrays["own"].tolist() == WEIGHTS["a.weight"].tolist()


def test_weights_may_stand_under_a_key(tmp_path: Path) -> None:
    """Only in a torch checkpoint."""
    path = tmp_path / "net.pth"
    torch.save({"state_dict": WEIGHTS, "epoch": 3}, path)
    assert list(read_tensors(path, key="state_dict", how_to_get_it=REMEDY)) == ["a.weight"]
    with pytest.raises(UnreadableFileError, match="has no 'model'; ask its authors"):
        read_tensors(path, key="model", how_to_get_it=REMEDY)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("net.pth", "is no torch checkpoint"), ("net.safetensors", "is no safetensors file")],
)
def test_damaged_files_are_refused(tmp_path: Path, name: str, sentence: str) -> None:
    """Each in one sentence with the remedy; so is a file that is not there."""
    path = tmp_path / name
    with pytest.raises(UsageError, match=f"there is no file .*{name}: {REMEDY}"):
        read_tensors(path, key=None, how_to_get_it=REMEDY)
    path.write_bytes(b"damaged")
    with pytest.raises(UnreadableFileError, match=f"{sentence}.*; {REMEDY}"):
        read_tensors(path, key=None, how_to_get_it=REMEDY)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    """A single tensor has no names."""
    path = tmp_path / "net.pth"
    torch.save(torch.ones(2), path)
    with pytest.raises(UnreadableFileError, match="holds no tensors by name; ask its authors"):
        read_tensors(path, key=None, how_to_get_it=REMEDY)


@pytest.mark.parametrize(
    ("layout", "sentence"),
    [
        ({"b": ("b", (1,))}, "has no b, so it is another net; ask"),
        ({}, r"has an unknown a\.weight"),
        ({"a.weight": ("a", (3, 2))}, r"has a\.weight of shape \(2, 3\), not \(3, 2\)"),
    ],
)
def test_another_net_is_refused(
    layout: dict[str, tuple[str, tuple[int, ...]]], sentence: str
) -> None:
    """By the first thing that differs."""
    found: dict[str, object] = {"a.weight": torch.ones(2, 3)}
    with pytest.raises(UnreadableFileError, match=sentence):
        match_layout(Path("net.pth"), found, layout, how_to_get_it=REMEDY)


ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("header", "length"),
    [
        ({"a": ENTRY}, 1 << 62),
        ({"a": ENTRY}, 200_000_000),
        ({"a": ENTRY, "b": {**ENTRY, "data_offsets": [4, 12]}}, None),
        ({"a": {**ENTRY, "shape": [1 << 38], "data_offsets": [0, 1 << 40]}}, None),
        ({"a": {**ENTRY, "shape": [1 << 62, 1 << 62]}}, None),
        ({"a": {**ENTRY, "shape": [-2]}}, None),
        ({"a": {**ENTRY, "dtype": "O"}}, None),
    ],
)
def test_hostile_safetensors_headers_are_refused(
    tmp_path: Path, header: dict[str, object], length: int | None
) -> None:
    """Longer than the file or than 100 MB, tensors that overlap, lie behind the end or overflow."""
    text = json.dumps(header).encode()
    path = tmp_path / "net.safetensors"
    path.write_bytes(struct.pack("<Q", length or len(text)) + text + bytes(16))
    with pytest.raises(UnreadableFileError, match="is no safetensors file"):
        read_tensors(path, key=None, how_to_get_it=REMEDY)
