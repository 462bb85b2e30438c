"""The echo service as a Starlette application: the part of httpbin that a gateway is tried with.

`/anything` and `/api` answer every method with the whole request; the rest makes answers of a kind (a status, a delay,
bytes, a stream) to see a gateway pass them on. Bodies, delays and sizes are capped: it also runs beside load tests.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from ostiary.demo.echo.answer import Answer, EchoedRequest, build_answer, render
from ostiary.demo.loopback import read_body

MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_DELAY_S = 10.0
MAX_BYTES = 100 * 1024
MAX_LINES = 100
MAX_FORM_FIELDS = 1000

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
WITHOUT_BODY = ("url", "args", "headers", "origin")
WITH_BODY = ("url", "args", "form", "data", "origin", "headers", "files", "json")
REDIRECTS = frozenset({301, 302, 303, 305, 307, 308})


def create_app() -> Starlette:
    """Return the application. It keeps nothing between requests."""
    every_method = Anything()
    return Starlette(
        routes=[
            Route("/anything", every_method),
            Route("/anything/{path:path}", every_method),
            Route("/api", every_method),
            Route("/api/{path:path}", every_method),
            Route("/get", get),
            Route("/post", post, methods=["POST"]),
            Route("/headers", headers),
            Route("/status/{code:int}", status, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"]),
            Route("/delay/{seconds:float}", delay, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"]),
            Route("/bytes/{count:int}", some_bytes),
            Route("/stream/{lines:int}", stream),
            Route("/health", health),
        ]
    )


class Anything:
    """Answer the whole request, whatever its method: as an ASGI application it is not asked for a list of them."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = build_answer(await read_request(Request(scope, receive)))
        await respond(answer)(scope, receive, send)


async def get(request: Request) -> Response:
    """Answer what there is without a body."""
    return respond(build_answer(await read_request(request), *WITHOUT_BODY))


async def post(request: Request) -> Response:
    """Answer the body as well."""
    return respond(build_answer(await read_request(request), *WITH_BODY))


async def headers(request: Request) -> Response:
    """Answer the headers alone."""
    return respond(build_answer(await read_request(request), "headers"))


async def status(request: Request) -> Response:
    """Answer with the status that the path names, 200 to 599: an interim response is not ours to make up."""
    code: int = request.path_params["code"]
    if not 200 <= code <= 599:
        raise HTTPException(400, "the status must be from 200 to 599")
    fields = {"Location": "/get"} if code in REDIRECTS else {}
    if code == 401:
        fields["WWW-Authenticate"] = 'Basic realm="echo"'
    return Response(status_code=code, headers=fields)


async def delay(request: Request) -> Response:
    """Wait as long as the path says, at most ten seconds, then answer."""
    echoed = await read_request(request)
    await asyncio.sleep(min(request.path_params["seconds"], MAX_DELAY_S))
    return respond(build_answer(echoed, *(name for name in WITH_BODY if name != "json")))


async def some_bytes(request: Request) -> Response:
    """Answer so many random bytes, at most 100 KiB."""
    count = min(request.path_params["count"], MAX_BYTES)
    return Response(os.urandom(count), media_type="application/octet-stream")


async def stream(request: Request) -> Response:
    """Answer so many lines of JSON, at most a hundred, one after the other."""
    answer = build_answer(await read_request(request), *WITHOUT_BODY)
    return StreamingResponse(
        _lines(answer, min(request.path_params["lines"], MAX_LINES)), media_type="application/json"
    )


async def health(_request: Request) -> Response:
    """Answer that it runs."""
    return respond({"status": "ok"})


def respond(answer: Answer) -> Response:
    """Return the JSON response."""
    return Response(render(answer), media_type="application/json")


async def read_request(request: Request) -> EchoedRequest:
    """Read the request whole. Raises HTTPException: 413 beyond the limit, 400 for a form that cannot be read."""
    body = await read_body(request, MAX_BODY_BYTES)
    query: bytes = request.scope["query_string"]
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode("utf-8")
    echoed = EchoedRequest(
        method=request.method,
        target=(path + (b"?" + query if query else b"")).decode("latin-1"),
        peer=request.client.host if request.client else "",
        headers=tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.scope["headers"]
        ),
        args=tuple(request.query_params.multi_items()),
    )
    kind = (echoed.header("content-type") or "").partition(";")[0].strip().lower()
    if kind not in FORM_TYPES:
        return replace(echoed, data=body)
    return await _read_form(request.scope, echoed, body)


async def _read_form(scope: Scope, echoed: EchoedRequest, body: bytes) -> EchoedRequest:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    fields: list[tuple[str, str]] = []
    files: list[tuple[str, str, bytes]] = []
    async with Request(scope, receive).form(max_files=MAX_FORM_FIELDS, max_fields=MAX_FORM_FIELDS) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files.append((name, value.content_type or "", await value.read()))
            else:
                fields.append((name, value))
    return replace(echoed, form=tuple(fields), files=tuple(files))


async def _lines(answer: Answer, count: int) -> AsyncIterator[bytes]:
    for number in range(count):
        yield json.dumps({**answer, "id": number}).encode("ascii") + b"\n"
        await asyncio.sleep(0)  # one line, one write: a gateway that buffers the whole answer would be seen
