"""Numpy arrays out of a pickle that may build nothing else.

A pickle is a program. This reader lets it name three things: numpy's array, its type and the
function that makes an empty array. Any other name ends the reading before it is looked up.
"""

import io
import pickle
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sonoloop.errors import SonoloopError

Arrays = dict[str, NDArray[np.float32]]

_ALLOWED: Final[dict[tuple[str, str], Any]] = {
    # What an array itself names for its reconstruction; the module moved with numpy 2.
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _ArrayUnpickler(pickle.Unpickler):
    """Refuses every global that is not on the list."""

    def find_class(self, module_name: str, global_name: str) -> Any:  # noqa: ANN401 - as inherited
        """Look a name up on the list, never in a module."""
        try:
            return _ALLOWED[module_name, global_name]
        except KeyError:
            msg = f"it asks for {module_name}.{global_name}"
            raise pickle.UnpicklingError(msg) from None


def read_pickled_arrays(content: bytes, *, origin: str) -> Arrays:
    """Read nested dictionaries of float32 arrays.

    Args:
        content: The pickle.
        origin: Where it comes from, for messages.

    Returns:
        Arrays by their keys from outside to inside, joined with ``/``.

    Raises:
        SonoloopError: If the pickle is damaged or holds or does anything else.
    """
    try:
        tree = _ArrayUnpickler(io.BytesIO(content)).load()
    except Exception as error:  # a damaged pickle can fail in any way
        msg = f"{origin} is no pickle of plain arrays ({error}): it was not read"
        raise SonoloopError(msg) from error
    return dict(_leaves(tree, "", origin))


def _leaves(node: object, path: str, origin: str) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Walk through a tree of dictionaries."""
    if isinstance(node, dict):
        for key, child in node.items():
            yield from _leaves(child, f"{path}/{key}" if path else str(key), origin)
    elif isinstance(node, np.ndarray) and node.dtype == np.float32:
        yield path, node
    else:
        kind = node.dtype if isinstance(node, np.ndarray) else type(node).__name__
        msg = f"{origin} has {kind} at {path or 'its top'}, only float32 arrays are expected"
        raise SonoloopError(msg)
