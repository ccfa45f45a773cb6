"""A blinded reader study: who judges what next, every answer kept at once, resumed by name.

DIR/answers.csv gets a line for each answer, DIR/scores.csv is written anew after each.
"""

import csv
import hashlib
import io
import json
import os
import re
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, get_args

import numpy as np

from sonoloop import __version__
from sonoloop.atomic_files import write_atomically
from sonoloop.errors import UsageError
from sonoloop.synthesis.export import write_mp4
from sonoloop.web.reader_clips import StudyClips, Truth
from sonoloop.web.reader_scores import Answer, Score, score, scores, scores_csv

ANSWERS_FILE: Final = "answers.csv"
SCORES_FILE: Final = "scores.csv"
STUDY_FILE: Final = "reader_study.json"
COLUMNS: Final = ("reader", "number", "clip", "truth", "answer", "realism", "seconds", "answered")
READER_NAME: Final = re.compile(r"\w[\w .-]{0,39}")
"""Nothing that a spreadsheet would take for a formula."""
REALISM: Final = range(1, 6)


class Task(NamedTuple):
    """What a reader judges next.

    Args:
        number: Place in this reader's order, from 0; all that a browser learns of the clip.
        num_done: Clips judged so far.
        num_clips: Clips in all.
    """

    number: int
    num_done: int
    num_clips: int


class ReaderStudy:
    """Answers of all readers.

    Args:
        clips: What is judged.
        folder: Of the answers; those that are there are gone on with.
        seed: Of the orders.

    Raises:
        UsageError: If the folder holds answers to other clips or of another seed.
    """

    def __init__(self, clips: StudyClips, folder: Path, seed: int) -> None:
        """Read what was answered before."""
        self.clips = clips
        self.folder = folder
        self.seed = seed
        self._lock = threading.Lock()
        self._check_same_study()
        self.answers = _read_answers(folder / ANSWERS_FILE)

    def next(self, reader: str) -> Task | None:
        """Tell what a reader judges next; None when all is judged.

        Raises:
            UsageError: If the name is none.
        """
        order = self._order(reader)
        done = {one.clip for one in self.answers if one.reader == reader}
        for number, place in enumerate(order):
            if self.clips.clips[place].name not in done:
                return Task(number, len(done), len(order))
        return None

    def video(self, reader: str, number: int) -> bytes:
        """Encode a clip for the browser: every clip alike, without name, mark or provenance.

        Args:
            reader: Who asks.
            number: Place in this reader's order.

        Raises:
            UsageError: If it is not this clip's turn.
        """
        place = self._place(reader, number)
        with tempfile.TemporaryDirectory(prefix="sonoloop-") as folder:
            path = Path(folder) / "clip.mp4"
            frames = self.clips.frames(place)
            write_mp4(path, frames, frame_rate_hz=self.clips.frame_rate_hz, provenance=None)
            return path.read_bytes()

    def answer(
        self, reader: str, number: int, *, answer: str, realism: int, seconds: float
    ) -> None:
        """Keep an answer.

        Args:
            reader: Who judged.
            number: Place in this reader's order.
            answer: "real" or "synthetic".
            realism: 1 to 5.
            seconds: How long it took.

        Raises:
            UsageError: If it is no answer, or not to the clip whose turn it is.
        """
        truths: tuple[Truth, ...] = get_args(Truth)
        given = next((one for one in truths if one == answer), None)
        if given is None or realism not in REALISM:
            msg = f"answer real or synthetic, and realism 1 to 5; got {answer!r} and {realism}"
            raise UsageError(msg)
        with self._lock:
            clip = self.clips.clips[self._place(reader, number)]
            when = datetime.now(UTC).isoformat(timespec="seconds")
            row = (
                reader,
                number + 1,
                clip.name,
                clip.truth,
                given,
                realism,
                round(seconds, 1),
                when,
            )
            _append(self.folder / ANSWERS_FILE, row)
            self.answers.append(Answer(reader, clip.name, clip.truth, given, realism))
            found = scores_csv(scores(self.answers))
            write_atomically(self.folder / SCORES_FILE, found.encode())

    def score(self, reader: str) -> Score | None:
        """Score a reader's answers; None before the first."""
        own = [one for one in self.answers if one.reader == reader]
        return score(reader, own) if own else None

    def _place(self, reader: str, number: int) -> int:
        """Find the clip of a number, which must be the one whose turn it is."""
        task = self.next(reader)
        if task is None or task.number != number:
            msg = "this clip is judged already, or it is not its turn: load the page again"
            raise UsageError(msg)
        return self._order(reader)[number]

    def _order(self, reader: str) -> list[int]:
        """Draw the order in which a reader sees the clips: the same at every visit."""
        if not READER_NAME.fullmatch(reader):
            msg = (
                f"{reader[:40]!r} is no name for a reader: 1 to 40 letters, digits, spaces, dots, "
                "dashes and underscores"
            )
            raise UsageError(msg)
        digest = hashlib.sha256(reader.encode()).digest()
        rng = np.random.default_rng([self.seed, int.from_bytes(digest[:8])])
        return [int(place) for place in rng.permutation(len(self.clips.clips))]

    def _check_same_study(self) -> None:
        names = "\n".join(clip.name for clip in self.clips.clips)
        study = {
            "seed": self.seed,
            "num_clips": len(self.clips.clips),
            "clips_sha256": hashlib.sha256(names.encode()).hexdigest(),
        }
        path = self.folder / STUDY_FILE
        if path.is_file():
            begun = json.loads(path.read_text(encoding="utf-8"))
            if {name: begun.get(name) for name in study} != study:
                msg = (
                    f"{self.folder} holds answers of another study ({begun.get('num_clips')} "
                    f"clips, seed {begun.get('seed')}): choose another --out"
                )
                raise UsageError(msg)
            return
        about = {**study, "software": f"sonoloop {__version__}"}
        write_atomically(path, (json.dumps(about, indent=1) + "\n").encode())


def _append(path: Path, row: tuple[object, ...]) -> None:
    """Add a line in one piece, and see it on the disk before the next clip is shown."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if not path.exists():
        writer.writerow(COLUMNS)
    writer.writerow(row)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, text.getvalue().encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_answers(path: Path) -> list[Answer]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        try:
            return [
                Answer(
                    row["reader"],
                    row["clip"],
                    _truth(row["truth"]),
                    _truth(row["answer"]),
                    int(row["realism"]),
                )
                for row in csv.DictReader(file)
            ]
        except (KeyError, TypeError, ValueError) as error:
            msg = f"{path} is no table of answers: move it away or choose another --out"
            raise UsageError(msg) from error


def _truth(text: str) -> Truth:
    if text not in get_args(Truth):
        raise ValueError
    return "real" if text == "real" else "synthetic"
