"""What the service says of a job: the same for the page and for REST, no path of the server in it.

Field names are part of the documented interface (docs/serve.md).
"""

from pydantic import BaseModel, ConfigDict

from sonoloop.synthesis.manifest import CSV_FILE, PARQUET_FILE, Row
from sonoloop.web.job import Job, JobState
from sonoloop.web.service import FORMATS, SynthesisService


class LoopAnswer(BaseModel):
    """One loop: what it shows and where its files are."""

    model_config = ConfigDict(frozen=True)

    still: str
    sample: int
    seed: int
    num_frames: int
    frame_rate_hz: float
    height: int
    width: int
    unlike_training: bool
    files: dict[str, str]


class JobAnswer(BaseModel):
    """One job."""

    model_config = ConfigDict(frozen=True)

    id: str
    state: JobState
    ahead: int
    loops_done: int
    loops: int
    error: str | None
    remarks: list[str]
    results: list[LoopAnswer]
    manifest: dict[str, str]


class ModelAnswer(BaseModel):
    """What can be asked of the model here."""

    model_config = ConfigDict(frozen=True)

    name: str
    trained_on: str
    licence: str
    num_frames: int
    steps: int
    labels: list[str]
    motion: bool
    max_upload_mb: int
    max_files: int
    max_loops: int
    max_frames: int
    time_limit_s: float


def job_answer(service: SynthesisService, job_id: str, *, root: str) -> JobAnswer:
    """Describe a job.

    Args:
        service: Has it.
        job_id: Of the job.
        root: Address of the interface, such as ``/api/v1``.

    Raises:
        UnknownJobError: If there is none.
    """
    job = service.job(job_id)
    place = f"{root}/jobs/{job.id}/files"
    is_done = job.state == "done"
    return JobAnswer(
        id=job.id,
        state=job.state,
        ahead=service.num_ahead(job),
        loops_done=job.loops_done,
        loops=job.num_loops,
        error=job.error,
        remarks=list(job.remarks),
        results=[_loop(row, place) for row in job.rows] if is_done else [],
        manifest=_manifest(job, place) if is_done else {},
    )


def model_answer(service: SynthesisService) -> ModelAnswer:
    """Describe the model and the bounds of the server."""
    config, limits = service.model.config, service.limits
    return ModelAnswer(
        name=config.name,
        trained_on=config.trained_on,
        licence=config.licence,
        num_frames=config.clip.num_frames,
        steps=config.stage_2.num_inference_steps,
        labels=list(config.diffusion.labels) if config.diffusion is not None else [],
        motion=config.diffusion is not None and config.diffusion.motion,
        max_upload_mb=limits.max_upload_mb,
        max_files=limits.max_files,
        max_loops=limits.max_loops,
        max_frames=limits.max_frames,
        time_limit_s=limits.time_limit_s,
    )


def _loop(row: Row, place: str) -> LoopAnswer:
    return LoopAnswer.model_validate(
        {
            **{name: row[name] for name in LoopAnswer.model_fields if name in row},
            "still": row["source"],
            "unlike_training": bool(row["unusual"]),
            "files": {kind: f"{place}/{row[kind]}" for kind in FORMATS if row[kind]},
        }
    )


def _manifest(job: Job, place: str) -> dict[str, str]:
    names = {"csv": CSV_FILE, "parquet": PARQUET_FILE}
    return {kind: f"{place}/{name}" for kind, name in names.items() if (job.folder / name).exists()}
