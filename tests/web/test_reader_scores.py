"""Accuracy, its interval and realism."""

import csv
import io

import pytest

from sonoloop.web.reader_clips import Truth
from sonoloop.web.reader_scores import Answer, score, scores, scores_csv, sentence


def answers(reader: str, num_right: int, num_wrong: int) -> list[Answer]:
    """Answer real clips rightly, synthetic ones wrongly."""
    right = [Answer(reader, f"real/{n}", "real", "real", 4) for n in range(num_right)]
    wrong = [Answer(reader, f"synthetic/{n}", "synthetic", "real", 2 + n % 2)
             for n in range(num_wrong)]  # fmt: skip
    return right + wrong


def test_interval_is_wilsons() -> None:
    """81 of 263: 0.2553 to 0.3662, Newcombe 1998, table I, method 3."""
    found = score("Ann", answers("Ann", 81, 182))
    assert (found.num_correct, found.num_clips) == (81, 263)
    assert found.low == pytest.approx(0.2553, abs=5e-5)
    assert found.high == pytest.approx(0.3662, abs=5e-5)


def test_rates_and_realism() -> None:
    """Of real and of synthetic clips apart."""
    found = score("Ann", answers("Ann", 4, 4))
    assert (found.sensitivity, found.specificity, found.accuracy) == (0, 1, 0.5)
    assert (found.realism_real, found.realism_synthetic) == (4, 2.5)
    assert (found.realism_real_sd, found.p_of_guessing) == (0, 1)
    assert found.realism_synthetic_sd == pytest.approx(0.57735, abs=1e-5)


def test_one_answer_has_no_spread() -> None:
    """What cannot be said is empty."""
    found = score("Ann", answers("Ann", 1, 0))
    assert (found.sensitivity, found.realism_real_sd, found.realism_synthetic) == (None, None, None)


def test_several_readers_are_scored_alone_and_together() -> None:
    """One line each, and one of all."""
    both = answers("Bob", 3, 1) + answers("Ann", 1, 1)
    rows = list(csv.DictReader(io.StringIO(scores_csv(scores(both)))))
    assert [(row["reader"], row["num_clips"]) for row in rows] == [
        ("Ann", "2"),
        ("Bob", "4"),
        ("all", "6"),
    ]
    assert len(scores(answers("Bob", 3, 1))) == 1


@pytest.mark.parametrize(
    ("truth", "given", "count", "words"),
    [
        ("real", "real", 30, "more than guessing gives"),
        ("real", "synthetic", 30, "less than guessing gives"),
        ("real", "real", 2, "which guessing gives too"),
    ],
)
def test_sentence_compares_with_guessing(
    truth: Truth, given: Truth, count: int, words: str
) -> None:
    """By the interval, not by the share."""
    found = score("Ann", [Answer("Ann", str(n), truth, given, 3) for n in range(count)])
    assert words in sentence(found)
    assert "realism of real clips 3.0" in sentence(found)
