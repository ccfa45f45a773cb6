"""The paper's figures."""

import pytest

from sonoloop.report.paper_table import FIGURES, paper_figure


@pytest.mark.parametrize(
    ("metric_id", "cinn", "lddm"),
    [
        ("fvd-i3d-k400-bilinear", "58.98", "53.82"),
        ("dtfvd", "0.62", "0.58"),
        ("LPIPS-vgg", "0.33", "0.32"),
        ("div-i3d", "2.23", "1.07"),
        ("kvd-i3d", None, None),
        ("motion-energy", None, None),
    ],
)
def test_figures_are_those_of_table_1(metric_id: str, cinn: str | None, lddm: str | None) -> None:
    """Read off Table 1 of arXiv:2503.14966; a metric that it lacks has none."""
    assert paper_figure("cINN", metric_id) == cinn
    assert paper_figure("LDDM", metric_id) == lddm


def test_methods() -> None:
    """Table 1 compares two."""
    assert list(FIGURES) == ["cINN", "LDDM"]
