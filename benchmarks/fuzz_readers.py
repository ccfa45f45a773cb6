"""Feed damaged files to every reader and count what becomes of them.

    python benchmarks/fuzz_readers.py [--inputs 20000] [--seed 0] [--reader png --reader dicom]

Whole files of every kind (``reader_seeds.py``) are damaged at random: bits flipped, ends cut off,
two files spliced, integers set to 0, -1 or the largest, pieces repeated or taken out, numbers in
text replaced; checksums that would hide the damage are made good. Each input is read in a process
that may take 10 s and 1 GB (``sonoloop.limited_process``). A reader may read it or refuse it
in the project's own words; what else happens is counted, and its first examples are kept in --out.
"""

import argparse
import hashlib
import re
import resource
import struct
import sys
import tempfile
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from reader_seeds import Files, described, seeds, written

from sonoloop.data.dataset_source import open_source
from sonoloop.data.layouts import read_catalog
from sonoloop.data.reading import find_recordings, read_recording
from sonoloop.errors import SonoloopError, UnreadableFileError
from sonoloop.limited_process import LimitedProcess, Limits

LIMITS = Limits(cpu_s=10.0, cpu_s_per_mb=0.0, memory_bytes=1 << 30)
SLOW_S = 10.0
CHUNK = 512
EXAMPLES_KEPT = 5
OUTCOMES = ("read", "refused", "foreign", "crash", "time", "memory")
MEDIA = frozenset({"png", "jpg", "tif", "bmp", "webp", "gif", "mp4", "avi", "mkv", "nifti", "mha"})


def read_media(path: Path) -> None:
    """Find and read what a user may give to synthesize or prepare."""
    for found in find_recordings(path):
        read_recording(found)


def read_array(path: Path) -> None:
    """Read a clip for evaluation."""
    from sonoloop.evaluation.clip_arrays import read_array as read  # noqa: PLC0415 - torch

    read(path)


def read_pickle(path: Path) -> None:
    """Read pickled arrays by the list of allowed names."""
    from sonoloop.features.pickled_arrays import read_pickled_arrays  # noqa: PLC0415

    read_pickled_arrays(path.read_bytes(), origin=path.name)


def read_manifest(path: Path) -> None:
    """Catalogue what a manifest lists."""
    read_catalog([path])


def read_table(path: Path) -> None:
    """Read the table of a study's clips."""
    from sonoloop.data.config import ClipConfig  # noqa: PLC0415 - torch
    from sonoloop.recipes.study.data import Stills  # noqa: PLC0415
    from sonoloop.recipes.study.sources import read_source  # noqa: PLC0415

    pool = Stills(("1.png",), ("p",), np.zeros(1, np.int64), np.zeros((1, 64, 64), np.uint8))
    read_source("fuzz", path, pool, {"x": 0}, ClipConfig(size=64))


def read_dataset(path: Path) -> None:
    """Open a dataset or a pack, read every frame, and check it."""
    from sonoloop.recipes.check import check  # noqa: PLC0415 - polars

    store, _ = open_source(path)
    for number in range(len(store.items)):
        np.asarray(store.frames(number)).max(initial=0)
        store.times_s(number)
    check(path)


def read_model(path: Path) -> None:
    """Read a model's config and weights."""
    from sonoloop.synthesis import pretrained  # noqa: PLC0415 - torch

    pretrained.read_model(pretrained.find_model(path))


def read_weights(path: Path) -> None:
    """Read weights that a user brings."""
    from sonoloop.features.user_checkpoint import read_tensors  # noqa: PLC0415 - torch

    read_tensors(path, key=None, how_to_get_it="export it again")


def read_checkpoint(path: Path) -> None:
    """Read a training's checkpoint."""
    from sonoloop.training.checkpoint import load_checkpoint  # noqa: PLC0415 - torch

    load_checkpoint(path)


def read_provenance(path: Path) -> None:
    """Ask a file what made it."""
    from sonoloop.recipes.provenance import find_provenance  # noqa: PLC0415 - polars

    find_provenance(path)


READERS: dict[str, Callable[[Path], None]] = {
    **dict.fromkeys((*sorted(MEDIA), "dicom", "dicom-series", "frame-folder"), read_media),
    "npy": read_array,
    "pickle": read_pickle,
    "manifest": read_manifest,
    "source-table": read_table,
    "dataset": read_dataset,
    "pack": read_dataset,
    "model": read_model,
    "checkpoint": read_checkpoint,
    "weights": read_weights,
    "torch": read_weights,
    "provenance": read_provenance,
}


class Request(NamedTuple):
    """What goes to the limited process."""

    reader: str
    path: Path


class Outcome(NamedTuple):
    """What became of one input.

    Args:
        kind: One of ``OUTCOMES``.
        words: The refusal or the traceback.
        rss_mb: Most memory that the process has held so far.
    """

    kind: str
    words: str = ""
    rss_mb: float = 0.0


def attempt(request: Request) -> Outcome:
    """Read one input; runs in the limited process."""
    try:
        READERS[request.reader](request.path)
        kind, words = "read", ""
    except SonoloopError as error:
        kind, words = "refused", str(error)
    except MemoryError:
        raise  # counted by the limits
    except Exception:  # noqa: BLE001 - these are what is looked for
        kind, words = "foreign", traceback.format_exc()
    return Outcome(kind, words, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def judged(process: LimitedProcess, request: Request) -> Outcome:
    """Read one input and tell what the limits said."""
    try:
        return process.call(attempt, request, path=request.path, limits=LIMITS)
    except UnreadableFileError as error:
        kinds = (("crash", "crashed"), ("time", " s to read"), ("memory", "GB of memory"))
        kind = next((kind for kind, words in kinds if words in error.reason), "crash")
        return Outcome(kind, error.reason)


def damaged(content: bytes, others: list[bytes], random: Random) -> bytes:
    """Damage a file once or a few times."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        content = random.choice(DAMAGES)(content, random.choice(others), random)
    return content


def _flip(content: bytes, _: bytes, random: Random) -> bytes:
    changed = bytearray(content)
    for _number in range(random.choice((1, 2, 8, 32))):
        if changed:
            changed[_place(changed, random)] ^= 1 << random.randrange(8)
    return bytes(changed)


def _cut(content: bytes, _: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def _splice(content: bytes, other: bytes, random: Random) -> bytes:
    return content[: _place(content, random)] + other[_place(other, random) :]


def _integer(content: bytes, _: bytes, random: Random) -> bytes:
    width = random.choice((1, 2, 4, 8))
    most = (1 << 8 * width) - 1
    value = random.choice((0, 1, most, most >> 1, (most >> 1) + 1, random.randrange(most)))
    place = _place(content, random)
    number = value.to_bytes(width, random.choice(("little", "big")))
    return content[:place] + number + content[place + width :]


def _repeat(content: bytes, _: bytes, random: Random) -> bytes:
    start = _place(content, random)
    piece = content[start : start + random.randrange(1, CHUNK)]
    return content[:start] + piece * random.choice((2, 3, 50)) + content[start + len(piece) :]


def _take_out(content: bytes, _: bytes, random: Random) -> bytes:
    start = _place(content, random)
    return content[:start] + content[start + random.randrange(1, CHUNK) :]


def _number_in_text(content: bytes, _: bytes, random: Random) -> bytes:
    numbers = list(re.finditer(rb"-?\d+(\.\d+)?", content[:200_000]))
    if not numbers:
        return content
    found = random.choice(numbers)
    new = random.choice((b"0", b"-1", b"1e999", b"NaN", b"9" * 30, b"null", b'"x"', b"[]", b"{}"))
    return content[: found.start()] + new + content[found.end() :]


def _place(content: bytes | bytearray, random: Random) -> int:
    """Choose a place, half of the time among the first bytes, where headers are."""
    if not content:
        return 0
    return random.randrange(min(len(content), CHUNK) if random.random() < 0.5 else len(content))  # noqa: PLR2004


DAMAGES = (_flip, _cut, _splice, _integer, _integer, _repeat, _take_out, _number_in_text)


def repaired(name: str, content: bytes) -> bytes:
    """Make checksums good that would end the reading before the damage is met."""
    if name.endswith(".png"):
        return _png_with_sums(content)
    if name.endswith(".pack") and len(content) > PACK_HEAD.size:
        magic, version, _, _, index = PACK_HEAD.unpack_from(content)
        digest = hashlib.sha256(content[PACK_HEAD.size - 4 :]).digest()
        length = len(content)
        return PACK_HEAD.pack(magic, version, length, digest, index) + content[PACK_HEAD.size :]
    return content


PACK_HEAD = struct.Struct("<8sIQ32sI")
PNG_MARK = 8


def _png_with_sums(content: bytes) -> bytes:
    made, place = bytearray(content[:PNG_MARK]), PNG_MARK
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4])
        body = content[place + 4 : place + 8 + length]
        made += content[place : place + 4] + body + zlib.crc32(body).to_bytes(4)
        place += 12 + length
    return bytes(made)


def with_model(files: Files) -> Files:
    """Let the config of a model name the checksum of its weights, as an attacker would."""
    digest = hashlib.sha256(files["weights.safetensors"]).hexdigest()
    config = re.sub(
        rb'("weights_sha256": ?)"\w+"', rb'\1"%s"' % digest.encode(), files["config.json"]
    )
    return {**files, "config.json": config}


def one_input(reader: str, whole: list[Files], random: Random) -> Files:
    """Damage one file of one seed."""
    files = dict(random.choice(whole))
    name = random.choice(sorted(files))
    others = [other[name] for other in whole if name in other] or [files[name]]
    content = damaged(files[name], others, random)
    files[name] = repaired(name, content) if random.random() < 0.7 else content  # noqa: PLR2004
    return with_model(files) if reader == "model" else files


@dataclass
class Tally:
    """What became of the inputs of one reader."""

    counts: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    rss_mb: float = 0.0
    examples: dict[str, list[str]] = field(default_factory=dict)


def fuzz(
    process: LimitedProcess,
    reader: str,
    whole: list[Files],
    *,
    inputs: int,
    seed: int,
    out: Path,
) -> Tally:
    """Read damaged files and count.

    Args:
        process: Reads them.
        reader: One of ``READERS``.
        whole: Its seeds.
        inputs: How many.
        seed: Of the damages; the reader's name is part of it.
        out: Where inputs are kept that were neither read nor refused.
    """
    tally = Tally()
    with tempfile.TemporaryDirectory() as scratch:
        for files in whole:
            place = Path(scratch) / "whole"
            outcome = judged(process, Request(reader, written(files, emptied(place))))
            if outcome.kind != "read" and reader != "provenance":
                print(f"{reader}: a whole file was {outcome.kind}: {outcome.words.strip()[-200:]}")
        for number in range(inputs):
            random = Random(f"{reader} {seed} {number}")  # noqa: S311 - no secret
            files = one_input(reader, whole, random)
            path = written(files, emptied(Path(scratch) / "input"))
            began = time.perf_counter()
            outcome = judged(process, Request(reader, path))
            tally.slowest_s = max(tally.slowest_s, time.perf_counter() - began)
            tally.rss_mb = max(tally.rss_mb, outcome.rss_mb)
            tally.counts[outcome.kind] += 1
            if outcome.kind not in {"read", "refused"}:
                _keep(tally, outcome, files, out / f"{reader}-{seed}-{number}")
    return tally


def _keep(tally: Tally, outcome: Outcome, files: Files, folder: Path) -> None:
    """Keep the first inputs of every kind of trouble, told apart by their last line."""
    line = outcome.words.strip().splitlines()[-1]
    places = re.findall(r'File "[^"]*?/(sonoloop/[^"]+)", line (\d+)', outcome.words)
    kind = f"{outcome.kind}: {':'.join(places[-1]) if places else ''} {line}"
    kept = tally.examples.setdefault(kind[:200], [])
    if len(kept) < EXAMPLES_KEPT:
        written(files, emptied(folder))
        kept.append(f"{folder.name} {described(files)}")


def emptied(folder: Path) -> Path:
    """Make a folder, or remove what is in it."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def all_seeds(folder: Path) -> dict[str, list[Files]]:
    """Make the seeds, with a model's config."""
    made = seeds(folder)
    from sonoloop.synthesis.pretrained import BUNDLED  # noqa: PLC0415 - torch

    config = (BUNDLED / "default" / "config.json").read_bytes()
    weights = made["weights"][0]["a.safetensors"]
    made["model"] = [with_model({"config.json": config, "weights.safetensors": weights})]
    return made


def main() -> None:
    """Print a line per reader and what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=1000, help="per reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reader", action="append", choices=sorted(READERS))
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "fuzz")
    asked = parser.parse_args()
    total: Counter[str] = Counter()
    print("reader".ljust(14), *(word.rjust(8) for word in OUTCOMES), "slowest s", "most MB")
    with tempfile.TemporaryDirectory() as folder, LimitedProcess() as process:
        whole = all_seeds(Path(folder))
        for reader in asked.reader or sorted(READERS):
            tally = fuzz(
                process, reader, whole[reader], inputs=asked.inputs, seed=asked.seed, out=asked.out
            )
            total += tally.counts
            counts = (str(tally.counts[word]).rjust(8) for word in OUTCOMES)
            print(reader.ljust(14), *counts, f"{tally.slowest_s:9.1f} {tally.rss_mb:7.0f}")
            for kind, examples in tally.examples.items():
                print(f"  {kind}\n    {examples[0]}")
            sys.stdout.flush()
    print("all".ljust(14), *(str(total[word]).rjust(8) for word in OUTCOMES), sum(total.values()))


if __name__ == "__main__":
    # The limited process imports the functions it calls, and does not run a script to find them.
    import fuzz_readers

    fuzz_readers.main()
