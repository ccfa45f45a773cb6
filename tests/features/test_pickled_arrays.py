"""Pickles of plain arrays are read, any other is refused before it does something."""

import os
import pickle
import re
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from sonoloop.errors import SonoloopError
from sonoloop.features.pickled_arrays import read_pickled_arrays


class Malicious:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        """Remember what to run."""
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Ask the reader to call ``os.system``."""
        return os.system, (self.command,)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_nested_arrays_are_read(protocol: int) -> None:
    """Keys from outside to inside; C and Fortran order; every protocol since 2."""
    plain = np.arange(6, dtype=np.float32).reshape(2, 3)
    if protocol in {2, 5}:  # these put bytes or buffers through other functions of numpy
        with pytest.raises(SonoloopError, match="is no pickle of plain arrays"):
            read_pickled_arrays(pickle.dumps({"a": plain}, protocol), origin="net.ckpt")
        return
    content = pickle.dumps({"a": {"b": plain, "c": np.asfortranarray(plain)}, "d": plain}, protocol)
    arrays = read_pickled_arrays(content, origin="net.ckpt")
    assert list(arrays) == ["a/b", "a/c", "d"]
    for array in arrays.values():
        np.testing.assert_array_equal(array, plain)


@pytest.mark.parametrize("module", ["numpy.core.multiarray", "numpy._core.multiarray"])
def test_arrays_of_old_and_new_numpy_are_read(module: str) -> None:
    """The function moved with numpy 2; both names stand for the same."""
    array = np.arange(3, dtype=np.float32)
    # Protocol 3 names a global in plain text.
    content = re.sub(rb"numpy\._?core\.multiarray", module.encode(), pickle.dumps({"x": array}, 3))
    np.testing.assert_array_equal(read_pickled_arrays(content, origin="x")["x"], array)


def test_a_malicious_pickle_is_refused_and_does_nothing(tmp_path: Path) -> None:
    """The command would make a file."""
    victim = tmp_path / "victim"
    content = pickle.dumps({"net": Malicious(f"touch {victim}")})
    with pytest.raises(SonoloopError, match=r"net\.ckpt is no pickle .* asks for \w+\.system"):
        read_pickled_arrays(content, origin="net.ckpt")
    assert not victim.exists()


@pytest.mark.parametrize("innocent", [OrderedDict(), np.float64(1), Path("x"), {1, 2}])
def test_anything_else_is_refused(innocent: object) -> None:
    """Also what would do no harm."""
    with pytest.raises(SonoloopError, match=r"net\.ckpt"):
        read_pickled_arrays(pickle.dumps({"x": innocent}), origin="net.ckpt")


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        ({"a": {"b": np.zeros(2)}}, "has float64 at a/b, only float32 arrays are expected"),
        ({"a": 3}, "has int at a, only"),
        ([1], "has list at its top, only"),
    ],
)
def test_other_leaves_are_named(tree: object, sentence: str) -> None:
    """With their place."""
    with pytest.raises(SonoloopError, match=sentence):
        read_pickled_arrays(pickle.dumps(tree, 4), origin="net.ckpt")


@pytest.mark.parametrize("content", [b"", b"hello", pickle.dumps({"a": 1})[:-3]])
def test_a_damaged_pickle_is_refused(content: bytes) -> None:
    """In one sentence."""
    with pytest.raises(SonoloopError, match=r"net\.ckpt is no pickle of plain arrays"):
        read_pickled_arrays(content, origin="net.ckpt")
