"""The service by REST: the paths below ``/api/v1``, documented in docs/serve.md."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from sonoloop.errors import SonoloopError, UsageError
from sonoloop.web.answers import JobAnswer, ModelAnswer, job_answer, model_answer
from sonoloop.web.service import BusyError, SynthesisService, UnknownJobError
from sonoloop.web.settings import read_settings
from sonoloop.web.uploads import TooLargeError, Upload

ROOT: Final = "/api/v1"
STATUS: Final[dict[type[SonoloopError], int]] = {
    UsageError: 400,
    UnknownJobError: 404,
    TooLargeError: 413,
    BusyError: 503,
}
RETRY_AFTER_S: Final = "30"
MAX_PARTS: Final = 1000
"""Files and fields that are counted before a form is refused."""
MEDIA_TYPES: Final = {
    ".mp4": "video/mp4",
    ".gif": "image/gif",
    ".dcm": "application/dicom",
    ".npy": "application/octet-stream",
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
}


def routes(service: SynthesisService) -> APIRouter:
    """Translate requests for the service.

    Args:
        service: Does the work.
    """
    router = APIRouter(prefix=ROOT)

    @router.get("/model")
    def model() -> ModelAnswer:
        return model_answer(service)

    @router.post("/jobs", status_code=202)
    async def submit(request: Request) -> JobAnswer:
        try:
            form = await request.form(max_files=MAX_PARTS, max_fields=MAX_PARTS)
        except HTTPException as error:
            msg = f"the form cannot be read ({error.detail}): send multipart/form-data"
            raise UsageError(msg) from error
        try:
            files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            options = read_settings(fields).options()
            uploads = [Upload(file.filename or "", file.file) for file in files]
            job_id = await run_in_threadpool(service.submit, uploads, options)
        finally:
            await form.close()
        return job_answer(service, job_id, root=ROOT)

    @router.get("/jobs/{job_id}")
    def job(job_id: str) -> JobAnswer:
        return job_answer(service, job_id, root=ROOT)

    @router.delete("/jobs/{job_id}", status_code=204)
    def cancel(job_id: str) -> None:
        service.cancel(job_id)

    @router.get("/jobs/{job_id}/files/{name}")
    def file(job_id: str, name: str) -> FileResponse:
        path = service.file(job_id, name)
        return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], filename=path.name,
                            content_disposition_type="inline")  # fmt: skip

    return router


def refusal(_: Request, error: Exception) -> JSONResponse:
    """Say in one sentence why a request cannot be served."""
    kinds = [kind for kind in STATUS if isinstance(error, kind)]
    status = STATUS[kinds[0]] if kinds else 500
    headers = {"retry-after": RETRY_AFTER_S} if isinstance(error, BusyError) else None
    return JSONResponse({"error": str(error)}, status, headers)


def http_refusal(_: Request, error: Exception) -> JSONResponse:
    """Say the same of addresses and methods that do not exist."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "an error that should not be"
    return JSONResponse({"error": f"{detail}: see docs/serve.md"}, status)


def field_refusal(_: Request, error: Exception) -> JSONResponse:
    """Name the first field that is missing or wrong."""
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    sentences = [f"{problem['loc'][-1]}: {problem['msg']}" for problem in problems]
    return JSONResponse({"error": sentences[0] if sentences else str(error)}, 400)
