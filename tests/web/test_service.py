"""The service without any web: order, bounds, cancelling, and sentences for what goes wrong."""

import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sonoloop.errors import UsageError
from sonoloop.synthesis.batch_options import BatchOptions
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.synthesis.loops import LoopOptions
from sonoloop.synthesis.provenance import read_provenance
from sonoloop.web.limits import Limits
from sonoloop.web.service import BusyError, SynthesisService, UnknownJobError
from sonoloop.web.uploads import TooLargeError, Upload

from .shared_stills import png

WAIT_S = 60.0


def upload(name: str = "a still.png", content: bytes | None = None) -> Upload:
    """Send a still."""
    return Upload(name, io.BytesIO(png() if content is None else content))


@pytest.fixture
def service(model: ImageToVideo, tmp_path: Path) -> Iterator[SynthesisService]:
    """Run a service with few places."""
    limits = Limits(max_queue=2, max_upload_mb=1, max_kept=2, max_frames=2000)
    with SynthesisService(model, tmp_path / "jobs", limits) as running:
        yield running


LONG = BatchOptions(loops=LoopOptions(num_frames=1600))
"""Work of many windows: it would take minutes."""


def running_long(service: SynthesisService) -> str:
    """Keep the worker busy."""
    job_id = service.submit([upload()], LONG)
    while service.job(job_id).state == "queued":
        time.sleep(0.005)
    return job_id


def test_loops_come_with_all_files_and_their_origin(service: SynthesisService) -> None:
    """mp4, gif, DICOM and npy of each sample, a manifest, and nothing left of what was sent."""
    job_id = service.submit([upload("a still.png")], BatchOptions(num_samples=2, seed=3))
    job = service.wait(job_id, WAIT_S)
    assert job.state == "done", job.error
    assert (job.loops_done, len(job.rows)) == (2, 2)
    for row in job.rows:
        assert read_provenance(service.file(job_id, str(row["mp4"]))).seed == 3
        assert np.load(service.file(job_id, str(row["npy"]))).shape == (16, 91, 123)
        assert service.file(job_id, str(row["gif"])).stat().st_size > 0
        assert service.file(job_id, str(row["dicom"])).stat().st_size > 0
        assert row["source"] == "a still.png"
        assert row["marked"] is True
    assert service.file(job_id, "manifest.csv").is_file()
    assert not list(job.folder.rglob("*.png"))


def test_loops_are_those_of_the_command(
    service: SynthesisService, model: ImageToVideo, tmp_path: Path
) -> None:
    """There is one way to make loops: same still, seed and sample, same grey levels."""
    still = tmp_path / "still.png"
    still.write_bytes(png())
    job = service.wait(service.submit([upload()], BatchOptions(seed=5)), WAIT_S)
    served = np.load(service.file(job.id, str(job.rows[0]["npy"])))
    assert np.array_equal(served, model(still, seed=5)[0][0])


def test_jobs_are_worked_on_in_order(service: SynthesisService) -> None:
    """Who comes first is served first, and those who wait know how many are before them."""
    first = running_long(service)
    second, third = (service.submit([upload()], BatchOptions(seed=n)) for n in range(2))
    assert service.num_ahead(service.job(second)) == 1
    assert service.num_ahead(service.job(third)) == 2
    service.cancel(first)
    assert service.wait(third, WAIT_S).state == "done"
    assert service.job(second).state == "done"
    assert service.job(second).began_s < service.job(third).began_s


def test_full_queue_is_a_sentence(service: SynthesisService) -> None:
    """Two wait, a third is told to come back; nothing of it stays on disk."""
    running_long(service)
    for _ in range(2):
        service.submit([upload()], LONG)
    with pytest.raises(BusyError, match="2 requests are waiting already"):
        service.submit([upload()], LONG)
    assert len(list(service.folder.iterdir())) == 3


def test_cancelling_stops_the_work_at_once(service: SynthesisService) -> None:
    """A job of minutes ends within its window; its folder goes."""
    job_id = running_long(service)
    began = time.monotonic()
    service.cancel(job_id)
    job = service.wait(job_id, WAIT_S)
    assert job.state == "cancelled"
    assert time.monotonic() - began < 5
    assert not job.folder.exists()


def test_waiting_job_leaves_the_queue(service: SynthesisService) -> None:
    """It is never begun."""
    running = running_long(service)
    waiting = service.submit([upload()], BatchOptions())
    service.cancel(waiting)
    assert service.job(waiting).state == "cancelled"
    assert service.num_ahead(service.job(waiting)) == 0
    service.cancel(running)
    service.wait(running, WAIT_S)
    assert service.job(waiting).began_s == 0


def test_time_limit_ends_a_job_and_not_the_server(model: ImageToVideo, tmp_path: Path) -> None:
    """The sentence says how long, and the next job is made."""
    limits = Limits(time_limit_s=0.5, max_frames=2000)
    with SynthesisService(model, tmp_path, limits) as service:
        job = service.wait(service.submit([upload()], LONG), WAIT_S)
        assert job.state == "failed"
        assert job.error is not None
        assert "stopped after 0.5 s" in job.error
    with SynthesisService(model, tmp_path / "next", Limits()) as service:
        assert service.wait(service.submit([upload()], BatchOptions()), WAIT_S).state == "done"


def test_unreadable_still_is_named_by_what_its_sender_calls_it(service: SynthesisService) -> None:
    """No path of the server, no traceback; the good still beside it is moved."""
    job = service.wait(service.submit([upload("x.png", b"garbage")], BatchOptions()), WAIT_S)
    assert job.state == "failed"
    assert job.error is not None
    assert job.error.startswith("x.png: its content is no picture")
    assert str(service.folder) not in job.error
    both = [upload("x.png", b"garbage"), upload("good.png")]
    job = service.wait(service.submit(both, BatchOptions()), WAIT_S)
    assert job.state == "done"
    assert [row["source"] for row in job.rows] == ["good.png"]
    assert any(line.startswith("left out: x.png: its content") for line in job.remarks)


def test_unexpected_error_is_a_sentence_and_the_server_goes_on(
    service: SynthesisService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The terminal shows where it happened, but no text that could name a patient."""

    def broken(*_: object, **__: object) -> None:
        msg = "patient Meier"
        raise KeyError(msg)

    with monkeypatch.context() as patch:
        patch.setattr("sonoloop.web.service.synthesize_batch", broken)
        job = service.wait(service.submit([upload()], BatchOptions()), WAIT_S)
    assert job.error == "an error that should not be (KeyError): tell who runs the server"
    assert "broken" in caplog.text
    assert "Meier" not in caplog.text
    assert service.wait(service.submit([upload()], BatchOptions()), WAIT_S).state == "done"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError(), "the server is out of memory: ask for fewer or smaller loops"),
        (OSError(28, "No space left"), "the server cannot write the loops (No space left)"),
    ],
)
def test_exhausted_machine_is_a_sentence(
    service: SynthesisService,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    sentence: str,
) -> None:
    """Memory and disk that are over are told apart."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("sonoloop.web.service.synthesize_batch", fail)
    job = service.wait(service.submit([upload()], BatchOptions()), WAIT_S)
    assert job.error is not None
    assert sentence in job.error


def test_too_much_is_refused_before_any_work(service: SynthesisService) -> None:
    """Files, bytes, loops and frames; and what the model does not know."""
    with pytest.raises(TooLargeError, match="500 files were sent, at most 50"):
        service.submit([upload()] * 500, BatchOptions())
    with pytest.raises(TooLargeError, match="larger than 1 MB together"):
        service.submit([upload("big.png", bytes(1_000_001))], BatchOptions())
    with pytest.raises(TooLargeError, match="9999 frames were asked for, at most 2000"):
        service.submit([upload()], BatchOptions(loops=LoopOptions(num_frames=9999)))
    with pytest.raises(UsageError, match="no still was sent"):
        service.submit([], BatchOptions())
    with pytest.raises(UsageError, match="this model was trained without labels"):
        service.submit([upload()], BatchOptions(loops=LoopOptions(label="cyst")))
    assert not service.folder.exists() or not list(service.folder.iterdir())


def test_loops_larger_than_memory_are_refused(model: ImageToVideo, tmp_path: Path) -> None:
    """A small file can be a large picture."""
    with SynthesisService(model, tmp_path, Limits(max_loop_mb=20)) as service:
        large = upload("large.png", png(height=1500, width=2000))
        job = service.wait(service.submit([large], BatchOptions()), WAIT_S)
    assert job.error is not None
    assert "large.png: is 2000 x 1500 pixels: its loops would take 48 MB, at most 20" in job.error


def test_old_jobs_are_forgotten_with_their_files(service: SynthesisService) -> None:
    """Memory and disk stay bounded however long the server runs."""
    ids = []
    for seed in range(3):
        ids.append(service.submit([upload()], BatchOptions(seed=seed)))
        service.wait(ids[-1], WAIT_S)
    with pytest.raises(UnknownJobError, match="forgotten because newer ones came"):
        service.job(ids[0])
    assert sorted(path.name for path in service.folder.iterdir()) == sorted(ids[1:])


def test_files_of_a_folder_asked_for_are_kept(model: ImageToVideo, tmp_path: Path) -> None:
    """With --out the loops stay on disk."""
    limits = Limits(max_kept=1)
    with SynthesisService(model, tmp_path, limits, keep_files=True) as service:
        ids = [service.submit([upload()], BatchOptions(seed=n)) for n in range(2)]
        service.wait(ids[1], WAIT_S)
        with pytest.raises(UnknownJobError):
            service.job(ids[0])
    assert all((tmp_path / job_id / "manifest.csv").is_file() for job_id in ids)


@pytest.mark.parametrize("name", ["../secret", "..", ".stills", "/etc/passwd", "a\0b", "nothing"])
def test_only_files_of_the_job_are_given(service: SynthesisService, name: str) -> None:
    """No name leads out of its folder."""
    job = service.wait(service.submit([upload()], BatchOptions()), WAIT_S)
    (service.folder / "secret").write_text("x")
    with pytest.raises(UnknownJobError, match="there is no such file"):
        service.file(job.id, name)


def test_finished_job_can_be_removed(service: SynthesisService) -> None:
    """Its loops go at once."""
    job = service.wait(service.submit([upload()], BatchOptions()), WAIT_S)
    service.cancel(job.id)
    assert not job.folder.exists()
    with pytest.raises(UnknownJobError):
        service.job(job.id)


def test_closing_ends_the_worker(model: ImageToVideo, tmp_path: Path) -> None:
    """A long job does not keep the process."""
    before = set(threading.enumerate())
    with SynthesisService(model, tmp_path, Limits(max_frames=2000)) as service:
        running_long(service)
    assert not any(thread.name == "synthesis" for thread in set(threading.enumerate()) - before)
