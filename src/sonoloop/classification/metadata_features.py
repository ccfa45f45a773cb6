"""What comes with a recording besides its pixels, as numbers for a probe.

Where probe, hospital or picture size tell the label, a net can score well without having seen any
disease; so this is measured before anything is claimed. A column becomes its value, where it is a
number, and one feature per level, where levels are few: a size of 350 x 350 pixels names a device
better than a larger or smaller one. What is missing is a level of its own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Float64

Value = str | float | int | None

MAX_LEVELS: Final = 20
"""Of a column with more different numbers none is a level, of one with more texts the commonest."""


def metadata_features(
    columns: Mapping[str, Sequence[Value]],
) -> Float64[np.ndarray, "n features"]:
    """Turn columns into features.

    Args:
        columns: A value for each clip, None or an empty text where it is missing; at least one
            column.

    Returns:
        At least one feature; constant columns give constant features.
    """
    return np.stack([one for values in columns.values() for one in _features(values)], axis=1)


def is_constant(values: Sequence[Value]) -> bool:
    """Tell whether a column says the same of every clip."""
    return len({_level(value) for value in values}) <= 1


def _features(values: Sequence[Value]) -> list[Float64[np.ndarray, " n"]]:
    texts = [_level(value) for value in values]
    numbers = [_number(text) for text in texts]
    known = [number for number in numbers if number is not None]
    counts = Counter(texts)
    levels = [level for level, _ in counts.most_common(MAX_LEVELS)]
    features = []
    if known and len(known) == len(texts) - counts[""]:
        middle = float(np.median(known))
        features.append(np.array([middle if one is None else one for one in numbers]))
        if len(counts) > MAX_LEVELS:
            levels = [""] if counts[""] else []
    return features + [np.array([float(text == level) for text in texts]) for level in levels]


def _level(value: Value) -> str:
    return "" if value is None else str(value).strip()


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None
