"""The picture of an audit."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

from sonoloop.report.audit_plot import NET, NO_NET, audit_plot
from sonoloop.report.audit_record import AuditRecord


def _columns(content: bytes, colour: str) -> np.ndarray:
    """Return where, from left to right, a colour stands."""
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
    wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return np.flatnonzero((np.abs(pixels - wanted).sum(2) < 12).any(axis=0))


def test_intervals_lie_where_their_numbers_do(make_audit: Callable[..., AuditRecord]) -> None:
    """A higher AUROC moves its mark to the right; views without the net stay where they are."""
    low = audit_plot(make_audit(still=0.6, stills=0.6, shuffled=0.6, video=0.6))
    high = audit_plot(make_audit(still=0.9, stills=0.9, shuffled=0.9, video=0.9))
    assert _columns(low, NET).max() < _columns(high, NET).min()
    assert (_columns(low, NO_NET) == _columns(high, NO_NET)).all()
    assert Image.open(io.BytesIO(low)).width == 960
