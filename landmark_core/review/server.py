"""The review server's addresses: a page, its files, its pictures, and JSON.

Nothing here decides anything: requests are checked (`wire`), passed to the desk, and its answers
laid out. Every address stands in this file; there is no directory of files behind any of them.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from typing import Annotated, Any, Literal

import jinja2
from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from landmark_core.errors import LandmarkError, PhotoError
from landmark_core.report_text import printable
from landmark_core.review.desk import Desk
from landmark_core.review.guard import App, Guard
from landmark_core.review.pictures import Picture, Pictures, Size
from landmark_core.review.queue import Order
from landmark_core.review.refusals import RefusedError
from landmark_core.review.standing import version_of_item, version_token
from landmark_core.review.summary import ReviewSummary
from landmark_core.review.summary_text import audit_text, suggestion_text
from landmark_core.review.views import State, ViewQuery
from landmark_core.review.wire import (
    MOST_SELECTED,
    MOST_TAG,
    DecisionRequest,
    Reviewer,
    UndoRequest,
    action_to_json,
    first_line,
    progress_to_json,
    read_request,
    shown_to_json,
)
from landmark_core.review.words import ORDER_WORDS, STATE_WORDS

FIRST_ITEMS = 20
MOST_ITEMS = 200
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_GOOD = "private, max-age=31536000, immutable"
_MOST_RUNS = 100  # in the page's menu, the newest ones
Handler = Callable[[Request, Exception], Awaitable[Response]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What the server shows, and to whom."""

    desk: Desk
    pictures: Pictures
    summarise: Callable[[], ReviewSummary]
    out: str  # the place, the same for each start
    reviewer: str  # who decides unless the page says otherwise
    runs: tuple[str, ...]  # run ids
    token: str | None  # null: bound to loopback


def build_app(front: Front) -> App:
    """Return the application, guarded."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _add_pages(app, front)
    _add_pictures(app, front)
    _add_lists(app, front.desk)
    _add_writes(app, front.desk)
    _add_refusals(app)
    return Guard(app, front.token)


def _add_pages(app: FastAPI, front: Front) -> None:
    folder = resources.files("landmark_core.review") / "pages"
    texts = {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.is_file()}
    templates = jinja2.Environment(
        loader=jinja2.DictLoader(texts), autoescape=True, undefined=jinja2.StrictUndefined
    )
    templates.filters["shown"] = printable  # no control or direction character reaches the page
    settings = {
        "reviewer": front.reviewer,
        "out": printable(front.out),
        "out_name": last_part(front.out),
        # What is kept in the browser belongs to one OUT, whichever port it is served from.
        "out_id": hashlib.sha256(front.out.encode("utf-8", "backslashreplace")).hexdigest()[:16],
        "orders": [
            {"name": name, "label": label, "help": help_}
            for name, (label, help_) in ORDER_WORDS.items()
        ],
        "states": [{"name": name, "label": label} for name, label in STATE_WORDS.items()],
        "runs": sorted(front.runs, reverse=True)[:_MOST_RUNS],
        "max_selected": MOST_SELECTED,
    }

    @app.get("/", response_class=HTMLResponse)
    def page() -> str:
        return templates.get_template("review.html").render(settings=settings)

    @app.get("/summary", response_class=HTMLResponse)
    def summary() -> str:
        template = templates.get_template("summary.html")
        found = front.summarise()
        return template.render(
            out=printable(front.out),
            out_name=last_part(front.out),
            summary=found,
            suggestion=suggestion_text(found),
            audit=audit_text(found),
        )

    for name, text in texts.items():
        kind = _KINDS.get(name[name.rindex(".") :])
        if kind is not None:
            app.get(f"/static/{name}")(_static(text.encode(), kind))


def last_part(out: str) -> str:
    """Return the name of a folder or prefix, by which a person knows it."""
    return printable(out.rstrip("/").rpartition("/")[2] or out)


def _static(content: bytes, kind: str) -> Callable[[Request], Response]:
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}

    def serve(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=kind, headers=headers)

    return serve


def _add_pictures(app: FastAPI, front: Front) -> None:
    desk, pictures = front.desk, front.pictures

    def jpeg(picture: Picture, version: str, asked: str) -> Response:
        headers = {"x-photo-changed": "1" if picture.is_changed else "0"}
        if asked == version:
            headers["cache-control"] = _FOR_GOOD
        return Response(picture.jpeg, media_type="image/jpeg", headers=headers)

    @app.get("/photos/{photo_id}/{size}")
    def photo(photo_id: str, size: Literal["thumb", "screen", "full"], v: str = "") -> Response:
        item = desk.item(photo_id)
        side: Size = size
        return jpeg(pictures.photo(item, side), version_token(version_of_item(item)), v)

    @app.get("/heatmaps/{photo_id}")
    def heatmap(photo_id: str, v: str = "") -> Response:
        item = desk.item(photo_id)
        return jpeg(pictures.heatmap(item), version_token(version_of_item(item)), v)


def _add_lists(app: FastAPI, desk: Desk) -> None:
    @app.get("/api/tags")
    def tags() -> dict[str, Any]:
        return {"tags": [{"tag": tag, "photos": photos} for tag, photos in desk.tags()]}

    @app.get("/api/view")
    def view(
        reviewer: Reviewer,
        order: Order = "confidence",
        state: State = "waiting",
        tag: Annotated[str | None, Query(max_length=MOST_TAG)] = None,
        run: Annotated[str | None, Query(max_length=MOST_TAG)] = None,
        since: date | None = None,
        until: date | None = None,
        at: str | None = None,
    ) -> dict[str, Any]:
        query = ViewQuery(
            order=order,
            state=state,
            tag=tag,
            run=run,
            since_us=None if since is None else _moment_us(since),
            until_us=None if until is None else _moment_us(until, days=1),
        )
        progress = desk.progress(reviewer)  # first: it takes in what others decided
        opened = desk.open_view(query, at)
        _, numbers = desk.view(opened.view_id, opened.start, FIRST_ITEMS)
        return {
            "view": opened.view_id,
            "total": opened.total,
            "start": opened.start,
            "tag": opened.tag,
            "no_tag": opened.no_tag,
            "items": _items(desk, numbers),
            "progress": progress_to_json(progress),
        }

    @app.get("/api/view/{view_id}/items")
    def items(
        view_id: str,
        offset: Annotated[int, Query(ge=0)] = 0,
        count: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = FIRST_ITEMS,
    ) -> dict[str, Any]:
        total, numbers = desk.view(view_id, offset, count)
        return {"offset": offset, "total": total, "items": _items(desk, numbers)}

    @app.get("/api/photo/{photo_id}")
    def one(photo_id: str) -> dict[str, Any]:
        return shown_to_json(desk.show(desk.number_of(photo_id)))

    @app.get("/api/progress")
    def progress(reviewer: Reviewer) -> dict[str, Any]:
        return progress_to_json(desk.progress(reviewer))

    @app.get("/api/history")
    def history(
        reviewer: Reviewer, count: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = FIRST_ITEMS
    ) -> dict[str, Any]:
        return {"actions": [action_to_json(action) for action in desk.history(reviewer, count)]}


def _add_writes(app: FastAPI, desk: Desk) -> None:
    # The body is read here and not by the framework: what the guard refuses stays what it is.
    @app.post("/api/decisions")
    async def decide(request: Request) -> dict[str, Any]:
        asked = read_request(DecisionRequest, await request.body())

        def work() -> dict[str, Any]:
            numbers = desk.decide(
                asked.action_id,
                asked.reviewer,
                [(photo.photo_id, photo.version) for photo in asked.photos],
                answer=asked.verdict,
                tag=asked.tag,
                seconds=asked.seconds,
                shown_by=asked.shown_by,
            )
            progress = progress_to_json(desk.progress(asked.reviewer))
            return {"saved": len(numbers), "items": _items(desk, numbers), "progress": progress}

        return await run_in_threadpool(work)

    @app.post("/api/undo")
    async def undo(request: Request) -> dict[str, Any]:
        asked = read_request(UndoRequest, await request.body())

        def work() -> dict[str, Any]:
            found, numbers = desk.undo(asked.action_id, asked.reviewer, asked.undoes)
            return {
                "undone": action_to_json(found) if found else None,
                "items": _items(desk, numbers),
                "progress": progress_to_json(desk.progress(asked.reviewer)),
            }

        return await run_in_threadpool(work)


def _add_refusals(app: FastAPI) -> None:
    def answer(status: int, kind: str, error: str) -> Response:
        return JSONResponse({"error": error, "kind": kind}, status)

    handlers: dict[type[Exception], Callable[[Any], Response]] = {
        RefusedError: lambda error: answer(error.status, error.kind, error.error),
        RequestValidationError: lambda error: answer(422, "request", first_line(error.errors())),
        HTTPException: lambda error: answer(error.status_code, "address", str(error.detail)),
        PhotoError: lambda error: answer(404, "unreadable", str(error)),
        LandmarkError: lambda error: answer(503, "not_saved", str(error)),
        Exception: lambda _: answer(500, "unexpected", "something unexpected went wrong here"),
    }

    def bind(
        make: Callable[[Any], Response],
    ) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def handle(_: Request, error: Exception) -> Response:
            return make(error)

        return handle

    for kind, make in handlers.items():
        app.add_exception_handler(kind, bind(make))


def _items(desk: Desk, numbers: tuple[int, ...]) -> list[dict[str, Any]]:
    return [shown_to_json(desk.show(number)) for number in numbers]


def _moment_us(day: date, *, days: int = 0) -> int:
    """Return when a day begins here, in microseconds since 1970."""
    try:
        begins = datetime.combine(day + timedelta(days=days), time()).astimezone()
    except (OverflowError, ValueError, OSError) as error:  # the years 1 and 9999
        raise RefusedError(422, "request", f"expected a date of this century, got {day}") from error
    return (begins - _EPOCH) // timedelta(microseconds=1)
