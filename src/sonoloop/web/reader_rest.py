"""The reader study by HTTP: one page, and three addresses that it asks."""

from typing import Final

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ConfigDict

from sonoloop.web.assets import read_asset
from sonoloop.web.reader_scores import sentence
from sonoloop.web.reader_study import ReaderStudy

ROOT: Final = "/api/v1/reader"
NOT_KEPT: Final = {"cache-control": "no-store"}
"""The same address shows another clip to another reader."""


class TaskAnswer(BaseModel):
    """What a reader's page shows next."""

    model_config = ConfigDict(frozen=True)

    number: int | None
    """None when all is judged."""
    num_done: int
    num_clips: int
    result: str | None
    """In words, once all is judged and not before."""


class Judgement(BaseModel):
    """What a reader says of a clip."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reader: str
    number: int
    answer: str
    realism: int
    seconds: float


def routes(study: ReaderStudy) -> APIRouter:
    """Translate requests for the study.

    Args:
        study: Keeps the answers.
    """
    router = APIRouter()

    @router.get("/")
    def page() -> HTMLResponse:
        return HTMLResponse(read_asset("reader.html"))

    @router.get("/reader.{kind}")
    def part(kind: str) -> Response:
        media_type = {"js": "text/javascript", "css": "text/css"}.get(kind)
        content = read_asset(f"reader.{kind}") if media_type else ""
        return Response(content, 200 if media_type else 404, media_type=media_type)

    @router.get(f"{ROOT}/{{reader}}")
    def task(reader: str) -> TaskAnswer:
        return _task(study, reader)

    @router.get(f"{ROOT}/{{reader}}/clips/{{number}}")
    def clip(reader: str, number: int) -> Response:
        return Response(study.video(reader, number), media_type="video/mp4", headers=NOT_KEPT)

    @router.post(f"{ROOT}/answers", status_code=201)
    async def answer(given: Judgement) -> TaskAnswer:
        await run_in_threadpool(
            study.answer,
            given.reader,
            given.number,
            answer=given.answer,
            realism=given.realism,
            seconds=given.seconds,
        )
        return _task(study, given.reader)

    return router


def _task(study: ReaderStudy, reader: str) -> TaskAnswer:
    task = study.next(reader)
    if task is not None:
        return TaskAnswer(
            number=task.number, num_done=task.num_done, num_clips=task.num_clips, result=None
        )
    found = study.score(reader)
    num_clips = len(study.clips.clips)
    return TaskAnswer(
        number=None,
        num_done=num_clips,
        num_clips=num_clips,
        result=sentence(found) if found is not None else None,
    )
