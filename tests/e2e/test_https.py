"""https with real sockets: signing in, certificates that change, redirects from http, and clients that misbehave."""

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.oidc_provider import LOGIN, PASSWORD, register, start_oidc_provider
from tests.e2e.counterparts.processes import POLL_S, free_port
from tests.e2e.counterparts.recording_upstream import Answer, RecordingUpstream, build_response
from tests.e2e.counterparts.streaming_upstream import PIECE, StreamingUpstream, pattern_checksum
from tests.fakes.browser import Browser
from tests.fakes.certificates import Authority, make_authority
from tests.fakes.server_pairs import make_client_context, make_pair, replace
from tests.hostile.wire import Wire

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
LARGE_BYTES = 40 * 1024 * 1024
TLS = {"cert": "cert.pem", "key": "key.pem"}


class SecureWire(Wire):
    """A wire with TLS on it."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        """Connect and shake hands."""
        super().__init__(port)
        self._socket = self.secure = context.wrap_socket(self._socket, server_hostname="localhost")

    @property
    def serial(self) -> int:
        """The number of the certificate that was shown."""
        return int((self.secure.getpeercert() or {})["serialNumber"], 16)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Whom the clients trust."""
    return make_authority()


@pytest.fixture(scope="module")
def client(authority: Authority) -> ssl.SSLContext:
    """A client that trusts the authority."""
    return make_client_context(authority)


@pytest.fixture
def upstream() -> Iterator[RecordingUpstream]:
    """An upstream that echoes, or does what a test tells it."""
    with RecordingUpstream() as made:
        yield made


@pytest.fixture
def gateway(upstream: RecordingUpstream, authority: Authority, tmp_path: Path) -> Iterator[RunningGateway]:
    """A gateway that speaks https in front of the echo."""
    make_pair(authority).write(tmp_path)
    with start_gateway(config_for(upstream.address), tmp_path) as made:
        yield made


def config_for(address: str, **gateway: Any) -> dict[str, Any]:
    """One https listener and one route for everything."""
    listen = [{"host": "127.0.0.1", "port": 0, "tls": TLS}]
    return {"gateway": {"listen": listen, **gateway}, "routes": [{"uri": "/*", "upstream": {"nodes": {address: 1}}}]}


def wait_until(wanted: Callable[[], bool], within_s: float = 10.0) -> None:
    """Return when `wanted()`. Raises AssertionError when time is up."""
    deadline = time.monotonic() + within_s
    while not wanted():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(POLL_S)


def wait_for_event(gateway: RunningGateway, code: str) -> Mapping[str, Any]:
    """Return the first line of the gateway's log with this code."""
    wait_until(lambda: f'"code":"{code}"' in gateway.output())
    lines = (line for line in gateway.output().splitlines() if f'"code":"{code}"' in line)
    found: Mapping[str, Any] = json.loads(next(lines))
    return found


# ---------------------------------------------------------------------------------------------------------- signing in


def test_a_person_signs_in_over_https(upstream: RecordingUpstream, authority: Authority, tmp_path: Path) -> None:
    """From http: the redirect, the provider, and back; every cookie is `Secure` and has the `__Host-` prefix."""
    plain, secure = free_port(), free_port()
    make_pair(authority).write(tmp_path)
    redirect_uri = f"https://localhost:{secure}/app/callback"
    registered = register("shop", "shop-secret", redirect_uris=[redirect_uri])
    with start_oidc_provider(clients=[registered]) as provider:
        plugin = {
            "client_id": "shop",
            "client_secret": "shop-secret",
            "discovery": provider.discovery_url,
            "redirect_uri": redirect_uri,
            "session": {"secret": "a-session-secret-that-only-the-tests-know"},
        }
        listen = [
            {"host": "127.0.0.1", "port": plain, "redirect_to_https": True},
            {"host": "127.0.0.1", "port": secure, "tls": TLS},
        ]
        route = {"uri": "/app/*", "plugins": {"openid-connect": plugin}, "upstream": {"nodes": {upstream.address: 1}}}
        with start_gateway({"gateway": {"listen": listen}, "routes": [route]}, tmp_path) as gateway:
            browser = Browser(tls=make_client_context(authority), trusts_loopback=False)
            form = browser.open(f"http://localhost:{plain}/app/a%20b?x=1&y=%2F")
            page = browser.submit(form, {"login": LOGIN, "password": PASSWORD})
            assert (200, f"https://localhost:{secure}/app/a%20b?x=1&y=%2F") == (page.status, page.url)
            assert [308, 302] == [visit.status for visit in browser.history[:2]]
            ours = [cookie for cookie in browser.jar.live(time.time()) if "ostiary" in cookie.name]
            assert ours
            assert all(cookie.name.startswith("__Host-ostiary_") and cookie.is_secure for cookie in ours)
            assert "hush" not in gateway.output()
    (seen,) = upstream.requests
    assert ("https", f"localhost:{secure}", str(secure)) == (
        seen.value("x-forwarded-proto"),
        seen.value("x-forwarded-host"),
        seen.value("x-forwarded-port"),
    )
    assert "ostiary" not in (seen.value("cookie") or "")


# ------------------------------------------------------------------------------------------------------------ redirect


def test_the_redirect_keeps_method_host_path_and_query(authority: Authority, tmp_path: Path) -> None:
    """308, on a connection that stays open; no header of the request turns up in it but the validated host."""
    make_pair(authority).write(tmp_path)
    listen = [{"port": 0, "redirect_to_https": 8443}, {"port": 0, "tls": TLS}]
    config = {"gateway": {"listen": listen}, "routes": [{"uri": "/*", "upstream": {"nodes": {"127.0.0.1:9": 1}}}]}
    with start_gateway(config, tmp_path) as gateway:
        for method in ("GET", "POST", "DELETE"):
            body = b"x" if method == "POST" else b""
            answer = call(f"{gateway.url}/a%2Fb/c?x=1&x=2", method, {"Host": "Shop.Example:80"}, body)
            assert (308, b"") == (answer.status, answer.body)
            assert "https://shop.example:8443/a%2Fb/c?x=1&x=2" == answer.header("location")
            assert (None, "no-store") == (answer.header("set-cookie"), answer.header("cache-control"))
        assert 400 == call(f"{gateway.url}/", headers={"Host": "a b"}).status
        assert 400 == call(f"{gateway.url}/", headers={"Host": "evil.example/@shop"}).status
        line = gateway.wait_for_log(lambda line: line["status"] == 308)
        assert ("https-redirect", "https_redirect") == (line["route"], line["reason"])


# ------------------------------------------------------------------------------------------------ changing certificates


def test_a_new_certificate_is_for_new_connections(
    gateway: RunningGateway, authority: Authority, client: ssl.SSLContext, tmp_path: Path
) -> None:
    """One that is open goes on with the one it has seen."""
    with SecureWire(gateway.port, client) as open_wire:
        open_wire.send([GET])
        assert 200 == open_wire.read_answer().status
        new = make_pair(authority)
        new.write(tmp_path)
        wait_for_event(gateway, "certificate_replaced")
        with SecureWire(gateway.port, client) as new_wire:
            assert new.certificate.serial_number == new_wire.serial
            assert open_wire.serial != new_wire.serial
            for wire in (open_wire, new_wire):
                wire.send([GET])
                assert 200 == wire.read_answer().status


def test_a_pair_that_does_not_fit_changes_nothing(
    gateway: RunningGateway, authority: Authority, client: ssl.SSLContext, tmp_path: Path
) -> None:
    """It is refused in the log, and the old one serves; when the missing half comes, the new one does."""
    with SecureWire(gateway.port, client) as wire:
        old = wire.serial
    new = make_pair(authority)
    replace(tmp_path / "cert.pem", new.pem)
    line = wait_for_event(gateway, "certificate_refused")
    assert "does not belong to the certificate" in line["message"]
    with SecureWire(gateway.port, client) as wire:
        assert old == wire.serial
    replace(tmp_path / "key.pem", new.private_pem())
    wait_for_event(gateway, "certificate_replaced")
    with SecureWire(gateway.port, client) as wire:
        assert new.certificate.serial_number == wire.serial
    assert new.private_pem() not in gateway.output()


def test_a_reload_takes_other_files(
    gateway: RunningGateway, upstream: RecordingUpstream, authority: Authority, client: ssl.SSLContext, tmp_path: Path
) -> None:
    """For the address that is open already."""
    new = make_pair(authority)
    (tmp_path / "other").mkdir()
    new.write(tmp_path / "other")
    file = tmp_path / "ostiary.yaml"
    file.write_text(file.read_text().replace("cert.pem", "other/cert.pem").replace("key.pem", "other/key.pem"))
    os.kill(gateway.pid, signal.SIGHUP)
    wait_for_event(gateway, "reloaded")
    with SecureWire(gateway.port, client) as wire:
        assert new.certificate.serial_number == wire.serial


# ----------------------------------------------------------------------------------------------------------- handshakes


def shake(port: int, context: ssl.SSLContext) -> str | None:
    """Shake hands, and return the protocol version that was agreed on."""
    with (
        socket.create_connection(("127.0.0.1", port), 5.0) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        return secure.version()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_today_s_versions_are_spoken(gateway: RunningGateway, authority: Authority, version: ssl.TLSVersion) -> None:
    """1.2 and 1.3."""
    context = make_client_context(authority)
    context.minimum_version = context.maximum_version = version
    assert version.name.replace("_", ".") == shake(gateway.port, context)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_1_1_is_refused(gateway: RunningGateway, authority: Authority) -> None:
    """And told, as a matter between peers."""
    context = make_client_context(authority)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shake(gateway.port, context)
    assert "unsupported protocol" in wait_for_event(gateway, "handshake_failed")["message"]


def test_http_1_1_is_what_is_offered(gateway: RunningGateway, authority: Authority) -> None:
    """A client that would like HTTP/2 gets 1.1; one that knows nothing else goes on without a choice."""
    for offered, chosen in ((["h2", "http/1.1"], "http/1.1"), (["h2"], None)):
        context = make_client_context(authority)
        context.set_alpn_protocols(offered)
        with SecureWire(gateway.port, context) as wire:
            assert chosen == wire.secure.selected_alpn_protocol()
            assert wire.secure.compression() is None


def test_plain_http_is_told_what_is_spoken_here(gateway: RunningGateway) -> None:
    """In words that curl shows; nothing is logged as an error."""
    with Wire(gateway.port) as wire:
        wire.send([GET])
        answer = wire.read_answer()
        assert (400, True) == (answer.status, b"https://" in answer.body)
        assert wire.is_ended()
    with Wire(gateway.port) as wire:
        wire.send([b"\x00\x01\x02"])
        assert wire.is_ended()
    assert "Traceback" not in gateway.output()


def test_noise_in_place_of_a_handshake_ends_it(gateway: RunningGateway, client: ssl.SSLContext) -> None:
    """Also when it begins well; others are served."""
    for noise in (b"\x16\x03\x01\x00\x05hello", b"\x16" * 70_000, b"\x16\x03\x01\x40\x00" + b"a" * 300_000):
        with Wire(gateway.port) as wire:
            wire.send([noise])
            with contextlib.suppress(ConnectionError):
                while wire._socket.recv(65_536):
                    pass  # an alert, perhaps
    with SecureWire(gateway.port, client) as secure:
        secure.send([GET])
        assert 200 == secure.read_answer().status
    assert "Traceback" not in gateway.output()
    assert "internal_error" not in gateway.output()


def test_a_handshake_that_stalls_is_ended(upstream: RecordingUpstream, authority: Authority, tmp_path: Path) -> None:
    """Whoever says nothing, or not enough, has as long as a request head has."""
    make_pair(authority).write(tmp_path)
    with start_gateway(config_for(upstream.address, timeouts={"header_s": 1}), tmp_path) as gateway:
        for said in (b"", b"\x16\x03\x01\x02\x00\x01"):
            began_at = time.monotonic()
            with Wire(gateway.port) as wire:
                wire.send([said])
                assert wire.is_ended()
                assert 0.7 < time.monotonic() - began_at < 5.0  # a second; the usual limit is ten


def test_whoever_has_not_shaken_hands_counts_as_a_connection(
    upstream: RecordingUpstream, authority: Authority, client: ssl.SSLContext, tmp_path: Path
) -> None:
    """So that they cannot be more than there may be; when they have left there is room again."""
    make_pair(authority).write(tmp_path)
    with start_gateway(config_for(upstream.address, limits={"connections": 2}), tmp_path) as gateway:
        with contextlib.ExitStack() as silent:
            wait_until(lambda: bool(silent.enter_context(Wire(gateway.port))) and not _can_shake(gateway.port, client))
            assert not _can_shake(gateway.port, client)
        wait_until(lambda: _can_shake(gateway.port, client))


def _can_shake(port: int, client: ssl.SSLContext) -> bool:
    try:
        return shake(port, client) is not None
    except OSError:
        return False


def test_a_hello_in_many_pieces_is_read(gateway: RunningGateway, client: ssl.SSLContext) -> None:
    """And a request that comes in one packet with the end of the handshake is answered."""
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    layer = client.wrap_bio(received, sent, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", gateway.port), 5.0) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with pytest.raises(ssl.SSLWantReadError):
            layer.do_handshake()
        hello = sent.read()
        for at in range(0, len(hello), 23):
            plain.sendall(hello[at : at + 23])
        while True:
            received.write(plain.recv(65_536))
            with contextlib.suppress(ssl.SSLWantReadError):
                layer.do_handshake()
                break
        layer.write(GET)
        plain.sendall(sent.read())
        answer = b""
        while b"\r\n\r\n" not in answer:
            received.write(plain.recv(65_536))
            with contextlib.suppress(ssl.SSLWantReadError):
                answer += layer.read()
    assert answer.startswith(b"HTTP/1.1 200 ")


# -------------------------------------------------------------------------------------------------- requests and bodies


def test_pipelined_requests_are_answered_in_order(gateway: RunningGateway, client: ssl.SSLContext) -> None:
    """Three hundred at once, most of them longer than one slice of the parser together."""
    count = 300
    with SecureWire(gateway.port, client) as wire:
        wire.send(
            [b"".join(b"GET /%d HTTP/1.1\r\nHost: localhost\r\nX: %b\r\n\r\n" % (n, b"x" * 200) for n in range(count))]
        )
        for number in range(count):
            answer = wire.read_answer()
            assert (200, True) == (answer.status, f"/{number}".encode() in answer.body)


@pytest.mark.parametrize("is_chunked", [False, True])
def test_large_bodies_pass_both_ways(
    authority: Authority, client: ssl.SSLContext, tmp_path: Path, is_chunked: bool
) -> None:
    """Whole and in order."""
    make_pair(authority).write(tmp_path)
    limits = {"body_bytes": 2**40}
    with StreamingUpstream() as streams, start_gateway(config_for(streams.address, limits=limits), tmp_path) as gateway:
        expected = (LARGE_BYTES, pattern_checksum(LARGE_BYTES))
        with SecureWire(gateway.port, client) as wire:
            framing = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % LARGE_BYTES
            wire.send([b"POST /up HTTP/1.1\r\nHost: localhost\r\n" + framing + b"\r\n\r\n"])
            for at in range(0, LARGE_BYTES, len(PIECE)):
                piece = PIECE[: LARGE_BYTES - at]
                wire.send([b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece])
            wire.send([b"0\r\n\r\n"] if is_chunked else [])
            told = json.loads(wire.read_answer().body)
            assert expected == (told["body_bytes"], told["checksum"])
            wire.send(
                [b"GET /down/%d%b HTTP/1.1\r\nHost: a\r\n\r\n" % (LARGE_BYTES, b"?chunked" if is_chunked else b"")]
            )
            assert expected == _receive(wire.secure, is_chunked=is_chunked)


def _receive(secure: ssl.SSLSocket, *, is_chunked: bool = False) -> tuple[int, int]:
    """Read one answer, and return the length and the checksum of its body."""
    answer = http.client.HTTPResponse(secure)
    answer.begin()
    assert is_chunked == (answer.getheader("transfer-encoding") == "chunked")
    total = checksum = 0
    while piece := answer.read(262_144):
        total += len(piece)
        checksum = crc32(piece, checksum)
    return total, checksum


def test_a_client_that_reads_slowly_slows_the_upstream(
    authority: Authority, client: ssl.SSLContext, tmp_path: Path
) -> None:
    """What waits is bounded by buffers, however large the answer is; it arrives whole all the same."""
    make_pair(authority).write(tmp_path)
    with (
        StreamingUpstream() as streams,
        start_gateway(config_for(streams.address), tmp_path) as gateway,
        SecureWire(gateway.port, client) as wire,
    ):
        wire.send([b"GET /down/%d HTTP/1.1\r\nHost: a\r\n\r\n" % LARGE_BYTES])
        wait_until(lambda: streams.passed > 0)
        _wait_until_still(lambda: streams.passed)
        assert streams.passed < LARGE_BYTES * 3 // 4
        assert (LARGE_BYTES, pattern_checksum(LARGE_BYTES)) == _receive(wire.secure)


@pytest.mark.parametrize("size", [100_000, 12_000_000])
def test_a_last_answer_reaches_a_client_that_pauses(
    authority: Authority, client: ssl.SSLContext, tmp_path: Path, size: int
) -> None:
    """What was encrypted and waits below TLS is not sent yet: the farewell takes as long as the client needs."""
    make_pair(authority).write(tmp_path)
    with (
        StreamingUpstream() as streams,
        start_gateway(config_for(streams.address), tmp_path) as gateway,
        SecureWire(gateway.port, client) as wire,
    ):
        wire.send([b"GET /down/%d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % size])
        wait_until(lambda: streams.passed > 0)
        time.sleep(2.5)  # longer than the gateway lingers for a client that has everything
        assert (size, pattern_checksum(size)) == _receive(wire.secure)


def test_an_upstream_that_reads_slowly_slows_the_client(
    authority: Authority, client: ssl.SSLContext, tmp_path: Path
) -> None:
    """The client cannot get rid of its body; when the upstream reads on, all of it arrives."""
    make_pair(authority).write(tmp_path)
    limits = {"body_bytes": 2**40}
    with (
        StreamingUpstream() as streams,
        start_gateway(config_for(streams.address, limits=limits), tmp_path) as gateway,
        SecureWire(gateway.port, client) as wire,
    ):
        streams.reads.clear()
        wire.send([b"POST /up HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % LARGE_BYTES])
        sent = [0]
        sender = threading.Thread(target=_send_pattern, args=(wire.secure, sent))
        sender.start()
        _wait_until_still(lambda: sent[0])
        assert sent[0] < LARGE_BYTES * 3 // 4
        streams.reads.set()
        sender.join()
        told = json.loads(wire.read_answer().body)
        assert (LARGE_BYTES, pattern_checksum(LARGE_BYTES)) == (told["body_bytes"], told["checksum"])


def _send_pattern(secure: ssl.SSLSocket, sent: list[int]) -> None:
    while sent[0] < LARGE_BYTES:
        piece = PIECE[: LARGE_BYTES - sent[0]]
        secure.sendall(piece)
        sent[0] += len(piece)


def _wait_until_still(count: Callable[[], int]) -> None:
    """Return when a count has not moved for half a second."""
    before = -1
    while before != (before := count()):
        time.sleep(0.5)


def test_a_body_that_is_too_large_is_refused_in_words(
    upstream: RecordingUpstream, authority: Authority, client: ssl.SSLContext, tmp_path: Path
) -> None:
    """The answer reaches a client that is still sending."""
    make_pair(authority).write(tmp_path)
    with start_gateway(config_for(upstream.address, limits={"body_bytes": 1000}), tmp_path) as gateway:
        for _ in range(5):
            with SecureWire(gateway.port, client) as wire:
                wire.send([b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n", b"x" * 1_000_000])
                assert 413 == wire.read_answer().status


def test_an_answer_that_breaks_off_cannot_be_taken_for_whole(
    gateway: RunningGateway, upstream: RecordingUpstream, client: ssl.SSLContext
) -> None:
    """No farewell is said: HTTP/1.0, where the end of the connection is the end of the answer."""
    came = threading.Event()
    upstream.answer_next(Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0123", came, close=True))
    with SecureWire(gateway.port, client) as wire:
        wire.send([b"GET / HTTP/1.0\r\nHost: a\r\n\r\n"])
        wire.wait_for(b"\r\n\r\n0123")
        came.set()
        wire.secure.settimeout(None)
        with pytest.raises(ConnectionResetError):
            os.read(wire.secure.fileno(), 1)  # below TLS: its farewell would be read here


def test_a_last_answer_ends_with_a_farewell(
    gateway: RunningGateway, upstream: RecordingUpstream, client: ssl.SSLContext
) -> None:
    """At once, for a client that waits for the end."""
    took_s = []
    for _ in range(3):
        upstream.answer_next(Answer(build_response(200, b"last")))
        with SecureWire(gateway.port, client) as wire:
            wire.send([b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"])
            assert b"last" == wire.read_answer().body
            began_at = time.monotonic()
            assert b"" == wire.secure.recv(1)
            took_s.append(time.monotonic() - began_at)
    assert min(took_s) < 0.5  # a gateway that says it late does so each time; a machine that stalls does not


def test_it_stops_although_clients_do_not_say_goodbye(
    upstream: RecordingUpstream, authority: Authority, client: ssl.SSLContext, tmp_path: Path
) -> None:
    """Idle connections, and one that never shook hands, hold nothing up."""
    make_pair(authority).write(tmp_path)
    with (
        start_gateway(config_for(upstream.address), tmp_path) as gateway,
        SecureWire(gateway.port, client) as wire,
        Wire(gateway.port),
    ):
        wire.send([GET])
        assert 200 == wire.read_answer().status
        began_at = time.monotonic()
        gateway.stop()
        assert time.monotonic() - began_at < 10.0  # open requests would be waited for, `drain_s`: 30 s
        assert b"" == wire.secure.recv(1)


def test_a_listener_without_its_file_says_which(tmp_path: Path) -> None:
    """Exit code 1, with the field's place."""
    with pytest.raises(Exception, match=r"gateway\.listen\[0\]\.tls\.cert.*No such file"):
        start_gateway(config_for("127.0.0.1:9"), tmp_path)
