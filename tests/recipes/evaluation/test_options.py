"""What ``--metrics`` accepts."""

import pytest

from sonoloop.errors import UsageError
from sonoloop.recipes.evaluation.options import METRICS, parse_metrics


def test_names_are_split_and_counted_once() -> None:
    """Spaces do not matter."""
    assert parse_metrics("fvd, motion,fvd") == ("fvd", "motion")
    assert parse_metrics(",".join(METRICS)) == METRICS


@pytest.mark.parametrize(("text", "message"), [("fdi", "no metric 'fdi'"), (" ,", "names none")])
def test_unknown_and_empty_lists_are_refused(text: str, message: str) -> None:
    """The sentence lists what there is."""
    with pytest.raises(UsageError, match=rf"{message}.*choose from fvd"):
        parse_metrics(text)
