"""Splits keep groups whole and classes balanced, and a torn group is refused."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoloop.data.splits import (
    SPLIT_NAMES,
    leaking_groups,
    parse_ratios,
    read_split,
    refuse_leaks,
    split_groups,
    write_split,
)
from sonoloop.errors import UsageError

RATIOS = (0.7, 0.15, 0.15)


@given(
    groups=st.lists(st.integers(0, 20), min_size=1, max_size=60),
    seed=st.integers(0, 1000),
    ratios=st.sampled_from([RATIOS, (0.5, 0.0, 0.5), (0.3, 0.35, 0.35), (1.0, 0.0, 0.0)]),
)
def test_groups_are_never_torn(
    groups: list[int], seed: int, ratios: tuple[float, float, float]
) -> None:
    """Whatever their sizes; a side of share 0 stays empty."""
    names = [str(group) for group in groups]
    sides = split_groups(names, ["a"] * len(names), ratios=ratios, seed=seed)
    assert all(len({s for n, s in zip(names, sides, strict=True) if n == g}) == 1 for g in names)
    assert not {name for name, share in zip(SPLIT_NAMES, ratios, strict=True) if not share} & {
        *sides
    }


@pytest.mark.parametrize("train", [0.7, 0.5, 0.3])
def test_sides_and_classes_have_the_papers_shares(train: float) -> None:
    """188 videos, 75 benign and 113 malignant, each its own group: exact to one video."""
    ratios = (train, (1 - train) / 2, (1 - train) / 2)
    strata = ["benign"] * 75 + ["malignant"] * 113
    sides = split_groups([str(n) for n in range(188)], strata, ratios=ratios, seed=1)
    counts = Counter(zip(sides, strata, strict=True))
    for side, share in zip(SPLIT_NAMES, ratios, strict=True):
        assert counts[side, "benign"] == pytest.approx(75 * share, abs=1)
        assert counts[side, "malignant"] == pytest.approx(113 * share, abs=1)


def test_uneven_groups_are_balanced_too() -> None:
    """51 patients with 1 to 8 clips of two classes: each class within 3 clips of its share."""
    rng = np.random.default_rng(5)
    groups = [f"p{patient}" for patient in range(51) for _ in range(rng.integers(1, 9))]
    strata = rng.choice(["yes", "no"], len(groups)).tolist()
    sides = split_groups(groups, strata, ratios=RATIOS, seed=0)
    counts = Counter(zip(sides, strata, strict=True))
    for side, share in zip(SPLIT_NAMES, RATIOS, strict=True):
        for label in ("yes", "no"):
            assert counts[side, label] == pytest.approx(strata.count(label) * share, abs=3)


def test_seed_decides() -> None:
    """The same seed gives the same split, another one another."""
    groups = [str(number) for number in range(40)]
    first, again, other = (
        split_groups(groups, ["a"] * 40, ratios=RATIOS, seed=s) for s in (1, 1, 2)
    )
    assert first == again != other


def test_few_groups_fill_every_side() -> None:
    """Three groups of one class go one to each side."""
    sides = split_groups(["a", "b", "c"], ["x"] * 3, ratios=(0.34, 0.33, 0.33), seed=0)
    assert sorted(sides) == ["test", "train", "validation"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.7,0.3", "give three numbers"),
        ("a,b,c", "give three numbers"),
        ("0.7,0.7,0.1", r"sums to 1\.5; give three shares that sum to 1"),
        ("1.2,-0.1,-0.1", "give three shares"),
        ("nan,0.5,0.5", "give three shares"),
        ("0,0.5,0.5", "nothing to train on"),
    ],
)
def test_impossible_ratios_are_refused(text: str, message: str) -> None:
    """With the text that was given."""
    with pytest.raises(UsageError, match=f"--split {text}: {message}|{message}"):
        parse_ratios(text)


def test_ratios_are_read() -> None:
    """In the order train, validation, test."""
    assert parse_ratios("0.5, 0.2,0.3") == (0.5, 0.2, 0.3)


def test_a_split_comes_back(tmp_path: Path) -> None:
    """Sides by item id, with seed and ratios for the record."""
    path = tmp_path / "split.json"
    write_split(path, {"a": "train", "b": "test"}, ratios=RATIOS, seed=7)
    assert read_split(path) == {"a": "train", "b": "test"}
    described = json.loads(path.read_text())
    assert described["seed"] == 7
    assert described["ratios"] == {"train": 0.7, "validation": 0.15, "test": 0.15}


@pytest.mark.parametrize("content", ["", "{}", '{"items": []}', "[]"])
def test_a_damaged_split_is_refused(tmp_path: Path, content: str) -> None:
    """In one sentence."""
    path = tmp_path / "split.json"
    path.write_text(content)
    with pytest.raises(UsageError, match="not a readable split"):
        read_split(path)


def test_an_unknown_side_is_refused(tmp_path: Path) -> None:
    """Naming those there are."""
    path = tmp_path / "split.json"
    path.write_text('{"items": {"a": "val"}}')
    with pytest.raises(UsageError, match="unknown side 'val'; use one of train, validation, test"):
        read_split(path)
    with pytest.raises(UsageError, match="missing; run 'sonoloop data prepare' again"):
        read_split(tmp_path / "other.json")


def test_a_torn_group_is_found_and_refused(tmp_path: Path) -> None:
    """Two clips of one patient on two sides."""
    groups = {"a": "p1", "b": "p1", "c": "p2"}
    assert leaking_groups(groups, {"a": "train", "b": "test", "c": "test"}) == {
        "p1": ["train", "test"]
    }
    with pytest.raises(UsageError, match=r"1 groups are torn \(p1 in train and test\)"):
        refuse_leaks(groups, {"a": "train", "b": "test", "c": "test"}, tmp_path)
    refuse_leaks(groups, {"a": "train", "b": "train", "c": "test"}, tmp_path)
