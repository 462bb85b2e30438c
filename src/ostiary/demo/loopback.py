"""One service of the demo as a program: read its arguments, bind to loopback, say where it is, serve until told to end.

Loopback is not a default here but the only place: an address that others can reach is refused before anything is bound.
The socket is bound first and the application made for its address, so `--port 0` works, and an issuer is never guessed.
"""

import argparse
import ipaddress
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

import uvicorn
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp

from ostiary.demo.ports import MAX_PORT

GRACE_S = 3
KEEP_ALIVE_S = 75
MAX_CONNECTIONS = 1000

MakeApp = Callable[[str], ASGIApp]


class NotLoopbackError(ValueError):
    """The address can be reached from elsewhere; the text says so in one line."""


def run_service(what: str, default_port: int, make_app: MakeApp, arguments: Sequence[str] | None = None) -> int:
    """Serve `make_app(base_url)` until SIGINT or SIGTERM and return the exit code.

    0: ended as asked. 1: the port cannot be had. 2: the address is not loopback (argparse uses 2 as well).
    """
    options = _read_options(what, default_port, arguments)
    try:
        listener = bind_loopback(options.host, options.port)
    except NotLoopbackError as refusal:
        print(f"{what}: {refusal}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{what}: cannot listen on {options.host} port {options.port}: {error.strerror}", file=sys.stderr)
        return 1
    url = base_url(listener)
    print(f"{what}: for trying things out, on this machine only. Listening on {url}", flush=True)
    serve(make_app(url), listener)
    return 0


def check_loopback(host: str) -> str:
    """Return the loopback address that `host` names. Raises NotLoopbackError for any other host.

    `localhost` is 127.0.0.1; other names are refused rather than resolved, for a resolver can say anything.
    """
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise NotLoopbackError("the address must be 127.0.0.1, ::1 or localhost; names are not resolved") from None
    if not address.is_loopback or getattr(address, "ipv4_mapped", None):
        raise NotLoopbackError(f"{host} can be reached from elsewhere; this is for trying things out: use 127.0.0.1")
    return str(address)


def bind_loopback(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises NotLoopbackError before any socket exists, OSError when the port is taken."""
    address = check_loopback(host)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, backlog=256)


def base_url(listener: socket.socket) -> str:
    """Return the http URL of a listening socket, without a trailing slash."""
    address, port = listener.getsockname()[:2]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM; open requests get `GRACE_S` seconds.

    No access log: URLs of a provider carry states and ID tokens. Forwarded headers are shown, never believed.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        lifespan="off",
        ws="none",
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    # uvicorn raises the signal again when it has ended; this makes an orderly exit of both.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _exit_quietly)
    uvicorn.Server(config).run(sockets=[listener])


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Return the request's body. Raises HTTPException 413 as soon as it exceeds `limit_bytes`."""
    parts = []
    rest = limit_bytes
    async for part in request.stream():
        rest -= len(part)
        if rest < 0:
            raise HTTPException(413, f"the demo takes bodies of at most {limit_bytes} bytes")
        parts.append(part)
    return b"".join(parts)


def _read_options(what: str, default_port: int, arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=f"{what}, for trying things out.", allow_abbrev=False)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=default_port, help="0: any free one (default: %(default)s)")
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= MAX_PORT):
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {MAX_PORT}")
    return int(text)


def _exit_quietly(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)
