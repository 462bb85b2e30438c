"""Outgoing calls, against small real servers on the loopback interface."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ostiary.adapters.http_client import AiohttpClient
from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """A server on a free port, and the request heads that it was sent."""

    def __init__(self, scheme: str, port: int, heads: list[bytes]) -> None:
        self.origin = f"{scheme}://127.0.0.1:{port}"
        self.heads = heads


@asynccontextmanager
async def serve(
    answer: bytes | Behaviour, context: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Server, AiohttpClient]]:
    """Run a server that gives an answer, or behaves, after each request head; and a client."""
    heads: list[bytes] = []

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                heads.append(await reader.readuntil(b"\r\n\r\n"))
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(attend, "127.0.0.1", 0, ssl=context)
    client = AiohttpClient()
    try:
        port = server.sockets[0].getsockname()[1]
        yield Server("http" if context is None else "https", port, heads), client
    finally:
        await client.close()
        server.close()
        await asyncio.sleep(0)


def ask(url: str, **members: object) -> OutboundRequest:
    """Make a request that does not wait long."""
    return OutboundRequest(**{"method": "GET", "url": url, "timeout_s": 5.0, **members})  # type: ignore[arg-type]


def make_answer(body: bytes = b"{}", status: str = "200 OK", *lines: str) -> bytes:
    """Write a response."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines])
    return head.encode() + b"\r\n\r\n" + body


async def fault_of(client: AiohttpClient, request: OutboundRequest) -> ProviderFault:
    """Return the fault that a call is."""
    with pytest.raises(ProviderFault) as caught:
        await client.send(request)
    return caught.value


def make_context(directory: Path, name: str = "127.0.0.1") -> ssl.SSLContext:
    """Make a server's TLS context with a certificate signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, today, today + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False)
    pem = directory / "server.pem"
    pem.write_bytes(
        builder.sign(key, SHA256()).public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_an_answer_comes_back_whole() -> None:
    """Status, lower-case headers in their order, body; the request went out as it was written."""

    async def scenario() -> None:
        answer = make_answer(b'{"a":1}', "418 Teapot", "X-One: 1", "X-ONE: 2")
        async with serve(answer) as (server, client):
            response = await client.send(
                ask(
                    f"{server.origin}/a%2Fb?c=%20d&e",
                    method="POST",
                    headers=(("Accept", "application/json"), ("X-Two", "1"), ("X-Two", "2")),
                    body=b"grant=1",
                )
            )
            head = server.heads[0].decode()

        expected = (("content-length", "7"), ("x-one", "1"), ("x-one", "2"))
        assert OutboundResponse(status=418, headers=expected, body=b'{"a":1}') == response
        assert head.startswith("POST /a%2Fb?c=%20d&e HTTP/1.1\r\n")
        assert "Accept: application/json\r\nX-Two: 1\r\nX-Two: 2\r\n" in head.replace(
            "Accept-Encoding: identity\r\n", ""
        )
        assert "Content-Length: 7\r\n" in head

    asyncio.run(scenario())


def test_connections_are_used_again() -> None:
    """One for two calls; after `close()` the client opens a new one."""

    async def scenario() -> None:
        peers = set()

        async def remember(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            peers.add(writer.get_extra_info("peername"))
            writer.write(make_answer())

        async with serve(remember) as (server, client):
            await client.send(ask(server.origin))
            await client.send(ask(server.origin))
            assert 1 == len(peers)
            await client.close()
            await client.close()
            await client.send(ask(server.origin))
            assert 2 == len(peers)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent"]
)
def test_a_redirect_is_an_answer_and_not_followed(status: str) -> None:
    """It would carry credentials to wherever it points."""

    async def scenario() -> None:
        async with serve(make_answer(b"", status, "Location: /elsewhere")) as (server, client):
            response = await client.send(ask(server.origin))

            assert (int(status[:3]), "/elsewhere", 1) == (
                response.status,
                response.header("location"),
                len(server.heads),
            )

    asyncio.run(scenario())


def test_no_cookie_is_kept_and_no_proxy_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls do not depend on the ones before, or on who started the process."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    async def scenario() -> None:
        async with serve(make_answer(b"", "200 OK", "Set-Cookie: a=1; Path=/")) as (server, client):
            await client.send(ask(server.origin))
            await client.send(ask(server.origin))

            assert [False, False] == [b"cookie" in head.lower() for head in server.heads]

    asyncio.run(scenario())


def test_nothing_is_decompressed() -> None:
    """A bomb stays as small as it is; and we ask for none."""

    async def scenario() -> None:
        squeezed = b"\x1f\x8b not really gzip"
        async with serve(make_answer(squeezed, "200 OK", "Content-Encoding: gzip")) as (server, client):
            assert squeezed == (await client.send(ask(server.origin))).body
            assert b"Accept-Encoding: identity\r\n" in server.heads[0]

    asyncio.run(scenario())


@pytest.mark.parametrize("chunked", [False, True])
def test_the_size_limit_is_exact(chunked: bool) -> None:
    """Announced or in chunks; the connection with the rest on it is not used again."""
    body = b"x" * 1000
    parts = b"".join(b"64\r\n" + b"x" * 100 + b"\r\n" for _ in range(10)) + b"0\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + parts if chunked else make_answer(body)

    async def scenario() -> None:
        async with serve(answer) as (server, client):
            assert body == (await client.send(ask(server.origin, max_body_bytes=1000))).body
            fault = await fault_of(client, ask(server.origin, max_body_bytes=999))
            assert ("provider_answer_too_large", False) == (fault.code, fault.passing)
            assert body == (await client.send(ask(server.origin, max_body_bytes=1000))).body

    asyncio.run(scenario())


def test_an_endless_answer_ends_at_the_limit() -> None:
    """It is not read to its end first."""

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async def scenario() -> None:
        async with serve(pour) as (server, client):
            assert "provider_answer_too_large" == (await fault_of(client, ask(server.origin))).code

    asyncio.run(scenario())


@pytest.mark.parametrize("piece", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
def test_one_time_limit_covers_everything(piece: bytes) -> None:
    """Silence, half a head, half a body: the fault names place and limit."""

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(piece)
        await reader.read()

    async def scenario() -> None:
        async with serve(stall) as (server, client):
            fault = await fault_of(client, ask(f"{server.origin}/path?secret=1", timeout_s=0.05))

            assert ("provider_timeout", True) == (fault.code, fault.passing)
            assert f"{server.origin.removeprefix('http://')} did not answer within 0.05 s" == fault.detail

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "answer",
    [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", b"HTTP/1.1 200 OK\r\nX: \0\r\n\r\n",
     b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"],
)  # fmt: skip
def test_an_answer_that_is_none_is_a_fault(answer: bytes) -> None:
    """Closed without a word, no HTTP, cut short, a bad header, a huge one."""

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    async def scenario() -> None:
        async with serve(cut) as (server, client):
            assert "provider_unreachable" == (await fault_of(client, ask(server.origin))).code

    asyncio.run(scenario())


def test_a_port_where_nobody_listens_refuses() -> None:
    """The text says so."""

    async def scenario() -> None:
        async with serve(b"") as (server, _):
            origin = server.origin
        client = AiohttpClient()
        fault = await fault_of(client, ask(origin))
        await client.close()

        assert ("provider_refused", True) == (fault.code, fault.passing)
        assert "nothing listens there" in fault.detail

    asyncio.run(scenario())


def test_a_name_that_does_not_exist_is_told_apart() -> None:
    """`.invalid` never resolves (RFC 6761)."""

    async def scenario() -> None:
        client = AiohttpClient()
        fault = await fault_of(client, ask("http://issuer.invalid/"))
        await client.close()

        assert ("provider_dns", "the name of issuer.invalid:80 cannot be resolved") == (fault.code, fault.detail)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "url", ["", "/path", "issuer.example", "ftp://issuer.example/", "http://", "http://[::1", "http://a:99999/",
            "http://a:0/", "file:///etc/passwd"],
)  # fmt: skip
def test_what_is_no_http_url_is_not_called(url: str) -> None:
    """And does not pass by itself."""

    async def scenario() -> None:
        client = AiohttpClient()
        fault = await fault_of(client, ask(url))
        await client.close()

        assert ("provider_unreachable", False) == (fault.code, fault.passing)

    asyncio.run(scenario())


def test_a_header_that_would_be_two_is_not_sent() -> None:
    """No line feed leaves through a value, and the fault does not repeat it."""

    async def scenario() -> None:
        async with serve(make_answer()) as (server, client):
            fault = await fault_of(client, ask(server.origin, headers=(("Authorization", "Basic s3cret\r\nX: y"),)))

            assert ("provider_unreachable", []) == (fault.code, server.heads)
            assert "s3cret" not in str(fault)

    asyncio.run(scenario())


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """Unless the operator typed that it does not matter."""

    async def scenario() -> None:
        async with serve(make_answer(), make_context(tmp_path)) as (server, client):
            fault = await fault_of(client, ask(server.origin))
            assert ("provider_tls", True) == (fault.code, fault.passing)
            assert "certificate of 127.0.0.1" in fault.detail
            assert "self-signed certificate" in fault.detail
            assert [] == server.heads

            assert 200 == (await client.send(ask(server.origin, tls_verify=False))).status
            assert "provider_tls" == (await fault_of(client, ask(server.origin))).code

    asyncio.run(scenario())


def test_a_certificate_for_another_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trusted is not enough: it has to be for this place."""
    context = make_context(tmp_path, "127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))

    async def scenario() -> None:
        async with serve(make_answer(), context) as (server, client):
            fault = await fault_of(client, ask(server.origin))

            assert "provider_tls" == fault.code
            assert "certificate" in fault.detail

    asyncio.run(scenario())


def test_a_trusted_certificate_for_this_place_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's trust is ours; SSL_CERT_FILE changes it, as everywhere."""
    context = make_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))

    async def scenario() -> None:
        async with serve(make_answer(), context) as (server, client):
            assert 200 == (await client.send(ask(server.origin))).status

    asyncio.run(scenario())


def test_tls_below_1_2_is_refused(tmp_path: Path) -> None:
    """Also where certificates do not matter."""
    old = make_context(tmp_path)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1

    async def scenario() -> None:
        async with serve(make_answer(), old) as (server, client):
            fault = await fault_of(client, ask(server.origin, tls_verify=False))

            assert fault.code in {"provider_tls", "provider_unreachable"}
            assert [] == server.heads
            assert ssl.TLSVersion.TLSv1_2 == client._contexts[False].minimum_version

    asyncio.run(scenario())


def test_what_speaks_no_tls_at_all_is_told_apart() -> None:
    """An http port behind an https URL, the usual mistake."""

    async def scenario() -> None:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(make_answer(b"", "400 Bad Request"))
            writer.close()

        server = await asyncio.start_server(speak, "127.0.0.1", 0)
        client = AiohttpClient()
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        fault = await fault_of(client, ask(f"https://{place}/"))
        await client.close()
        server.close()

        assert ("provider_tls", f"TLS with {place} failed") == (fault.code, fault.detail)

    asyncio.run(scenario())
