"""What a reader study found: accuracy with its interval, realism of real and synthetic clips."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Final, NamedTuple

import numpy as np
from scipy.stats import binomtest

from sonoloop.web.reader_clips import Truth

CONFIDENCE: Final = 0.95
ALL_READERS: Final = "all"


class Answer(NamedTuple):
    """One judgement.

    Args:
        reader: Who judged.
        clip: What was judged.
        truth: What it is.
        answer: What the reader took it for.
        realism: 1 not at all to 5 fully.
    """

    reader: str
    clip: str
    truth: Truth
    answer: Truth
    realism: int


@dataclass(frozen=True)
class Score:
    """What one reader, or all, told apart.

    Args:
        reader: Name; "all" for the answers of all readers together.
        num_clips: Answers.
        num_correct: Right ones.
        accuracy: Share of right ones.
        low: Lower end of its 95 % interval (Wilson 1927).
        high: Upper end.
        p_of_guessing: Two-sided exact binomial test against 1/2.
        sensitivity: Share of synthetic clips taken for synthetic; None without any.
        specificity: Share of real clips taken for real.
        realism_real: Mean realism of real clips, 1 to 5.
        realism_real_sd: Its standard deviation over answers; None for fewer than 2.
        realism_synthetic: Mean realism of synthetic clips.
        realism_synthetic_sd: Its standard deviation.
    """

    reader: str
    num_clips: int
    num_correct: int
    accuracy: float
    low: float
    high: float
    p_of_guessing: float
    sensitivity: float | None
    specificity: float | None
    realism_real: float | None
    realism_real_sd: float | None
    realism_synthetic: float | None
    realism_synthetic_sd: float | None


def score(reader: str, answers: Sequence[Answer]) -> Score:
    """Score some answers.

    Args:
        reader: What to call who gave them.
        answers: At least one.
    """
    right = [one.answer == one.truth for one in answers]
    test = binomtest(sum(right), len(right))
    low, high = test.proportion_ci(CONFIDENCE, method="wilson")
    real = [one for one in answers if one.truth == "real"]
    synthetic = [one for one in answers if one.truth == "synthetic"]
    return Score(
        reader=reader,
        num_clips=len(right),
        num_correct=sum(right),
        accuracy=sum(right) / len(right),
        low=float(low),
        high=float(high),
        p_of_guessing=float(test.pvalue),
        sensitivity=_mean(one.answer == "synthetic" for one in synthetic),
        specificity=_mean(one.answer == "real" for one in real),
        realism_real=_mean(one.realism for one in real),
        realism_real_sd=_spread([one.realism for one in real]),
        realism_synthetic=_mean(one.realism for one in synthetic),
        realism_synthetic_sd=_spread([one.realism for one in synthetic]),
    )


def scores(answers: Sequence[Answer]) -> list[Score]:
    """Score every reader, and all together where there are several.

    Args:
        answers: Of all readers. Answers of several readers to one clip are not independent, so
            the interval of all together is too narrow.
    """
    readers = sorted({one.reader for one in answers})
    each = [score(name, [one for one in answers if one.reader == name]) for name in readers]
    return [*each, score(ALL_READERS, answers)] if len(readers) > 1 else each


def scores_csv(found: Iterable[Score]) -> str:
    """Write one line a reader."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Score)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {name: _rounded(value) for name, value in asdict(one).items()} for one in found
    )
    return text.getvalue()


def sentence(found: Score) -> str:
    """Say what was found, in words."""
    guessing = "which guessing gives too" if found.low <= 1 / 2 <= found.high else (
        "more than guessing gives" if found.low > 1 / 2 else "less than guessing gives"
    )  # fmt: skip
    realism = "".join(
        f", realism of {name} clips {value:.1f}"
        for name, value in (
            ("real", found.realism_real),
            ("synthetic", found.realism_synthetic),
        )
        if value is not None
    )
    return (
        f"{found.num_correct} of {found.num_clips} right: {found.accuracy:.0%} "
        f"(95 % interval {found.low:.0%} to {found.high:.0%}), {guessing}{realism}"
    )


def _mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return float(np.mean(known)) if known else None


def _spread(values: Sequence[int]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def _rounded(value: object) -> object:
    return round(value, 6) if isinstance(value, float) else value
