"""What is said of jobs and models."""

import io
from pathlib import Path

import pytest

from sonoloop.synthesis.batch_options import BatchOptions
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.web.answers import job_answer, model_answer
from sonoloop.web.limits import Limits
from sonoloop.web.service import SynthesisService, UnknownJobError
from sonoloop.web.uploads import Upload

from .shared_stills import png


def test_finished_job_lists_its_files_and_no_path(model: ImageToVideo, tmp_path: Path) -> None:
    """Every address leads to a file; nothing tells where the server keeps it."""
    with SynthesisService(model, tmp_path / "jobs", Limits()) as service:
        job_id = service.submit([Upload("a.png", io.BytesIO(png()))], BatchOptions(num_samples=2))
        service.wait(job_id, 60.0)
        answer = job_answer(service, job_id, root="/root")
        assert str(tmp_path) not in answer.model_dump_json()
        assert [result.sample for result in answer.results] == [0, 1]
        for result in answer.results:
            assert (result.height, result.width, result.num_frames) == (91, 123, 16)
            for address in result.files.values():
                assert service.file(job_id, address.rsplit("/", 1)[1]).is_file()
        assert set(answer.manifest) == {"csv", "parquet"}
        with pytest.raises(UnknownJobError):
            job_answer(service, "other", root="/root")


def test_model_tells_its_control(model: ImageToVideo, tmp_path: Path) -> None:
    """The page shows only what the model knows."""
    with SynthesisService(model, tmp_path, Limits(max_files=3)) as service:
        answer = model_answer(service)
    assert (answer.labels, answer.motion, answer.steps, answer.max_files) == ([], False, 2, 3)
