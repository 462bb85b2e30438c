"""What a hostile reading found: each test is one hole, with the smallest conversation that goes through it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ostiary.http.response import read_response_head
from ostiary.plugin import PASS
from ostiary.relying_party.client_cookies import OWNED_NAMES
from tests.e2e.counterparts.gateway import start_gateway
from tests.e2e.counterparts.processes import free_port, wait_until_accepting
from tests.e2e.counterparts.recording_upstream import Answer, RecordingUpstream, build_response
from tests.e2e.counterparts.strict_reader import RecordedRequest
from tests.fakes.conversation import NODE, Conversation
from tests.fakes.messages import forwarded, request, response
from tests.fakes.requests import make_request
from tests.fakes.scripted_plugins import ScriptedPlugin
from tests.hostile.wire import Wire

_FACTS = (
    b"X-Real-IP: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n"
    b"X-Forwarded-Port: 80\r\n\r\n"
)


@pytest.mark.parametrize("space", ["", " ", "\t", " \t "])
def test_a_declined_upgrade_keeps_its_body_whatever_space_follows_its_length(space: str) -> None:
    """RFC 9112 §5: white space after a value is not part of it, for whoever frames and for whoever reads the head."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(
            request("POST /", "Connection: Upgrade", "Upgrade: h2c", f"Content-Length: 5{space}"),
            b"hello",
        )
        talk.line().hears(forwarded("POST /", framing=("Content-Length: 5",)), b"hello")


def test_no_request_passes_a_locked_route_in_the_wake_of_a_declined_upgrade(tmp_path: Path) -> None:
    """An upstream that answers before it read the body swallows the next head: the body behind it became a request."""
    smuggled = b"GET /locked/secret HTTP/1.1\r\nHost: a\r\nX-Userinfo: forged\r\n\r\n"
    second = b"POST /open/2 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n" % len(smuggled)
    swallowed = len(second + _FACTS)
    first = b"POST /open/1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %d \r\n\r\n"

    def answer_early(head: RecordedRequest) -> Answer | None:
        return Answer(build_response(404)) if head.target == "/open/1" else None

    guard = {"client_id": "c", "client_secret": "s", "bearer_only": True, "use_jwks": True}
    with RecordingUpstream(on_head=answer_early) as upstream:
        node = {"upstream": {"nodes": {upstream.address: 1}}}
        locked = {"openid-connect": {**guard, "discovery": "http://127.0.0.1:9/"}}
        routes = [{"uri": "/open/*", **node}, {"uri": "/locked/*", "plugins": locked, **node}]
        with start_gateway({"routes": routes}, tmp_path) as gateway, Wire(gateway.port) as wire:
            wire.send([first % swallowed + second + b"\r\n" + smuggled])
            wire.read_answer()
            with contextlib.suppress(AssertionError, TimeoutError):
                wire.read_answer()
        assert [] == [seen.target for seen in upstream.requests if seen.target.startswith("/locked")]


@pytest.fixture
def gateway_with_a_full_stderr(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """A gateway whose standard error is a pipe that nobody reads and that is full to the last byte."""
    port = free_port()
    file = tmp_path / "ostiary.yaml"
    listen = {"listen": [{"host": "127.0.0.1", "port": port}]}
    file.write_text(yaml.safe_dump({"gateway": listen, "routes": [{"uri": "/a", "upstream": {"nodes": {NODE: 1}}}]}))
    read_end, write_end = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "ostiary", "run", str(file)], stdout=subprocess.DEVNULL, stderr=write_end, cwd=tmp_path
    )
    filler = os.open(f"/proc/self/fd/{write_end}", os.O_WRONLY | os.O_NONBLOCK)
    try:
        wait_until_accepting(port, 20.0)
        for size in (4096, 1):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(filler, b"x" * size)
        yield process, port, file
    finally:
        process.kill()
        process.wait()
        for descriptor in (read_end, write_end, filler):
            os.close(descriptor)


def _is_answered(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=3.0) as asking:
        asking.sendall(b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
        return asking.recv(4096).startswith(b"HTTP/1.1 404")
    return False


def test_a_malformed_reload_stalls_nobody_when_the_reader_of_the_log_has_stopped(
    gateway_with_a_full_stderr: tuple[subprocess.Popen[bytes], int, Path],
) -> None:
    """The table of problems is written from the event loop, to a pipe that takes nothing."""
    process, port, file = gateway_with_a_full_stderr
    assert _is_answered(port)
    file.write_text("routes: [{uri: 5}]\n")
    process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert _is_answered(port)


def test_sigterm_ends_a_gateway_when_the_reader_of_the_log_has_stopped(
    gateway_with_a_full_stderr: tuple[subprocess.Popen[bytes], int, Path],
) -> None:
    """Saying "draining" must not keep it from draining."""
    process, _, _ = gateway_with_a_full_stderr
    process.send_signal(signal.SIGTERM)
    assert 0 == process.wait(10.0)


def test_an_upstreams_trailer_that_does_not_end_is_not_collected() -> None:
    """The count of trailers does not bound one that is never finished: the parser keeps all of it."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response("200 OK", "Transfer-Encoding: chunked"), b"1\r\na\r\n0\r\nX-Endless: ")
        for _ in range(32):
            if upstream.transport.fate == "open":
                upstream.answers(b"a" * 65_536)
        client.take()
        upstream.is_abandoned()


def test_a_cookie_without_a_name_sets_none_of_ours() -> None:
    """RFC 6265bis §5.6: `=name=value` is kept without a name and sent back as `name=value`."""
    planted = b"=" + OWNED_NAMES[0].removesuffix("*").encode("ascii") + b"0a1b2c3d=planted"
    owned = tuple(name.encode("ascii") for name in OWNED_NAMES)
    assert b"" == read_response_head(204, "1.1", [(b"Set-Cookie", planted)], "GET", owned).lines


def test_a_request_that_began_under_one_configuration_keeps_our_cookies_from_the_upstream() -> None:
    """DESIGN.md §4: a reload in between is no half-applied configuration."""
    with Conversation({"guard": ScriptedPlugin(PASS, cookie_names=("ours_*",))}) as talk:
        talk.silent = {NODE}
        client = talk.connect()
        client.says(request("GET /", "Cookie: ours_1=sealed; theirs=2"))
        talk.install([{"id": "shop", "uri": "/*", "upstream": {"nodes": {NODE: 1}}}])
        talk.answer_dials()
        talk.line().hears(forwarded("GET /", "Cookie: theirs=2"))


def test_white_space_after_a_value_is_not_part_of_it() -> None:
    """RFC 9110 §5.5: `Authorization: Bearer x ` has the credentials `Bearer x`."""
    assert b"Bearer x" == make_request(headers={"Authorization": "Bearer x \t"}).field(b"authorization")
