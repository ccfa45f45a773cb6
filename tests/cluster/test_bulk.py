"""Stills in a bucket become shards in a bucket, each loop once, whoever dies."""

import io
import tarfile
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]
import numpy as np
import polars as pl
import pytest
import torch
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from PIL import Image
from rich.console import Console

from sonoloop.cluster import bulk
from sonoloop.cluster.bulk import BulkResult, synthesize_in_bulk
from sonoloop.cluster.shard import make_shard, settings_of, shard_name
from sonoloop.cluster.shard_folder import ShardFolder
from sonoloop.cluster.still_listing import list_stills
from sonoloop.errors import UsageError
from sonoloop.recipes.torch_threads import torch_threads
from sonoloop.synthesis.batch import synthesize_batch
from sonoloop.synthesis.batch_options import BatchOptions, StillFile
from sonoloop.synthesis.image_to_video import ImageToVideo

NUM_STILLS, PER_SHARD, SAMPLES = 12, 3, 2
OPTIONS = BatchOptions(
    num_samples=SAMPLES, seed=5, formats=("npy",), num_inference_steps=1, batch_size=4
)


class Gate:
    """Answers a few requests for pictures, then none until it is opened."""

    def __init__(self, answered: int) -> None:
        """Let so many pass."""
        self.opened = threading.Event()
        self.waiting = threading.Semaphore(0)
        self._pass = threading.Semaphore(answered)
        self._answer = DomainDispatcherApplication.__call__

    def of(self, application: Any, environ: Any, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401
        """Stand before the server."""
        is_picture = environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"].endswith(".png")
        if is_picture and not self._pass.acquire(blocking=False):
            self.waiting.release()
            self.opened.wait(300)
        found: Iterable[bytes] = self._answer(application, environ, start_response)
        return found


def _png(seed: int) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(1, 255, (40, 48), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _shards(files: Any, place: str) -> dict[str, dict[str, bytes]]:  # noqa: ANN401
    """Read what lies in a place: archives by name, each with its members, rows left out."""
    found = {}
    for path in files.glob(f"{place}/*.tar"):
        with tarfile.open(fileobj=io.BytesIO(files.cat_file(path))) as archive:
            found[path.rsplit("/", 1)[1]] = {
                entry.name: archive.extractfile(entry).read()  # type: ignore[union-attr]
                for entry in archive
            }
    return found


def _rows(files: Any, place: str) -> pl.DataFrame:  # noqa: ANN401
    tables = [files.cat_file(path) for path in files.glob(f"{place}/*.parquet")]
    return pl.concat(pl.read_parquet(io.BytesIO(content)) for content in tables)


@pytest.mark.usefixtures("ray_here")
def test_each_loop_is_there_once(model_folder: Path, tmp_path: Path) -> None:
    """The first shard is lost with its worker; a second call makes only what is lacking."""
    stills, out, text = tmp_path / "stills", tmp_path / "loops", StringIO()
    stills.mkdir()
    for number in range(NUM_STILLS):
        (stills / f"patient_{number:02}.png").write_bytes(_png(number))

    def run(**changed: Any) -> BulkResult:  # noqa: ANN401
        return synthesize_in_bulk(
            [str(stills)],
            str(out),
            replace(OPTIONS, **changed),
            model=str(model_folder),
            stills_per_shard=PER_SHARD,
            console=Console(file=text, width=200),
        )

    files = fsspec.filesystem("file")
    assert run().num_loops == NUM_STILLS * SAMPLES
    assert "was lost with its worker: started again" in text.getvalue()
    shards = _shards(files, str(out))
    assert len(shards) == NUM_STILLS / PER_SHARD
    _check_once(_rows(files, str(out)), shards)
    lost = out / min(shards)
    lost.unlink()
    lost.with_suffix(".parquet").unlink()
    (stills / "a.png").write_bytes(b"no picture")
    result = run()
    assert (result.num_loops, result.num_there) == (PER_SHARD * SAMPLES, NUM_STILLS - PER_SHARD)
    assert result.num_failed == 1
    assert f"skipped {stills / 'a.png'}: " in text.getvalue()
    _check_once(_rows(files, str(out)), _shards(files, str(out)))
    assert not list(out.glob(".*"))
    with pytest.raises(UsageError, match="holds loops with seed 5, 6 was asked for"):
        run(seed=6)


@pytest.mark.usefixtures("ray_here")
def test_loops_are_those_of_one_process(
    model_folder: Path, model: ImageToVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes where shards hold whole batches: every worker sets its threads."""
    stills, shards_out, loops_out = (tmp_path / name for name in ("stills", "shards", "loops"))
    stills.mkdir()
    for number in range(NUM_STILLS):
        (stills / f"patient_{number:02}.png").write_bytes(_png(number))
    seen = []

    def make(*arguments: Any) -> Any:  # noqa: ANN401
        seen.append(torch.get_num_threads())
        return make_shard(*arguments)

    monkeypatch.setattr(bulk, "make_shard", make)
    with torch_threads(2):  # as Ray may leave it
        synthesize_in_bulk(
            *([str(stills)], str(shards_out), OPTIONS),
            model=str(model_folder),
            stills_per_shard=4,  # with two loops each: two batches of four
            threads=1,
            console=Console(file=StringIO()),
        )
    files = [StillFile(path, path.name) for path in sorted(stills.iterdir())]
    loops_out.mkdir()
    with torch_threads(1):
        synthesize_batch(model, files, loops_out, OPTIONS, advance=lambda _: None)
    assert seen == [1] * (NUM_STILLS // 4)
    shards = _shards(fsspec.filesystem("file"), str(shards_out)).values()
    found = {name: content for shard in shards for name, content in shard.items()}
    assert found == {path.name: path.read_bytes() for path in loops_out.glob("*.npy")}
    assert len(found) == NUM_STILLS * SAMPLES


@pytest.mark.slow
def test_each_loop_is_there_once_after_a_machine_died(
    machines: Any,  # noqa: ANN401 - of conftest.py
    bucket: str,
    model_folder: Path,
    model: ImageToVideo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both machines are caught fetching a still; one is killed. Then a shard is lost.

    Archives have the bytes that this process gives for the same shard.
    """
    files = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    for number in range(NUM_STILLS):
        files.pipe_file(f"{bucket}/stills/patient_{number:02}.png", _png(number))
    place = f"{bucket}/loops"
    text = StringIO()

    def run() -> BulkResult:
        return synthesize_in_bulk(
            [f"s3://{bucket}/stills"],
            f"s3://{place}",
            OPTIONS,
            model=str(model_folder),
            stills_per_shard=PER_SHARD,
            address=machines.address,
            console=Console(file=text, width=200),
        )

    gate = Gate(answered=PER_SHARD)

    def kill_one_of_both() -> None:
        for _ in range(2):
            gate.waiting.acquire(timeout=300)
        machines.kill()
        gate.opened.set()

    killer = threading.Thread(target=kill_one_of_both)
    killer.start()
    with monkeypatch.context() as patch:
        patch.setattr(
            DomainDispatcherApplication,
            "__call__",
            lambda *call: gate.of(*call),  # noqa: PLW0108 - a function, to be given its application
        )
        result = run()
    killer.join()
    assert result == BulkResult(num_loops=NUM_STILLS * SAMPLES, num_unusual=result.num_unusual)
    assert "was lost with its worker: started again" in text.getvalue()

    stills = list(list_stills([f"s3://{bucket}/stills"]))
    assert [still.name for still in stills] == [
        f"patient_{number:02}.png" for number in range(NUM_STILLS)
    ]
    settings = settings_of(model, OPTIONS)
    with torch_threads(1):
        for start in range(0, NUM_STILLS, PER_SHARD):
            some = stills[start : start + PER_SHARD]
            name = shard_name(settings, some)
            make_shard(model, some, name, ShardFolder(str(tmp_path)), OPTIONS)
    shards = _shards(files, place)
    assert shards == _shards(fsspec.filesystem("file"), str(tmp_path))
    _check_once(_rows(files, place), shards)

    lost = min(shards).removesuffix(".tar")
    files.rm_file(f"{place}/{lost}.parquet")
    files.pipe_file(f"{bucket}/stills/000 not one.png", b"no picture")
    result = run()
    made_again = PER_SHARD * SAMPLES
    assert (result.num_loops, result.num_there) == (made_again, NUM_STILLS - PER_SHARD)
    assert result.num_failed == 1
    assert "skipped" in text.getvalue()
    assert "not one.png" in text.getvalue()
    _check_once(_rows(files, place), _shards(files, place))


def _check_once(rows: pl.DataFrame, shards: dict[str, dict[str, bytes]]) -> None:
    """Each still has each of its samples once, in the archive that its row names."""
    loops = Counter(zip(rows["source"], rows["sample"], strict=True))
    wanted = {
        (f"patient_{n:02}.png", sample) for n in range(NUM_STILLS) for sample in range(SAMPLES)
    }
    assert loops == dict.fromkeys(wanted, 1)
    named = Counter(zip(rows["shard"], rows["npy"], strict=True))
    assert set(named.values()) == {1}
    assert named.keys() <= {(shard, name) for shard, names in shards.items() for name in names}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"stills_per_shard": 0}, "--shard 0: at least 1 is needed"),
        ({"threads": 0}, "--threads 0: at least 1 is needed"),
        ({"model": "nonsense"}, "there is no model 'nonsense'"),
    ],
)
def test_wrong_options_start_nothing(
    change: dict[str, Any], sentence: str, model_folder: Path, tmp_path: Path
) -> None:
    """No cluster, no shard."""
    arguments = {"model": str(model_folder)} | change
    with pytest.raises(UsageError, match=sentence):
        synthesize_in_bulk(["still.png"], str(tmp_path / "loops"), OPTIONS, **arguments)
    assert not list(tmp_path.glob("loops/*"))
