"""The echoed request as httpbin writes it: a dictionary of values, and its JSON.

Pure: it takes what arrived and does no reading. The shape is httpbin's `/anything` (`args, data, files, form, headers,
json, method, origin, url`), so that an article written against httpbin.org shows the same thing here.
"""

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NoReturn

# What httpbin leaves out of `headers` unless the query has `show_env`: the traces of proxies in front of it.
PROXY_TRACES = frozenset(
    {
        "Connect-Time",
        "Total-Route-Time",
        "Via",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
        "X-Forwarded-Protocol",
        "X-Forwarded-Ssl",
        "X-Heroku-Dynos-In-Use",
        "X-Heroku-Queue-Depth",
        "X-Heroku-Queue-Wait-Time",
        "X-Real-Ip",
        "X-Request-Id",
        "X-Request-Start",
        "X-Varnish",
    }
)

Pairs = Iterable[tuple[str, str]]
Flattened = dict[str, str | list[str]]
Answer = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoedRequest:
    """A request that was read whole. `headers` are as they arrived, names in lower case and latin-1 text.

    `target` is the path and query as sent. `data` is the body unless it was a form; `files` are (field, type, content).
    """

    method: str
    target: str
    peer: str
    headers: tuple[tuple[str, str], ...]
    args: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str, bytes], ...] = ()
    data: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """Return the first value of `name` (lower case), or None."""
        return next((value for key, value in self.headers if key == name), None)


def build_answer(request: EchoedRequest, *names: str) -> Answer:
    """Return the members `names` of httpbin's answer; without names, all nine of `/anything`."""
    makers: dict[str, Callable[[], object]] = {
        "args": lambda: flatten(request.args),
        "data": lambda: as_text(request.data),
        "files": lambda: flatten((name, as_text(content, kind)) for name, kind, content in request.files),
        "form": lambda: flatten(request.form),
        "headers": lambda: _headers(request),
        "json": lambda: _read_json(request.data),
        "method": lambda: request.method,
        "origin": lambda: request.header("x-forwarded-for") or request.peer,
        "url": lambda: _url(request),
    }
    return {name: makers[name]() for name in names or makers}


def render(answer: Answer) -> bytes:
    """Return the JSON as httpbin prints it: sorted, indented by two, ASCII, with a line end."""
    return json.dumps(answer, indent=2, sort_keys=True, allow_nan=False).encode("ascii") + b"\n"


def flatten(pairs: Pairs) -> Flattened:
    """Return a dictionary in which a name that came once has its value, and one that came again a list of them."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def as_text(content: bytes, content_type: str = "") -> str:
    """Return UTF-8 as text and anything else as a `data:` URL (RFC 2397)."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        encoded = base64.b64encode(content).decode("ascii")
        return f"data:{content_type or 'application/octet-stream'};base64,{encoded}"


def _headers(request: EchoedRequest) -> dict[str, str]:
    shows_proxies = any(name == "show_env" for name, _ in request.args)
    joined: dict[str, str] = {}
    for name, value in request.headers:
        title = name.title()
        if shows_proxies or title not in PROXY_TRACES:
            joined[title] = f"{joined[title]},{value}" if title in joined else value
    return joined


def _read_json(data: bytes) -> object:
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _url(request: EchoedRequest) -> str:
    scheme = request.header("x-forwarded-proto") or request.header("x-forwarded-protocol")
    if scheme is None:
        scheme = "https" if request.header("x-forwarded-ssl") == "on" else "http"
    forwarded = (request.header("x-forwarded-host") or "").partition(",")[0].strip()
    return f"{scheme}://{forwarded or request.header('host') or 'localhost'}{request.target}"
