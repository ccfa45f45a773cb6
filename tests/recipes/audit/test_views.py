"""What probes get to see."""

from pathlib import Path

import numpy as np
import pytest

from sonoloop.errors import UsageError
from sonoloop.recipes.audit.data import open_audit_data
from sonoloop.recipes.audit.options import AuditOptions
from sonoloop.recipes.audit.views import load_nets, metadata_views, shuffled


def test_shuffled_frames_are_the_same_in_another_order(audited_dataset: Path) -> None:
    """The order follows from content and seed alone, and differs between clips and seeds."""
    sources = open_audit_data(audited_dataset, "moves", AuditOptions()).clips.sources
    moving = [source for source in sources if len(np.unique(source.read(), axis=0)) == 16][:2]
    frames = [source.read() for source in moving]
    orders = [
        [int((one == frame).all(axis=(1, 2)).argmax()) for frame in shuffled(source, seed).read()]
        for source, one in zip(moving, frames, strict=True)
        for seed in (0, 0, 1)
    ]
    assert all(sorted(order) == list(range(16)) for order in orders)
    assert orders[0] == orders[1] != list(range(16))
    assert orders[0] != orders[2]
    assert orders[0] != orders[3]


def test_each_column_is_a_view_of_its_own(audited_dataset: Path) -> None:
    """By name, with its levels as features and none of them projected."""
    data = open_audit_data(audited_dataset, "moves", AuditOptions())
    views = metadata_views(data)
    assert set(views) == {"probe"}
    assert views["probe"].features.shape == (38, 2)
    assert views["probe"].num_components is None


def test_missing_weights_name_the_command(tmp_path: Path) -> None:
    """Offline without weights: the sentence says how to get them."""
    with pytest.raises(UsageError, match="sonoloop weights fetch i3d-kinetics-400"):
        load_nets(tmp_path)
