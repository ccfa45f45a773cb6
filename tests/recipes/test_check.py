"""``data check`` finds damage and leaks."""

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from sonoloop.checksums import SUMS_FILE
from sonoloop.data.phantom import phantom_clip
from sonoloop.errors import SonoloopError, UsageError
from sonoloop.recipes.check import check
from sonoloop.recipes.prepare import PrepareOptions, prepare

Flipped = Callable[[Path, int], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare ten stills of five patients once; one is a copy of another patient's."""
    root = tmp_path_factory.mktemp("input")
    for number in range(10):
        frame = phantom_clip(np.random.default_rng(number % 9), size=64, num_frames=1)[0]
        folder = root / "ab"[number % 2] / f"patient{number // 2}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(frame).save(folder / f"still_of_{number}.png")
    dataset = tmp_path_factory.mktemp("output") / "dataset"
    options = PrepareOptions(size=64, split="0.4,0.3,0.3", workers=1)
    assert prepare([root], dataset, options).num_near_duplicates == 1
    return dataset


@pytest.fixture
def dataset(prepared: Path, tmp_path: Path) -> Path:
    """Copy it for a test to damage."""
    return shutil.copytree(prepared, tmp_path / "dataset")


def edit_split(dataset: Path, **sides: str) -> None:
    """Set sides by number of the still."""
    path = dataset / "split.json"
    split = json.loads(path.read_text())
    for item_id in split["items"]:
        number = item_id.removesuffix(".png").rpartition("_")[2]
        split["items"][item_id] = sides.get(f"n{number}", split["items"][item_id])
    path.write_text(json.dumps(split))


def test_a_whole_dataset_has_no_problems(dataset: Path) -> None:
    """Copies joined two of the five patients."""
    result = check(dataset)
    assert result.problems == ()
    assert (result.num_items, result.num_groups) == (10, 4)
    assert sum(result.counts.values()) == 10


def test_a_flipped_byte_is_found(dataset: Path) -> None:
    """By name of the file, with what to do."""
    shard = dataset / "store" / "shard-00000.u8"
    content = bytearray(shard.read_bytes())
    content[100] ^= 255
    shard.write_bytes(content)
    problems = check(dataset).problems
    assert problems[0] == "store/shard-00000.u8 differs from its checksum"
    assert "run 'sonoloop data prepare' again" in problems[-1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.data(), bit=st.integers(0, 10**7))
def test_any_flipped_bit_of_any_file_is_found(
    prepared: Path, flipped: Flipped, data: st.DataObject, bit: int
) -> None:
    """By name, by the check or already on opening."""
    files = sorted(path for path in prepared.rglob("*") if path.is_file())
    assert len(files) == 8
    path = data.draw(st.sampled_from(files))
    name = path.relative_to(prepared).as_posix()
    with flipped(path, bit):
        try:
            problems = check(prepared).problems
        except SonoloopError as error:
            problems = (str(error),)
    assert name == SUMS_FILE or any(name in problem for problem in problems)
    assert problems
    assert check(prepared).problems == ()


def test_an_edited_split_that_leaks_is_found(dataset: Path) -> None:
    """A torn patient, and copies on two sides."""
    edit_split(dataset, n0="train", n1="train", n8="test", n9="test")
    problems = check(dataset).problems
    assert any(problem.startswith("leak: group ") for problem in problems)
    assert any("are near-duplicates, 0 of 256 bits differ" in problem for problem in problems)


def test_files_that_speak_of_other_items_are_found(dataset: Path) -> None:
    """A split without one item, an index that is gone, no record of the run."""
    path = dataset / "split.json"
    split = json.loads(path.read_text())
    split["items"].popitem()
    path.write_text(json.dumps(split))
    (dataset / "index.parquet").unlink()
    (dataset / "prepare.json").write_text("{}")
    (dataset / SUMS_FILE).unlink()
    problems = check(dataset).problems
    assert any("split.json and the store differ in 1 items" in problem for problem in problems)
    assert any("index.parquet cannot be read" in problem for problem in problems)
    assert any("prepare.json cannot be read" in problem for problem in problems)


def test_what_is_no_dataset_is_refused(tmp_path: Path) -> None:
    """A missing folder, a folder without store."""
    with pytest.raises(UsageError, match="no such dataset; make one with 'sonoloop data prepare'"):
        check(tmp_path / "absent")
    with pytest.raises(UsageError, match="no clip store here"):
        check(tmp_path)


def test_a_damaged_description_of_the_store_is_named_and_not_its_shards(
    prepared: Path, flipped: Flipped
) -> None:
    """With another size of frames in it every shard seems to have the wrong length."""
    path = prepared / "store" / "store.json"
    content = path.read_text()
    digit = content.index('"size": ') + len('"size": ')
    with flipped(path, 8 * digit), pytest.raises(SonoloopError, match=r"store\.json differs from"):
        check(prepared)
