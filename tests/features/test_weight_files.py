"""Converted weights are known by their content."""

from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from sonoloop.errors import UnreadableFileError
from sonoloop.features.weight_files import content_sha256, read_arrays, write_arrays

ARRAYS = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.ones(2, np.float32)}


def test_the_hash_is_of_the_content() -> None:
    """Neither order nor layout count; names, shapes, types and values do."""
    sha256 = content_sha256(ARRAYS)
    assert content_sha256(dict(reversed(ARRAYS.items()))) == sha256
    assert content_sha256({**ARRAYS, "b": np.asfortranarray(ARRAYS["b"])}) == sha256
    for other in (
        {**ARRAYS, "b": ARRAYS["b"].reshape(3, 2)},
        {**ARRAYS, "b": ARRAYS["b"].view(np.int32)},
        {**ARRAYS, "b": ARRAYS["b"] + 1},
        {"c": ARRAYS["b"], "a": ARRAYS["a"]},
        {"b": ARRAYS["b"]},
    ):
        assert content_sha256(other) != sha256


def test_a_file_comes_back(tmp_path: Path) -> None:
    """Also one that another version wrote with metadata."""
    path, sha256 = tmp_path / "new" / "net.safetensors", content_sha256(ARRAYS)
    write_arrays(path, ARRAYS)
    assert read_arrays(path, sha256=sha256).keys() == ARRAYS.keys()
    safetensors.numpy.save_file(ARRAYS, path, metadata={"version": "another"})
    np.testing.assert_array_equal(read_arrays(path, sha256=sha256)["b"], ARRAYS["b"])


def test_damage_is_found(tmp_path: Path) -> None:
    """A flipped bit of a value, and half a file."""
    path, sha256 = tmp_path / "net.safetensors", content_sha256(ARRAYS)
    write_arrays(path, ARRAYS)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"is damaged or another net.*fetch it again"):
        read_arrays(path, sha256=sha256)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UnreadableFileError, match="is no safetensors file"):
        read_arrays(path, sha256=sha256)
