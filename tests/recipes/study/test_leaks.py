"""Whether classifiers follow the class that was asked for."""

import pytest

from sonoloop.recipes.study.cells import Cell
from sonoloop.recipes.study.context import StudyContext
from sonoloop.recipes.study.leaks import leaks


def test_rates_by_hand(study_context: StudyContext) -> None:
    """One classifier follows every request, the other sees what the still shows."""
    data = study_context.data
    label_of = dict(zip(data.item_ids, data.labels.tolist(), strict=True))
    items = data.item_ids[:8]
    validation = {item: 0.9 * label_of[item] for item in items}
    requests = [(item, asked) for item in items for asked in (0, 1)]
    found = {
        Cell("r3d18", "i-only", 0.5, 0, 0, None): {
            "validation": validation,
            "requests": [[item, asked, 0.9 * asked] for item, asked in requests],
        },
        Cell("r3d18", "b-asked", 0.5, 0, 0, None): {
            "validation": validation,
            "requests": [[item, asked, 0.9 * label_of[item]] for item, asked in requests],
        },
        Cell("r3d18", "origin", 0.5, 0, 0, None): {
            "validation": validation,
            "held_out": dict.fromkeys(items, 0.2),
            "requests": [
                [item, asked, 0.8 if asked == label_of[item] == 1 else 0.2]
                for item, asked in requests
            ],
        },
    }
    record = leaks(data, list(found), found)
    assert record is not None
    assert record.follows_request == {
        "real, against the still": 0.0,
        "real, with the still": 1.0,
        "synthetic, against the still": 1.0,
        "synthetic, with the still": 1.0,
    }
    assert record.real_or_synthetic == pytest.approx({data.classes[0]: 0.5, data.classes[1]: 1.0})


def test_nothing_asked_nothing_said(study_context: StudyContext) -> None:
    """None without the arms that ask."""
    cell = Cell("r3d18", "b", 0.5, 0, 0, None)
    assert leaks(study_context.data, [cell], {cell: {}}) is None
