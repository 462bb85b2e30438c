"""The echo service as a process, over real sockets: httpbin's shape, and loopback only."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.counterparts.calls import call, post_form, post_json
from tests.e2e.counterparts.processes import Outputs, RunningProgram

START_LIMIT_S = 30.0


def start(tmp_path: Path, *arguments: str) -> RunningProgram:
    """Run `python -m ostiary.demo.echo`."""
    return RunningProgram(
        [sys.executable, "-m", "ostiary.demo.echo", *arguments], Outputs(tmp_path / "stdout", tmp_path / "stderr")
    )


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running one."""
    with start(tmp_path_factory.mktemp("echo"), "--port", "0") as program:
        yield program.wait_for_output(r"Listening on (http://127\.0\.0\.1:\d+)\n", START_LIMIT_S).group(1)


def test_anything_is_httpbins(echo: str) -> None:
    """Member by member, for a GET."""
    headers = {"Accept": "*/*", "X-Userinfo": "e30=", "X-Forwarded-For": "192.0.2.7"}
    assert call(f"{echo}/anything/test?a=1&b=2&a=3", headers=headers).json() == {
        "args": {"a": ["1", "3"], "b": "2"},
        "data": "",
        "files": {},
        "form": {},
        "headers": {"Accept": "*/*", "Host": echo.removeprefix("http://"), "X-Userinfo": "e30="},
        "json": None,
        "method": "GET",
        "origin": "192.0.2.7",
        "url": f"{echo}/anything/test?a=1&b=2&a=3",
    }


def test_bodies_are_shown_by_their_kind(echo: str) -> None:
    """A form, JSON, and bytes."""
    assert post_form(f"{echo}/anything", {"a": "1"}).json()["form"] == {"a": "1"}
    assert post_json(f"{echo}/api/orders", {"a": [1]}).json()["json"] == {"a": [1]}
    answer = call(f"{echo}/anything", "PUT", {"Content-Type": "image/png"}, b"\xff\x00").json()
    assert answer["data"] == "data:application/octet-stream;base64,/wA="


def test_a_head_request_has_the_head_alone(echo: str) -> None:
    """The length is that of a GET's body."""
    answer = call(f"{echo}/anything", "HEAD")
    assert answer.body == b""
    assert int(answer.header("content-length") or 0) > 0


def test_a_stream_comes_in_chunks(echo: str) -> None:
    """Each a line."""
    answer = call(f"{echo}/stream/3")
    assert answer.header("transfer-encoding") == "chunked"
    assert len(answer.body.splitlines()) == 3


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_it_refuses_to_listen_elsewhere(tmp_path: Path, host: str) -> None:
    """One line and exit code 2."""
    with start(tmp_path, "--host", host, "--port", "0") as program:
        assert program.wait_for_end(START_LIMIT_S) == 2
        assert program.stderr_text().count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_quietly(tmp_path: Path, number: signal.Signals) -> None:
    """Exit code 0 and no traceback."""
    with start(tmp_path, "--port", "0") as program:
        address = program.wait_for_output(r"Listening on (http://\S+)", START_LIMIT_S).group(1)
        assert call(f"{address}/health").status == 200
        os.kill(program.pid, number)
        assert program.wait_for_end(START_LIMIT_S) == 0
        assert program.stderr_text() == ""
