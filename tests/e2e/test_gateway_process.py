"""The gateway as a process, on real sockets: start, stop, drain, reload, large bodies, slow peers, restarts."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self
from zlib import crc32

import pytest
import yaml

from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.processes import POLL_S, free_port, is_accepting
from tests.e2e.counterparts.recording_upstream import Answer, RecordingUpstream, build_response
from tests.e2e.counterparts.streaming_upstream import PIECE, StreamingUpstream, pattern_checksum
from tests.hostile.wire import Wire
from tests.requires import require

LARGE_BYTES = 100 * 1024 * 1024
BOUND_BYTES = 24 * 1024 * 1024  # what a gateway may grow by for a few streams: buffers, not bodies
SOON_S = 10.0  # at once, on a machine that stalls too: an end that waits for open requests takes `drain_s`, 30 s
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def config_for(address: str, **gateway: Any) -> dict[str, Any]:
    """One route for everything."""
    return {"gateway": gateway, "routes": [{"id": "all", "uri": "/*", "upstream": {"nodes": {address: 1}}}]}


@pytest.fixture
def upstream() -> Iterator[RecordingUpstream]:
    """An upstream that echoes, or does what a test tells it."""
    with RecordingUpstream() as made:
        yield made


@pytest.fixture
def streams() -> Iterator[StreamingUpstream]:
    """An upstream for large bodies."""
    with StreamingUpstream() as made:
        yield made


@pytest.fixture
def gateway(upstream: RecordingUpstream, tmp_path: Path) -> Iterator[RunningGateway]:
    """A gateway in front of the echo."""
    with start_gateway(config_for(upstream.address), tmp_path) as made:
        yield made


def wait_until(wanted: Callable[[], bool], within_s: float = 10.0) -> None:
    """Return when `wanted()`. Raises AssertionError when time is up."""
    deadline = time.monotonic() + within_s
    while not wanted():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(POLL_S)


def memory_of(pid: int) -> int:
    """Return the largest resident size that a process ever had, in bytes."""
    status = Path(f"/proc/{pid}/status")
    require(status.exists(), "Linux's /proc: how much memory a process has")
    match = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    assert match
    return int(match[1]) * 1024


# ------------------------------------------------------------------------------------------------------ start and stop


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_told_to(upstream: RecordingUpstream, tmp_path: Path, number: signal.Signals) -> None:
    """At once and with exit code 0, although idle connections are open on both sides."""
    with start_gateway(config_for(upstream.address), tmp_path) as gateway, Wire(gateway.port) as wire:
        wire.send([GET])
        assert 200 == wire.read_answer().status
        began_at = time.monotonic()
        os.kill(gateway.pid, number)
        assert 0 == gateway._program.wait_for_end(20.0)
        assert time.monotonic() - began_at < SOON_S
        assert wire.is_ended()
    upstream.wait_until(lambda: upstream.open_connections == 0)


def test_a_port_in_use_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    """Which port, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        path = tmp_path / "ostiary.yaml"
        path.write_text(yaml.safe_dump(config_for("127.0.0.1:9", listen=[{"host": "127.0.0.1", "port": port}])))
        done = subprocess.run(
            [sys.executable, "-m", "ostiary", "run", str(path)], capture_output=True, text=True, timeout=30, check=False
        )

    assert (1, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))
    assert f"127.0.0.1:{port}" in done.stderr


def test_an_open_answer_is_finished_before_the_end(upstream: RecordingUpstream, tmp_path: Path) -> None:
    """New connections are refused meanwhile; the client hears all of it, and that it was the last."""
    refused = threading.Event()
    upstream.answer_next(Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234", refused, b"56789"))
    with start_gateway(config_for(upstream.address), tmp_path) as gateway, Wire(gateway.port) as wire:
        wire.send([GET])
        upstream.wait_for_requests(1)
        os.kill(gateway.pid, signal.SIGTERM)
        wait_until(lambda: not is_accepting(gateway.port))
        refused.set()
        answer = wire.read_answer()
        assert (200, b"0123456789", False) == (answer.status, answer.body, answer.is_cut)
        assert wire.is_ended()
        assert 0 == gateway._program.wait_for_end(20.0)
        assert [200] == [line["status"] for line in gateway.log_lines()]


def test_an_open_question_is_answered_before_the_end(upstream: RecordingUpstream, tmp_path: Path) -> None:
    """Its answer begins after the word came, and says that the connection ends."""
    told = threading.Event()
    upstream.answer_next(Answer(told, build_response(200, b"late")))
    with start_gateway(config_for(upstream.address), tmp_path) as gateway, Wire(gateway.port) as wire:
        wire.send([GET])
        upstream.wait_for_requests(1)
        os.kill(gateway.pid, signal.SIGTERM)
        wait_until(lambda: not is_accepting(gateway.port))
        told.set()
        answer = wire.read_answer()
        assert (200, b"late", "close") == (answer.status, answer.body, answer.header("connection"))
        assert 0 == gateway._program.wait_for_end(20.0)


def test_what_does_not_end_in_time_is_cut(upstream: RecordingUpstream, tmp_path: Path) -> None:
    """`drain_s`; the exit code is 0 all the same."""
    never = threading.Event()
    upstream.answer_next(Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234", never, b"56789"))
    config = config_for(upstream.address, timeouts={"drain_s": 0.5})
    with start_gateway(config, tmp_path) as gateway, Wire(gateway.port) as wire:
        wire.send([GET])
        upstream.wait_for_requests(1)
        began_at = time.monotonic()
        gateway.stop()
        assert time.monotonic() - began_at < SOON_S
        assert wire.read_answer().is_cut
        never.set()


# -------------------------------------------------------------------------------------------------------------- reload


class Traffic:
    """Clients that keep asking on connections that stay open, each answer checked; `failures` should stay empty."""

    def __init__(self, port: int, count: int = 4) -> None:
        """Begin with so many clients."""
        self.failures: list[str] = []
        self.answered = 0
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(port,)) for _ in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.closing(connection):
            while not self._stopping.is_set():
                try:
                    connection.request("GET", "/steady", headers={"Host": "a"})
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status != 200:
                        self.failures.append(f"status {answer.status}")
                    self.answered += 1
                except (OSError, http.client.HTTPException) as error:
                    self.failures.append(repr(error))
                    return

    def go_on(self, count: int = 50) -> None:
        """Return when so many more were answered."""
        enough = self.answered + count
        wait_until(lambda: self.answered >= enough or bool(self.failures))


def test_reloads_under_traffic_lose_nothing(upstream: RecordingUpstream, tmp_path: Path) -> None:
    """Good files and bad ones: no answer fails, no connection is closed, and each good file counts from then on."""
    config = config_for(upstream.address, limits={"requests_per_connection": 1_000_000})
    path = tmp_path / "ostiary.yaml"
    with start_gateway(config, tmp_path) as gateway, Traffic(gateway.port) as traffic:
        for number in range(5):
            traffic.go_on()
            good = {**config, "routes": [*config["routes"], route_to_nowhere(f"/new/{number}")]}
            reload(gateway, path, yaml.safe_dump(good), "reloaded")
            assert 503 == call(f"{gateway.url}/new/{number}").status
            traffic.go_on()
            reload(gateway, path, "routes: [{uri: /broken, upsteam: {}}]\n", "reload_refused")
            assert 503 == call(f"{gateway.url}/new/{number}").status
        traffic.go_on()
    assert [] == traffic.failures
    assert "upsteam" in gateway.output()


def route_to_nowhere(uri: str) -> dict[str, Any]:
    """A route without a node in use, which tells itself by its 503."""
    return {"uri": uri, "upstream": {"nodes": {"127.0.0.1:9": 0}}}


def reload(gateway: RunningGateway, path: Path, text: str, expected: str) -> None:
    """Write the file, send SIGHUP, and wait for what the log says of it."""
    before = gateway.output().count(f'"code":"{expected}"')
    written = {**yaml.safe_load(text)}
    if "gateway" in written:
        written["gateway"].setdefault("listen", [{"host": "127.0.0.1", "port": 0}])
    path.write_text(yaml.safe_dump(written))
    os.kill(gateway.pid, signal.SIGHUP)
    wait_until(lambda: gateway.output().count(f'"code":"{expected}"') > before)


def test_a_reload_in_the_middle_of_an_answer_does_not_touch_it(upstream: RecordingUpstream, tmp_path: Path) -> None:
    """Even when its route is gone."""
    reloaded = threading.Event()
    upstream.answer_next(Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234", reloaded, b"56789"))
    with start_gateway(config_for(upstream.address), tmp_path) as gateway, Wire(gateway.port) as wire:
        wire.send([GET])
        upstream.wait_for_requests(1)
        without = yaml.safe_dump({"gateway": {}, "routes": [route_to_nowhere("/other")]})
        reload(gateway, tmp_path / "ostiary.yaml", without, "reloaded")
        reloaded.set()
        assert b"0123456789" == wire.read_answer().body
        wire.send([GET])
        assert 404 == wire.read_answer().status


# --------------------------------------------------------------------------------------------- large bodies, slow peers


def start_streaming(streams: StreamingUpstream, folder: Path) -> RunningGateway:
    """A gateway that takes bodies of any size, warmed up so that its memory has settled."""
    config = config_for(streams.address, limits={"body_bytes": 2**40})
    gateway = start_gateway(config, folder)
    assert (0, 0) == tuple(json.loads(call(gateway.url).body).values())
    receive_down(gateway, f"/down/{4 * len(PIECE)}")
    return gateway


def receive_down(gateway: RunningGateway, target: str, version: int = 11) -> tuple[int, int]:
    """Fetch, and return length and checksum without keeping the body."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    connection._http_vsn, connection._http_vsn_str = version, f"HTTP/1.{version % 10}"  # type: ignore[attr-defined]
    with contextlib.closing(connection):
        connection.request("GET", target, headers={"Host": "a"})
        answer = connection.getresponse()
        total = checksum = 0
        while piece := answer.read(262_144):
            total += len(piece)
            checksum = crc32(piece, checksum)
    return total, checksum


def send_up(gateway: RunningGateway, total: int, *, chunked: bool) -> dict[str, int]:
    """Send so many bytes of the pattern, and return what the upstream made of them."""
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % total
    with Wire(gateway.port) as wire:
        wire.send([b"POST /up HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n"])
        left = total
        while left:
            piece = PIECE[:left]
            left -= len(piece)
            wire.send([b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece])
        if chunked:
            wire.send([b"0\r\n\r\n"])
        answer = wire.read_answer()
    assert 200 == answer.status
    told: dict[str, int] = json.loads(answer.body)
    return told


@pytest.mark.parametrize("query", ["", "?chunked"])
@pytest.mark.parametrize("version", [11, 10])
def test_a_large_answer_passes_through_little_memory(
    streams: StreamingUpstream, tmp_path: Path, query: str, version: int
) -> None:
    """100 MB, whole and in order, with and without chunks on either side."""
    with start_streaming(streams, tmp_path) as gateway:
        before = memory_of(gateway.pid)
        received = receive_down(gateway, f"/down/{LARGE_BYTES}{query}", version)
        assert (LARGE_BYTES, pattern_checksum(LARGE_BYTES)) == received
        assert memory_of(gateway.pid) - before < BOUND_BYTES


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_request_passes_through_little_memory(
    streams: StreamingUpstream, tmp_path: Path, chunked: bool
) -> None:
    """100 MB, whole and in order."""
    with start_streaming(streams, tmp_path) as gateway:
        before = memory_of(gateway.pid)
        told = send_up(gateway, LARGE_BYTES, chunked=chunked)
        assert {"body_bytes": LARGE_BYTES, "checksum": pattern_checksum(LARGE_BYTES)} == told
        assert memory_of(gateway.pid) - before < BOUND_BYTES


def test_slow_readers_hold_up_their_upstreams_and_nobody_else(streams: StreamingUpstream, tmp_path: Path) -> None:
    """Ten that take nothing of 100 MB each: little memory, others are served, and each gets all of it in the end."""
    with start_streaming(streams, tmp_path) as gateway, contextlib.ExitStack() as stack:
        before = memory_of(gateway.pid)
        streams.passed = 0
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", gateway.port))) for _ in range(10)]
        for client in slow:
            client.settimeout(60)
            client.sendall(f"GET /down/{LARGE_BYTES} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode("ascii"))
        wait_until_settled(lambda: streams.passed)
        assert 0 < streams.passed < len(slow) * LARGE_BYTES // 4
        assert (1000, pattern_checksum(1000)) == receive_down(gateway, "/down/1000")
        assert memory_of(gateway.pid) - before < BOUND_BYTES
        assert LARGE_BYTES == len(read_rest(slow[0]).partition(b"\r\n\r\n")[2])


def read_rest(client: socket.socket) -> bytes:
    """Read to the end."""
    pieces = []
    while piece := client.recv(1_000_000):
        pieces.append(piece)
    return b"".join(pieces)


def wait_until_settled(count: Callable[[], int]) -> None:
    """Return when a count has stopped growing."""
    last = -1
    while last != (last := count()):
        time.sleep(0.5)


def test_a_slow_upstream_holds_up_its_client(streams: StreamingUpstream, tmp_path: Path) -> None:
    """One that reads nothing of 100 MB: little memory, others are served, and it gets all of it in the end."""
    with start_streaming(streams, tmp_path) as gateway:
        before = memory_of(gateway.pid)
        streams.reads.clear()
        told: list[dict[str, int]] = []
        sent = threading.Thread(target=lambda: told.append(send_up(gateway, LARGE_BYTES, chunked=False)))
        sent.start()
        wait_until_settled(lambda: memory_of(gateway.pid))
        assert (1000, pattern_checksum(1000)) == receive_down(gateway, "/down/1000")
        assert [] == told
        streams.reads.set()
        sent.join(120)
        assert [{"body_bytes": LARGE_BYTES, "checksum": pattern_checksum(LARGE_BYTES)}] == told
        assert memory_of(gateway.pid) - before < BOUND_BYTES


# ------------------------------------------------------------------------------------------------ clients and upstreams


def test_a_client_that_leaves_takes_its_upstream_along(upstream: RecordingUpstream, gateway: RunningGateway) -> None:
    """Before the answer comes, whether it resets or just closes."""
    for resets in (True, False):
        upstream.clear()
        left = threading.Event()
        upstream.answer_next(Answer(left, build_response(200, b"nobody waits for this")))
        wire = Wire(gateway.port)
        wire.send([GET])
        upstream.wait_for_requests(1)
        if resets:
            wire._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        wire._socket.close()
        line = gateway.wait_for_log(lambda line: line["reason"] == "client_gone")
        assert (499, True) == (line["status"], line["cut"])
        left.set()


def test_a_client_that_only_ends_its_direction_is_answered(
    upstream: RecordingUpstream, gateway: RunningGateway
) -> None:
    """As `nc -N` does; the upstream takes a moment. The gateway waits for a second, which a stall may use up."""
    upstream.answer_next(Answer(0.1, build_response(200, b"late")))
    with Wire(gateway.port) as wire:
        wire.send([GET])
        wire.half_close()
        assert (200, b"late") == (wire.read_answer().status, b"late")
        assert wire.is_ended()


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("framing", [b"Content-Length: 100\r\n", b"Transfer-Encoding: chunked\r\n", b""])
def test_an_answer_that_breaks_off_ends_in_a_reset(
    upstream: RecordingUpstream, gateway: RunningGateway, version: bytes, framing: bytes
) -> None:
    """An old client has no other sign that it is not whole."""
    body = b"5\r\nhello\r\n" if b"chunked" in framing else b"hello"
    upstream.answer_next(Answer(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n" + body, 0.2, reset=True))
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as client:
        client.sendall(b"GET / HTTP/%b\r\nHost: a\r\n\r\n" % version)
        with pytest.raises(ConnectionResetError):
            read_rest(client)


def test_an_early_answer_reaches_a_client_that_is_still_sending(tmp_path: Path) -> None:
    """No reset overtakes it, although 20 MB are on their way, and as much again is to come."""
    refusal = Answer(build_response(409, b"enough", [("Connection", "close")]))
    with (
        RecordingUpstream(on_head=lambda request: refusal) as upstream,
        start_gateway(config_for(upstream.address, limits={"body_bytes": 2**30}), tmp_path) as gateway,
    ):
        for _ in range(5):
            with Wire(gateway.port) as wire:
                wire.send([b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000000\r\n\r\n"])
                sender = threading.Thread(target=wire.send, args=([b"x" * 20_000_000],))
                sender.start()
                answer = wire.read_answer()
                assert (409, b"enough", "close") == (answer.status, answer.body, answer.header("connection"))
                sender.join(10)


def test_an_upstream_that_restarts_is_found_again(tmp_path: Path) -> None:
    """While it is away: 502 at once. When it is back: the next request, on the same client connection."""
    with RecordingUpstream(port=free_port()) as first:
        gateway = start_gateway(config_for(first.address), tmp_path)
        port = first.port
        with gateway, Wire(gateway.port) as wire:
            wire.send([GET])
            assert 200 == wire.read_answer().status
            first.stop()
            wire.send([GET])
            assert 502 == wire.read_answer().status
            with RecordingUpstream(port=port) as second:
                for _ in range(3):
                    wire.send([GET])
                    assert 200 == wire.read_answer().status
                assert 3 == len(second.requests)


def test_a_line_that_went_stale_costs_the_client_nothing(upstream: RecordingUpstream, gateway: RunningGateway) -> None:
    """The upstream closes every connection after its answer without saying so: hundreds of requests, no failure."""
    with Wire(gateway.port) as wire:
        for _ in range(300):
            upstream.answer_next(Answer(build_response(200, b"ok"), close=True))
            wire.send([GET])
            assert 200 == wire.read_answer().status


def test_the_log_goes_on_when_nobody_reads_it(upstream: RecordingUpstream, tmp_path: Path) -> None:
    """Standard output is a pipe that nobody empties: requests are answered all the same."""
    path = tmp_path / "ostiary.yaml"
    path.write_text(yaml.safe_dump(config_for(upstream.address, listen=[{"host": "127.0.0.1", "port": 0}])))
    program = subprocess.Popen(
        [sys.executable, "-m", "ostiary", "run", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert program.stderr
        match = re.search(rb":(\d+)\s*$", program.stderr.readline())
        assert match
        with Wire(int(match[1])) as wire:
            for _ in range(900):
                wire.send([GET])
                assert 200 == wire.read_answer().status
        program.send_signal(signal.SIGTERM)
        assert program.stdout
        lines = program.stdout.read().splitlines()
        assert 0 == program.wait(10)
        assert 900 == len(lines)
    finally:
        program.kill()
        program.communicate()
