"""Services that speak https badly, behind a real gateway: a refusal before anything is sent, or an honest end."""

import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.tls_server import TlsPeer, serve_lines, serve_tls
from tests.fakes.certificates import Authority, make_authority
from tests.fakes.messages import chunk, response
from tests.fakes.server_pairs import make_pair

DAY_S = 86_400
HELLO = response("200 OK", body=b"hello")


class Scene:
    """A gateway with a route for each service: `/name` goes to the service of that name."""

    def __init__(self, gateway: RunningGateway, silence: Event, met: dict[str, list[bytes]]) -> None:
        """Hold the gateway, what the silent service waits for, and what services were asked, by connection."""
        self.gateway = gateway
        self.silence = silence
        self.met = met

    def ask(self, name: str, method: str = "GET", body: bytes = b"") -> tuple[int, bytes]:
        """Return status and body of a call."""
        answer = call(f"{self.gateway.url}/{name}", method, {"Authorization": "Bearer a-secret"}, body)
        return answer.status, answer.body


class Services:
    """What is listened on, each service by its name; `met` are the requests that were heard on each connection."""

    def __init__(self, stack: ExitStack, authority: Authority, folder: Path) -> None:
        self.ports: dict[str, int] = {}
        self.met: dict[str, list[bytes]] = {}
        self.silence = Event()
        self._stack = stack
        self._authority = authority
        self._folder = folder
        stack.callback(self.silence.set)

    def context(self, **validity: float) -> ssl.SSLContext:
        """Return what a server for `localhost` shakes hands with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*make_pair(self._authority, **validity).write(self._folder))  # type: ignore[arg-type]
        return context

    def add(self, name: str, script: object = None, context: ssl.SSLContext | None = None) -> None:
        """Let a service listen; without a script it answers."""
        met = self.met[name] = []

        def attend(peer: TlsPeer) -> None:
            (script or answer)(peer, met)  # type: ignore[operator]

        self.ports[name] = self._stack.enter_context(serve_tls(context or self.context(), attend))


def answer(peer: TlsPeer, met: list[bytes]) -> None:
    """Answer as long as there are requests."""
    met.append(b"")
    while True:
        met[-1] += peer.hears()
        peer.says(HELLO)


def answer_and_bid_farewell(peer: TlsPeer, met: list[bytes]) -> None:
    """Answer once, and say that it was the last time; the connection stays open."""
    met.append(peer.hears())
    peer.says(HELLO)
    peer.bids_farewell()
    peer.line.recv(9_999)
    peer.line.recv(9_999)


def answer_with_chunks(peer: TlsPeer, met: list[bytes]) -> None:
    """Take a chunked request, and answer the same way, byte by byte."""
    met.append(peer.hears(b"0\r\n\r\n"))
    for byte in response("200 OK", "Transfer-Encoding: chunked") + chunk(b"hel") + chunk(b"lo") + chunk(b""):
        peer.says(bytes([byte]))
    peer.hears()


def answer_until_the_end(peer: TlsPeer, met: list[bytes]) -> None:
    """Answer with a body that ends where the connection does, and end it as TLS asks for."""
    met.append(peer.hears())
    peer.says(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
    peer.bids_farewell()


def answer_and_be_cut(peer: TlsPeer, met: list[bytes]) -> None:
    """The same, but the connection ends without a sign: anybody on the way can do that."""
    met.append(peer.hears())
    peer.says(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhel")
    peer.hangs_up()


def answer_half(peer: TlsPeer, met: list[bytes]) -> None:
    """End before the length that was announced."""
    met.append(peer.hears())
    peer.says(HELLO[:-2])
    peer.bids_farewell()


def wait(silence: Event) -> None:
    """Say nothing."""
    silence.wait()


def hang_up_at_once(line: socket.socket) -> None:
    """End in the middle of a handshake."""
    line.recv(100)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """All the services, and one gateway."""
    folder = tmp_path_factory.mktemp("services")
    authority = make_authority()
    (folder / "ca.pem").write_text(authority.pem)
    with ExitStack() as stack:
        services = Services(stack, authority, folder)
        services.add("good")
        services.add("expired", context=services.context(begins_at=time.time() - 10 * DAY_S, lasts_days=5))
        services.add("early", context=services.context(begins_at=time.time() + DAY_S))
        wary = services.context()
        wary.verify_mode = ssl.CERT_REQUIRED
        wary.load_verify_locations(cadata=authority.pem)
        services.add("wary", context=wary)
        services.add("farewell", answer_and_bid_farewell)
        services.add("chunks", answer_with_chunks)
        services.add("until-the-end", answer_until_the_end)
        services.add("cut", answer_and_be_cut)
        services.add("half", answer_half)
        services.ports["hangs-up"] = stack.enter_context(serve_lines(hang_up_at_once))
        services.ports["silent"] = stack.enter_context(serve_lines(lambda _: wait(services.silence)))
        written = {name: [f"localhost:{port}"] for name, port in services.ports.items()}
        written["one-is-bad"] = [written["expired"][0], written["good"][0]]
        routes = [
            {
                "id": name,
                "uri": f"/{name}",
                "upstream": {
                    "scheme": "https",
                    "tls": {"ca_file": "ca.pem"},
                    "nodes": dict.fromkeys(nodes, 1),
                    "timeout": {"connect": 0.5 if name == "silent" else 10},
                },
            }
            for name, nodes in written.items()
        ]
        with start_gateway({"routes": routes}, folder) as gateway:
            yield Scene(gateway, services.silence, services.met)


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("expired", 502, "certificate has expired"),
        ("early", 502, "certificate is not yet valid"),
        ("hangs-up", 502, "hung up during the TLS handshake"),
        ("wary", 502, "wants a client certificate"),
        ("silent", 504, "no connection to localhost"),
    ],
)
def test_a_handshake_that_fails_is_told_to_the_operator_alone(scene: Scene, name: str, status: int, words: str) -> None:
    """The client gets the status; no service is asked anything."""
    before = len(scene.gateway.output())
    answered, body = scene.ask(name)
    scene.gateway.wait_for_log(lambda line: line["route"] == name)
    told = scene.gateway.output()[before:]

    assert status == answered
    assert words in told
    assert words.encode() not in body
    assert "a-secret" not in told
    assert [] == scene.met.get(name, [])


def test_another_node_is_tried_when_one_cannot_show_who_it_is(scene: Scene) -> None:
    """Nothing was sent yet."""
    assert [(200, b"hello")] * 4 == [scene.ask("one-is-bad") for _ in range(4)]


def test_a_connection_carries_more_than_one_request(scene: Scene) -> None:
    """One handshake is enough."""
    scene.met["good"].clear()
    assert [(200, b"hello")] * 3 == [scene.ask("good") for _ in range(3)]
    assert 1 >= len(scene.met["good"])  # 0: on one that was opened by another test


def test_a_connection_that_said_farewell_is_not_used_again(scene: Scene) -> None:
    """Although it is still open below TLS."""
    assert [(200, b"hello")] * 3 == [scene.ask("farewell") for _ in range(3)]
    assert 3 == len(scene.met["farewell"])


def test_chunks_come_through_both_ways(scene: Scene) -> None:
    """Whatever records of TLS they are in."""
    connection = http.client.HTTPConnection("127.0.0.1", scene.gateway.port, timeout=10)
    connection.request("POST", "/chunks", iter([b"onetwo"]), encode_chunked=True)
    answered = connection.getresponse()

    assert (200, b"hello") == (answered.status, answered.read())
    connection.close()
    (asked,) = scene.met["chunks"]
    assert asked.endswith(b"6\r\nonetwo\r\n0\r\n\r\n")


def test_a_body_that_ends_with_the_connection_is_whole_only_with_a_farewell(scene: Scene) -> None:
    """Without one it may have been cut by anybody (RFC 9112 §9.8), and the client is told."""
    assert (200, b"hello") == scene.ask("until-the-end")
    for name in ("cut", "half"):
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            scene.ask(name)
        line = scene.gateway.wait_for_log(lambda line, name=name: line["route"] == name)  # type: ignore[misc]
        assert "upstream_lost" == line["reason"]


@pytest.mark.parametrize("is_secure", [False, True])
def test_an_early_answer_reaches_the_client(tmp_path: Path, is_secure: bool) -> None:
    """A service that has heard enough closes while the body is still coming; its answer is what counts."""
    authority = make_authority()
    (tmp_path / "ca.pem").write_text(authority.pem)
    early = response("401 Unauthorized", "Connection: close", body=b"who?")

    def refuse(line: socket.socket) -> None:
        line.recv(200)
        line.sendall(early)

    def refuse_over_tls(peer: TlsPeer) -> None:
        peer.hears()
        peer.says(early)
        peer.hangs_up()

    with ExitStack() as stack:
        if is_secure:
            context = authority.make_server_context(tmp_path, "localhost")
            port = stack.enter_context(serve_tls(context, refuse_over_tls))
            upstream = {"scheme": "https", "nodes": {f"localhost:{port}": 1}, "tls": {"ca_file": "ca.pem"}}
        else:
            port = stack.enter_context(serve_lines(refuse))
            upstream = {"nodes": {f"127.0.0.1:{port}": 1}}
        gateway = stack.enter_context(start_gateway({"routes": [{"uri": "/*", "upstream": upstream}]}, tmp_path))
        answers = [upload(gateway.port) for _ in range(20)]

    assert [(b"HTTP/1.1 401", b"who?")] * 20 == [(said[:12], said[-4:]) for said in answers]


def upload(port: int, length: int = 9_000_000) -> bytes:
    """Send a long body as fast as it is taken; return what is answered meanwhile."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:

        def push() -> None:
            with suppress(OSError):
                line.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length + b"x" * length)

        pushing = Thread(target=push)
        pushing.start()
        said = b""
        with suppress(OSError):
            while not said.endswith((b"who?", b"}\n")) and (piece := line.recv(4096)):
                said += piece
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        pushing.join()
    return said
