"""``sonoloop synthesize --engine ray``: stills by the million, shard by shard.

The driver only counts: it lists stills as they are needed, hands out shards, no more than two for
each place to work, and takes back how many loops were made. Workers fetch stills and write shards.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import ray
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from sonoloop.cluster.connection import connected
from sonoloop.cluster.dispatch import Job, dispatched
from sonoloop.cluster.folder_bytes import pack_folder, unpack_folder
from sonoloop.cluster.shard import ShardReport, make_shard, settings_of, shard_name
from sonoloop.cluster.shard_folder import ShardFolder
from sonoloop.cluster.software import Terms, require_software, software
from sonoloop.cluster.still_listing import ListedStill, list_stills
from sonoloop.errors import UsageError
from sonoloop.folder_claim import claimed
from sonoloop.recipes.torch_threads import torch_threads
from sonoloop.report.words import counted
from sonoloop.synthesis.batch_options import BatchOptions
from sonoloop.synthesis.controlled_sampling import check_control
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.pretrained import find_model

UNDER_WAY_PER_SLOT: Final = 2
"""One being made, one waiting: workers never wait for the driver, and memory stays flat."""
_loaded: dict[str, ImageToVideo] = {}
"""The model of a worker process, by its checksum: loaded once."""


@dataclass
class BulkResult:
    """What was done.

    Args:
        num_loops: Loops that were made now.
        num_there: Stills whose loops were there already.
        num_unusual: Stills unlike the model's training data.
        num_failed: Stills that could not be used.
    """

    num_loops: int = 0
    num_there: int = 0
    num_unusual: int = 0
    num_failed: int = 0


def synthesize_in_bulk(
    images: Sequence[str],
    out: str,
    options: BatchOptions,
    *,
    model: str,
    stills_per_shard: int = 64,
    address: str | None = None,
    threads: int = 1,
    console: Console | None = None,
) -> BulkResult:
    """Animate stills on a cluster, into shards.

    Args:
        images: What to move; see :func:`~sonoloop.cluster.still_listing.list_stills`.
        out: Where shards go: a folder that all machines see, or an address.
        options: What to make of every still.
        model: Name of a bundled model, or a model folder on this machine.
        stills_per_shard: The more, the fewer files; what is lost with a worker is at most this.
        address: Of the cluster's head; None starts Ray on this machine.
        threads: CPU threads of each worker.
        console: Where to report; None takes the terminal.

    Returns:
        What was made, was there and could not be used.

    Raises:
        UsageError: If there is nothing to do, an option is wrong, or ``out`` holds other loops.
        SonoloopError: If there is no cluster, or a shard was lost again and again.
    """
    console = console or Console()
    if stills_per_shard < 1:
        msg = f"--shard {stills_per_shard}: at least 1 is needed"
        raise UsageError(msg)
    animator = ImageToVideo.from_pretrained(model, device="cpu")
    check_control(animator.sampler, options.loops)
    folder = ShardFolder(out)
    settings = settings_of(animator, options)
    listed = list_stills(images)
    if folder.local is not None:
        folder.local.mkdir(parents=True, exist_ok=True)
    result = BulkResult()
    with (
        nullcontext() if folder.local is None else claimed(folder.local),
        connected(address, threads=threads) as cluster,
    ):
        folder.claim_settings(settings)
        finished = {int(key, 16) for key in folder.finished()}
        _say(console, cluster.describe())
        packed = ray.put(pack_folder(find_model(model)))
        make = ray.remote(**cluster.resources)(make_remotely)
        terms = Terms(threads, software(), cluster.device)
        place = out if folder.local is None else str(folder.local.resolve())

        def jobs() -> Iterator[Job]:
            for stills in _chunks(listed, stills_per_shard):
                left = [still for still in stills if int(still.key, 16) not in finished]
                result.num_there += len(stills) - len(left)
                if left:
                    name = shard_name(settings, left)
                    yield Job(name, _starter(make, [packed], left, name, place, options, terms))

        columns = (TextColumn("{task.completed} stills"), TimeElapsedColumn())
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("stills", total=None)
            under_way = lambda: UNDER_WAY_PER_SLOT * cluster.slots  # noqa: E731
            for _, report in dispatched(jobs(), under_way, lambda line: _say(console, line)):
                progress.advance(task, report.num_stills)
                _count(result, report, console)
    _say(console, _summary(result, out))
    return result


def _chunks(listed: Iterator[ListedStill], size: int) -> Iterator[list[ListedStill]]:
    """Divide the listing at places that do not depend on what is done already."""
    while some := list(islice(listed, size)):
        yield some


def _starter(make: Any, *arguments: object) -> Any:  # noqa: ANN401 - Ray's function
    return lambda: make.remote(*arguments)


def make_remotely(
    packed: list[Any],
    stills: Sequence[ListedStill],
    name: str,
    out: str,
    options: BatchOptions,
    terms: Terms,
) -> ShardReport:
    """Make a shard on a worker.

    Args:
        packed: Reference to the model's folder, in a list: Ray then leaves it where it is.
        stills: What to move.
        name: Of the shard.
        out: Where it goes.
        options: What to make of every still.
        terms: Of the computation.

    Returns:
        What became of the stills.
    """
    require_software(terms.software)
    with torch_threads(terms.threads):
        (reference,) = packed
        key = reference.hex()
        if key not in _loaded:
            _loaded.clear()
            with TemporaryDirectory(prefix="sonoloop-") as folder:
                unpack_folder(ray.get(reference), Path(folder))
                _loaded[key] = ImageToVideo.from_pretrained(Path(folder), device=terms.device)
        return make_shard(_loaded[key], stills, name, ShardFolder(out), options)


def _count(result: BulkResult, report: ShardReport, console: Console) -> None:
    """Add up, and name what could not be used: it is in no manifest."""
    result.num_loops += report.num_loops
    result.num_unusual += report.num_unusual
    result.num_failed += len(report.failures)
    for sentence in report.failures:
        _say(console, f"skipped {sentence}")
    for sentence, count in report.warnings.items():
        _say(console, f"{counted(count, 'still')}: {sentence}")


def _summary(result: BulkResult, out: str) -> str:
    parts = [f"{counted(result.num_loops, 'loop')} written to {out}"]
    if result.num_there:
        parts.append(f"those of {counted(result.num_there, 'still')} already there")
    if result.num_unusual:
        parts.append(f"{counted(result.num_unusual, 'still')} unlike the model's training data")
    if result.num_failed:
        parts.append(f"{counted(result.num_failed, 'still')} could not be used")
    return ", ".join(parts)


def _say(console: Console, sentence: str) -> None:
    console.print(sentence, highlight=False, markup=False, soft_wrap=True)
