"""Services of the demo: on loopback, and nowhere else."""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from ostiary.demo.loopback import NotLoopbackError, base_url, bind_loopback, check_loopback, read_body, run_service


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("::1", "::1"), ("127.0.0.53", "127.0.0.53")],
)
def test_loopback_is_loopback(host: str, address: str) -> None:
    """By address; the one name is not looked up."""
    assert check_loopback(host) == address


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "", "10.0.0.1", "192.168.1.10", "example.com", "::ffff:127.0.0.1", "127.1", "localhost.", "*"],
)
def test_anything_else_is_refused(host: str) -> None:
    """Also what a resolver or an old parser would take for loopback."""
    with pytest.raises(NotLoopbackError):
        check_loopback(host)


def test_nothing_is_bound_for_an_address_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    """The service says so in one line and ends with 2; its application is never made."""
    code = run_service("the service", 0, lambda _url: pytest.fail("made"), ["--host", "0.0.0.0", "--port", "0"])
    assert code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "0.0.0.0" in said.err


def test_a_port_that_is_taken_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With its number, and 1."""
    with contextlib.closing(bind_loopback("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code = run_service("the service", 0, lambda _url: pytest.fail("made"), ["--port", port])
    assert code == 1
    assert f"127.0.0.1 port {port}: Address already in use" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["-1", "65536", "http", "\u0663"])
def test_a_port_is_a_number(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """From 0 to 65535."""
    with pytest.raises(SystemExit) as caught:
        run_service("the service", 0, lambda _url: pytest.fail("made"), ["--port", port])
    assert caught.value.code == 2
    assert "a port is a number from 0 to 65535" in capsys.readouterr().err


def test_the_url_is_that_of_the_socket() -> None:
    """So port 0 becomes the one that was given."""
    with contextlib.closing(bind_loopback("127.0.0.1", 0)) as listener:
        assert base_url(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def request_of(parts: Iterator[bytes]) -> Request:
    """A request whose body comes in parts."""

    async def receive() -> Message:
        part = next(parts, None)
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    return Request({"type": "http"}, receive)


def test_a_body_up_to_the_limit_is_read() -> None:
    """However it comes."""
    assert asyncio.run(read_body(request_of(iter([b"ab", b"", b"cd"])), 4)) == b"abcd"


def test_a_body_beyond_the_limit_is_refused_before_it_is_read_whole() -> None:
    """413, with the rest unread."""
    parts = iter([b"ab", b"cde", b"never read"])
    with pytest.raises(HTTPException) as caught:
        asyncio.run(read_body(request_of(parts), 4))
    assert caught.value.status_code == 413
    assert next(parts) == b"never read"
