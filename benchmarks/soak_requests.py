"""Requests as many people might send them to ``sonoloop serve``, and what must come back."""

import hashlib
import io
import random
import threading
import time
import zlib
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import numpy as np
from PIL import Image
from pydicom.examples import get_path
from running_server import POLL_S, ROOT, outcome, submit

from sonoloop.data.phantom import phantom_clip

LONGEST_BEFORE_CANCEL_S: Final = 1.0


def png(clip_seed: int) -> bytes:
    """Make a still of 64 x 64 pixels."""
    buffer = io.BytesIO()
    frame = phantom_clip(np.random.default_rng(clip_seed))[0]
    Image.fromarray(frame).save(buffer, format="PNG")
    return buffer.getvalue()


STILLS: Final = {f"phantom{seed}.png": png(seed) for seed in range(3)} | {
    "scan.dcm": Path(get_path("ybr_color")).read_bytes()
}
PNG: Final = STILLS["phantom0.png"]
HEADER: Final = PNG[12:16] + (60_000).to_bytes(4, "big") * 2 + PNG[24:29]
HUGE: Final = PNG[:12] + HEADER + zlib.crc32(HEADER).to_bytes(4, "big") + PNG[33:]
"""It says that it has 60,000 x 60,000 pixels."""


class Refused(NamedTuple):
    """A request that must be refused.

    Args:
        stills: Sent with it.
        settings: Sent with it.
        status: Of the answer; 202 if the refusal comes when the still is read.
        words: Of the sentence.
    """

    stills: dict[str, bytes]
    settings: dict[str, int]
    status: int
    words: str


REFUSED: Final = (
    Refused({}, {}, 400, "no still was sent"),
    Refused({"a.png": PNG}, {"colour": 1}, 400, "there is no setting 'colour'"),
    Refused({"a.png": PNG}, {"samples": 1000}, 413, "at most 64 are made at once"),
    Refused({"a.png": PNG}, {"frames": 100_000}, 413, "at most 256 are made here"),
    Refused({"notes.png": b"no picture"}, {}, 202, "notes.png: "),
    Refused({"half.png": PNG[: len(PNG) // 2]}, {}, 202, "half.png: "),
    Refused({"huge.png": HUGE}, {}, 202, "huge.png: has 3,600,000,000 pixels"),
)


class Soak:
    """Sends requests and remembers what was wrong.

    Args:
        asker: Connected to the server.
    """

    def __init__(self, asker: httpx.Client) -> None:
        """Begin with nothing seen."""
        self.asker = asker
        self.wrong: list[str] = []
        self.seconds: dict[str, list[float]] = {"loops": [], "refused": [], "cancelled": []}
        self._seen: dict[tuple[object, ...], str] = {}
        self._lock = threading.Lock()

    def ask(self, number: int, seed: int) -> None:
        """Send one request of a kind that chance chooses, and judge what comes back."""
        chance = random.Random(f"{seed} {number}")  # noqa: S311 - no secret
        kind = chance.choices(tuple(self.seconds), (8, 1, 1))[0]
        act = {"loops": self._loops, "refused": self._refused, "cancelled": self._cancelled}[kind]
        began = time.perf_counter()
        try:
            act(chance)
        except (httpx.HTTPError, KeyError, ValueError) as error:
            self.wrong.append(f"{kind}, request {number}: {type(error).__name__}: {error}")
        self.seconds[kind].append(time.perf_counter() - began)

    def _loops(self, chance: random.Random) -> None:
        names = chance.sample(list(STILLS), chance.choice((1, 1, 1, 2)))
        samples, seed = chance.choice((1, 1, 2)), chance.randrange(3)
        stills = {name: STILLS[name] for name in names}
        answer = submit(self.asker, stills, samples=samples, seed=seed).raise_for_status()
        ended = outcome(self.asker, answer.json()["id"])
        results = ended["results"]
        if ended["state"] != "done" or len(results) != len(names) * samples:
            raise ValueError(ended["state"], ended["error"], len(results))
        for loop in results:
            files = {
                kind: self.asker.get(where).raise_for_status().content
                for kind, where in loop["files"].items()
            }
            found = hashlib.sha256(files["npy"]).hexdigest()
            with self._lock:
                which = (*names, samples, seed, loop["still"], loop["sample"])
                first = self._seen.setdefault(which, found)
            if found != first or b"ftyp" not in files["mp4"][:16]:
                raise ValueError(loop, "is not the loop that it was")

    def _refused(self, chance: random.Random) -> None:
        wanted = chance.choice(REFUSED)
        answer = submit(self.asker, wanted.stills, **wanted.settings)
        said = answer.json()
        if answer.status_code == httpx.codes.ACCEPTED:
            said = outcome(self.asker, said["id"])
        sentence = str(said["error"])
        if answer.status_code != wanted.status or wanted.words not in sentence or "/" in sentence:
            raise ValueError(answer.status_code, sentence, wanted.words)

    def _cancelled(self, chance: random.Random) -> None:
        name = chance.choice(list(STILLS))
        answer = submit(self.asker, {name: STILLS[name]}, samples=4).raise_for_status()
        where = f"{ROOT}/jobs/{answer.json()['id']}"
        time.sleep(chance.uniform(0, LONGEST_BEFORE_CANCEL_S))
        self.asker.delete(where).raise_for_status()
        while (answer := self.asker.get(where)).status_code == httpx.codes.OK:
            if answer.json()["state"] not in {"queued", "running"}:
                break
            time.sleep(POLL_S)
        if answer.status_code != httpx.codes.NOT_FOUND and answer.json()["state"] != "cancelled":
            raise ValueError(answer.text)
