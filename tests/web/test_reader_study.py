"""Blinded, in an order of each reader's own, kept at once, gone on with, scored."""

import csv
from pathlib import Path

import av
import numpy as np
import pytest

from sonoloop.data.phantom import phantom_clip
from sonoloop.errors import UsageError
from sonoloop.web.reader_clips import StudyClips, find_study_clips
from sonoloop.web.reader_study import ANSWERS_FILE, SCORES_FILE, ReaderStudy

NUM_CLIPS = 4


@pytest.fixture
def clips(tmp_path: Path) -> StudyClips:
    """Write four real and four synthetic clips as arrays."""
    for place, truth in enumerate(("real", "synthetic")):
        folder = tmp_path / "clips" / truth
        folder.mkdir(parents=True)
        for number in range(NUM_CLIPS):
            rng = np.random.default_rng([place, number])
            np.save(folder / f"{number}.npy", phantom_clip(rng, num_frames=8 + place))
    return find_study_clips(tmp_path / "clips")


def judge_all(study: ReaderStudy, reader: str, *, right: bool = True) -> list[str]:
    """Answer everything, and return the order of the clips."""
    while (task := study.next(reader)) is not None:
        clip = study.clips.clips[study._order(reader)[task.number]]  # noqa: SLF001 - who knows
        other = "real" if clip.truth == "synthetic" else "synthetic"
        given = clip.truth if right else other
        study.answer(reader, task.number, answer=given, realism=3, seconds=1.23)
    return [one.clip for one in study.answers if one.reader == reader]


def test_every_reader_sees_every_clip_once_in_an_own_order(
    clips: StudyClips, tmp_path: Path
) -> None:
    """The order is drawn from seed and name, and mixes real with synthetic."""
    study = ReaderStudy(clips, tmp_path / "a", seed=1)
    first, second = judge_all(study, "Ann"), judge_all(study, "Bob")
    assert sorted(first) == sorted(second) == sorted(clip.name for clip in clips.clips)
    assert first != second
    again = ReaderStudy(clips, tmp_path / "b", seed=1)
    assert judge_all(again, "Ann") == first
    other = ReaderStudy(clips, tmp_path / "c", seed=2)
    assert judge_all(other, "Ann") != first


def test_answers_are_on_disk_before_the_next_clip(clips: StudyClips, tmp_path: Path) -> None:
    """One line each; scores beside them."""
    study = ReaderStudy(clips, tmp_path, seed=0)
    task = study.next("Ann")
    assert task == (0, 0, 2 * NUM_CLIPS)
    study.answer("Ann", 0, answer="real", realism=5, seconds=4.56)
    with (tmp_path / ANSWERS_FILE).open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["reader"], row["number"], row["answer"], row["realism"], row["seconds"]) == (
        "Ann",
        "1",
        "real",
        "5",
        "4.6",
    )
    assert row["clip"].startswith(f"{row['truth']}/")
    assert (tmp_path / SCORES_FILE).read_text().startswith("reader,num_clips,num_correct,accuracy")


def test_study_goes_on_where_a_reader_stopped(clips: StudyClips, tmp_path: Path) -> None:
    """After the server ended, with nothing asked twice."""
    study = ReaderStudy(clips, tmp_path, seed=0)
    for number in range(3):
        study.answer("Ann", number, answer="real", realism=1, seconds=1.0)
    resumed = ReaderStudy(clips, tmp_path, seed=0)
    assert resumed.next("Ann") == (3, 3, 2 * NUM_CLIPS)
    judge_all(resumed, "Ann")
    assert len((tmp_path / ANSWERS_FILE).read_text().splitlines()) == 1 + 2 * NUM_CLIPS


def test_result_is_told_at_the_end(clips: StudyClips, tmp_path: Path) -> None:
    """All right or all wrong."""
    study = ReaderStudy(clips, tmp_path, seed=0)
    assert study.score("Ann") is None
    judge_all(study, "Ann")
    judge_all(study, "Bob", right=False)
    found, wrong = study.score("Ann"), study.score("Bob")
    assert found is not None
    assert wrong is not None
    assert (found.accuracy, wrong.accuracy) == (1, 0)


def test_what_a_browser_gets_tells_nothing(clips: StudyClips, tmp_path: Path) -> None:
    """Same length, size, rate and encoder; no name, no title, no comment."""
    study = ReaderStudy(clips, tmp_path, seed=0)
    seen = set()
    for _ in range(2 * NUM_CLIPS):
        task = study.next("Ann")
        assert task is not None
        path = tmp_path / "clip.mp4"
        path.write_bytes(study.video("Ann", task.number))
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            shown = (stream.frames, stream.width, stream.height, stream.average_rate)
            seen.add((*shown, container.metadata.get("title"), container.metadata.get("comment")))
        study.answer("Ann", task.number, answer="real", realism=1, seconds=1.0)
    assert len(seen) == 1
    assert seen.pop()[0] == 8  # of the shortest


@pytest.mark.parametrize(
    ("number", "answer", "realism", "sentence"),
    [
        (0, "maybe", 3, "answer real or synthetic"),
        (0, "real", 6, "realism 1 to 5"),
        (0, "real", 0, "realism 1 to 5"),
        (1, "real", 3, "it is not its turn"),
        (-1, "real", 3, "it is not its turn"),
    ],
)
def test_wrong_answer_is_a_sentence(
    clips: StudyClips, tmp_path: Path, number: int, answer: str, realism: int, sentence: str
) -> None:
    """And is not kept."""
    study = ReaderStudy(clips, tmp_path, seed=0)
    with pytest.raises(UsageError, match=sentence):
        study.answer("Ann", number, answer=answer, realism=realism, seconds=1.0)
    assert not (tmp_path / ANSWERS_FILE).exists()


def test_clip_is_judged_once(clips: StudyClips, tmp_path: Path) -> None:
    """A second tab or a double click changes nothing."""
    study = ReaderStudy(clips, tmp_path, seed=0)
    study.answer("Ann", 0, answer="real", realism=1, seconds=1.0)
    with pytest.raises(UsageError, match="judged already"):
        study.answer("Ann", 0, answer="synthetic", realism=1, seconds=1.0)


@pytest.mark.parametrize("name", ["", " ", "=1+1", "@x", "a,b", "a\nb", "x" * 41, "../x"])
def test_name_that_would_spoil_the_table_is_refused(
    clips: StudyClips, tmp_path: Path, name: str
) -> None:
    """Formulas, separators, nothing."""
    with pytest.raises(UsageError, match="is no name for a reader"):
        ReaderStudy(clips, tmp_path, seed=0).next(name)


def test_other_study_in_the_same_folder_is_refused(clips: StudyClips, tmp_path: Path) -> None:
    """Another seed would show other orders under the same numbers."""
    ReaderStudy(clips, tmp_path, seed=0)
    with pytest.raises(UsageError, match=r"answers of another study \(8 clips, seed 0\)"):
        ReaderStudy(clips, tmp_path, seed=1)


def test_damaged_answers_are_refused(clips: StudyClips, tmp_path: Path) -> None:
    """They are never overwritten."""
    ReaderStudy(clips, tmp_path, seed=0)
    (tmp_path / ANSWERS_FILE).write_text("reader,clip\nAnn,x\n")
    with pytest.raises(UsageError, match="is no table of answers"):
        ReaderStudy(clips, tmp_path, seed=0)
