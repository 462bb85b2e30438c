"""Outgoing calls, against small real servers on the loopback interface."""

import asyncio
import gzip
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

from ostiary.adapters.http_client import MAX_CONTEXTS, AiohttpClient
from ostiary.config.dns import DnsSettings
from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundRequest, OutboundResponse
from ostiary.http.proxies import Proxy
from tests.e2e.counterparts.dns_server import NXDOMAIN, SILENCE, DnsServer
from tests.e2e.counterparts.forward_proxy import ForwardProxy, build_basic
from tests.e2e.counterparts.processes import free_port
from tests.fakes.certificates import make_authority
from tests.fakes.loop_time import run_patiently

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


def test_no_cookie_is_kept_and_no_proxy_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Calls do not depend on the ones before, or on who started the process; nor are credentials taken from a file."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")

    async def scenario() -> None:
        async with serve(make_answer(b"", "200 OK", "Set-Cookie: a=1; Path=/")) as (server, client):
            await client.send(ask(server.origin))
            await client.send(ask(server.origin))

            assert [False, False] == [b"cookie" in head.lower() for head in server.heads]
            assert [False, False] == [b"authorization" in head.lower() for head in server.heads]

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


def test_a_bomb_is_not_inflated() -> None:
    """A megabyte of gzip that would be a gigabyte stays a megabyte, and over the limit it is refused as such."""
    bomb = gzip.compress(b"0" * 10_000_000)

    async def scenario() -> None:
        async with serve(make_answer(bomb, "200 OK", "Content-Encoding: gzip")) as (server, client):
            assert bomb == (await client.send(ask(server.origin, max_body_bytes=len(bomb)))).body
            fault = await fault_of(client, ask(server.origin, max_body_bytes=len(bomb) - 1))
            assert "provider_answer_too_large" == fault.code

    asyncio.run(scenario())


def test_a_gigabyte_is_not_read() -> None:
    """However it is announced: what was taken off the wire when the limit hits is a fraction."""
    sent = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        while sent < 1 << 30:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async def scenario() -> None:
        async with serve(pour) as (server, client):
            fault = await fault_of(client, ask(server.origin, max_body_bytes=262_144))
            assert ("provider_answer_too_large", False) == (fault.code, fault.passing)

        assert sent < 1 << 27

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
            place = server.origin.removeprefix("http://")
            assert f"{place} did not answer within 0.05 s; `timeout` covers the whole call" == fault.detail

    run_patiently(scenario())


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

        assert "provider_dns" == fault.code
        assert fault.detail.startswith("the name of issuer.invalid:80 cannot be resolved: ")
        assert fault.detail.endswith("gateway.dns names other name servers")

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
            assert ssl.TLSVersion.TLSv1_2 == client._contexts[(False, "", "")].minimum_version

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

        assert "provider_tls" == fault.code
        assert fault.detail.startswith(f"TLS with {place} failed: it speaks no TLS 1.2 or later, or no TLS at all")

    asyncio.run(scenario())


CREDENTIALS = "gate:pro-xy-s3cret"
SHOWN = build_basic(CREDENTIALS)


def field_of(head: bytes, name: str) -> str | None:
    """Return a header of a request head."""
    lines = (line.partition(": ") for line in head.decode().split("\r\n")[1:])
    return next((value for key, _, value in lines if key.lower() == name), None)


def test_a_private_authority_is_trusted_where_it_is_named(tmp_path: Path) -> None:
    """And nowhere else: a call that does not name it refuses the same server."""
    authority, stranger = make_authority(), make_authority("somebody else")

    async def scenario() -> None:
        async with serve(make_answer(), authority.make_server_context(tmp_path, "127.0.0.1")) as (server, client):
            trusting = ask(server.origin, trusted_certificates=authority.pem)
            assert 200 == (await client.send(trusting)).status
            for request in (ask(server.origin), ask(server.origin, trusted_certificates=stranger.pem)):
                fault = await fault_of(client, request)
                assert "provider_tls" == fault.code
                assert fault.detail.endswith("belongs into ssl_ca_file, or into provider_ca_files of oidc")
            assert 200 == (await client.send(trusting)).status

    asyncio.run(scenario())


def test_a_private_authority_does_not_vouch_for_other_names(tmp_path: Path) -> None:
    """The name is checked as ever."""
    authority = make_authority()

    async def scenario() -> None:
        async with serve(make_answer(), authority.make_server_context(tmp_path, "id.test")) as (server, client):
            fault = await fault_of(client, ask(server.origin, trusted_certificates=authority.pem))
            assert "provider_tls" == fault.code

    asyncio.run(scenario())


def test_contexts_are_shared_by_value() -> None:
    """Equal trust is one context, and there is a bound to how many are kept."""
    client = AiohttpClient()
    pem = make_authority().pem
    same = client._context("".join(list(pem)), verify=True)

    assert client._context(pem, verify=True) is same
    assert client._context("", verify=True) is client._context("", verify=True)
    assert len({id(context) for context in client._contexts.values()}) == 2
    for number in range(MAX_CONTEXTS):
        client._contexts[True, str(number), ""] = same
        client._context("", verify=False)
    client._contexts.clear()
    client._contexts = {(True, str(number), ""): same for number in range(MAX_CONTEXTS)}
    client._context("", verify=False)
    assert len(client._contexts) == MAX_CONTEXTS


def test_an_http_target_is_asked_of_its_proxy() -> None:
    """In absolute form, with the credential; the target sees neither."""

    async def scenario() -> None:
        with ForwardProxy(CREDENTIALS) as proxy:
            async with serve(make_answer(b"found")) as (server, client):
                request = ask(
                    f"{server.origin}/a%2Fb?c=%20d", method="POST", body=b"grant=1",
                    headers=(("Authorization", "Basic Y2xpZW50OnM="),), proxy=Proxy(proxy.url, SHOWN),
                )  # fmt: skip
                assert b"found" == (await client.send(request)).body

                assert proxy.heads[0].startswith(f"POST {server.origin}/a%2Fb?c=%20d HTTP/1.1\r\n".encode())
                assert SHOWN == field_of(proxy.heads[0], "proxy-authorization")
                assert [None] == [field_of(head, "proxy-authorization") for head in server.heads]
                assert "Basic Y2xpZW50OnM=" == field_of(server.heads[0], "authorization")

    asyncio.run(scenario())


@pytest.mark.parametrize("is_secure", [False, True])
def test_an_https_target_is_reached_through_a_tunnel(tmp_path: Path, is_secure: bool) -> None:
    """The credential goes with CONNECT only, and nothing of the request does; also where the proxy speaks TLS."""
    authority = make_authority()
    context = authority.make_server_context(tmp_path, "127.0.0.1")

    async def scenario() -> None:
        with ForwardProxy(CREDENTIALS, context if is_secure else None) as proxy:
            async with serve(make_answer(b"found"), context) as (server, client):
                request = ask(
                    f"{server.origin}/token?a=1", method="POST", body=b"grant=1",
                    headers=(("Authorization", "Basic Y2xpZW50OnM="),), proxy=Proxy(proxy.url, SHOWN),
                    trusted_certificates=authority.pem,
                )  # fmt: skip
                assert b"found" == (await client.send(request)).body
                assert b"found" == (await client.send(request)).body

                place = server.origin.removeprefix("https://")
                (connect,) = proxy.heads  # the tunnel is used again
                assert connect.startswith(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n".encode())
                assert SHOWN == field_of(connect, "proxy-authorization")
                assert field_of(connect, "authorization") is None
                assert b"token" not in connect
                assert server.heads[0].startswith(b"POST /token?a=1 HTTP/1.1\r\n")
                assert [None, None] == [field_of(head, "proxy-authorization") for head in server.heads]

    asyncio.run(scenario())


def test_a_proxy_without_credentials_is_shown_none() -> None:
    """Neither by http nor by https."""

    async def scenario() -> None:
        with ForwardProxy() as proxy:
            async with serve(make_answer()) as (server, client):
                assert 200 == (await client.send(ask(server.origin, proxy=Proxy(proxy.url)))).status
                await fault_of(client, ask("https://127.0.0.1:1/", proxy=Proxy(proxy.url)))

                assert [None, None] == [field_of(head, "proxy-authorization") for head in proxy.heads]

    asyncio.run(scenario())


@pytest.mark.parametrize("is_secure", [False, True])
def test_connections_of_different_credentials_are_kept_apart(tmp_path: Path, is_secure: bool) -> None:
    """A tunnel that one credential opened is not used by another, nor by a call that wants no proxy."""
    authority = make_authority()
    context = authority.make_server_context(tmp_path, "127.0.0.1") if is_secure else None

    async def scenario() -> None:
        with ForwardProxy() as one, ForwardProxy() as two:
            async with serve(make_answer(b"", "200 OK", "Connection: keep-alive"), context) as (server, client):
                ways = [Proxy(one.url, SHOWN), Proxy(one.url, build_basic("a:b")), Proxy(one.url), Proxy(two.url), None]
                for way in ways:
                    request = ask(server.origin, proxy=way, trusted_certificates=authority.pem)
                    assert 200 == (await client.send(request)).status

                shown = [field_of(head, "proxy-authorization") for head in one.heads]
                assert [SHOWN, build_basic("a:b"), None] == shown
                assert (3, 1, len(ways)) == (one.connections, two.connections, len(server.heads))

    asyncio.run(scenario())


@pytest.mark.parametrize(("scheme", "name"), [("http", "http_proxy"), ("https", "https_proxy")])
def test_a_proxy_that_wants_other_credentials_is_named(scheme: str, name: str) -> None:
    """With the attribute to mend; waiting does not help."""

    async def scenario() -> None:
        with ForwardProxy("other:password") as proxy:
            client = AiohttpClient()
            fault = await fault_of(client, ask(f"{scheme}://127.0.0.1:1/", proxy=Proxy(proxy.url, SHOWN)))
            await client.close()

            assert ("provider_proxy", False) == (fault.code, fault.passing)
            assert f"the proxy 127.0.0.1:{proxy.port} wants other credentials" in fault.detail
            assert f"proxy_opts.{name}_authorization" in fault.detail
            assert SHOWN not in str(fault)

    asyncio.run(scenario())


def test_what_the_proxy_cannot_do_is_told_from_what_the_provider_cannot() -> None:
    """No proxy there, a target that it does not reach, a proxy that is silent, one whose name nobody knows."""

    async def scenario() -> None:
        client = AiohttpClient()
        async with serve(b"") as (server, _):
            nobody = server.origin
        gone = await fault_of(client, ask("https://127.0.0.1:1/", proxy=Proxy(nobody)))
        unknown = await fault_of(client, ask("https://127.0.0.1:1/", proxy=Proxy("http://proxy.invalid:3128")))
        with ForwardProxy() as proxy:
            unreached = await fault_of(client, ask("https://127.0.0.1:1/", proxy=Proxy(proxy.url)))
        with ForwardProxy(hangs=True) as silent:
            late = await fault_of(client, ask("https://127.0.0.1:1/", proxy=Proxy(silent.url), timeout_s=1.0))
        await client.close()

        place = nobody.removeprefix("http://")
        assert ("provider_proxy", f"the proxy {place} refuses the connection; see proxy_opts") == (
            gone.code,
            gone.detail,
        )
        assert "provider_dns" == unknown.code
        assert unknown.detail.startswith("the name of proxy.invalid:3128 cannot be resolved")
        assert ("provider_proxy", True) == (unreached.code, unreached.passing)
        assert "does not reach 127.0.0.1:1 (status 502)" in unreached.detail
        assert "provider_timeout" == late.code
        assert f"by the proxy 127.0.0.1:{silent.port} within 1 s" in late.detail

    asyncio.run(scenario())


def test_names_are_resolved_by_the_servers_that_were_told() -> None:
    """Until others are: what was learnt from the first is forgotten."""

    async def scenario() -> None:
        with DnsServer({"id.test": "127.0.0.1"}) as dns, DnsServer({"id.test": NXDOMAIN}) as other:
            async with serve(make_answer()) as (server, client):
                url = server.origin.replace("127.0.0.1", "id.test")
                client.use_dns(DnsSettings((dns.address,), 1.0))
                assert 200 == (await client.send(ask(url))).status
                assert b"Host: id.test:" in server.heads[0]
                client.use_dns(DnsSettings((other.address,), 1.0))
                await client._session.close()  # type: ignore[union-attr] # an open connection needs no name
                client._session = None
                fault = await fault_of(client, ask(url))
                assert "provider_dns" == fault.code
                assert f"there is no such name, says {other.address}" in fault.detail

    asyncio.run(scenario())


def test_a_silent_name_server_is_told_from_a_silent_provider() -> None:
    """Whichever of the two limits is hit first."""

    async def scenario() -> None:
        with DnsServer({"id.test": SILENCE}) as dns:
            client = AiohttpClient()
            for limit_s, timeout_s in ((0.1, 5.0), (5.0, 0.1)):
                client.use_dns(DnsSettings((dns.address,), limit_s))
                fault = await fault_of(client, ask("http://id.test/", timeout_s=timeout_s))
                assert "provider_dns" == fault.code
                assert "gateway.dns" in fault.detail
            await client.close()

    asyncio.run(scenario())


def test_a_call_goes_to_the_addresses_in_the_name_of_its_url() -> None:
    """The first that listens is asked; Host and certificate are the URL's, which is looked up nowhere."""

    async def scenario() -> None:
        async with serve(make_answer()) as (server, client):
            closed = free_port()
            request = ask(
                "http://id.nowhere.test:8080/a?b=%20c",
                addresses=(("127.0.0.1", closed), ("127.0.0.1", int(server.origin.rpartition(":")[2]))),
            )
            assert 200 == (await client.send(request)).status
            fault = await fault_of(client, ask("http://id.nowhere.test/", addresses=(("127.0.0.1", closed),)))

        head = server.heads[0].decode()
        assert head.startswith("GET /a?b=%20c HTTP/1.1\r\n")
        assert "Host: id.nowhere.test:8080\r\n" in head
        assert 1 == head.lower().count("host:")
        assert "provider_refused" == fault.code

    asyncio.run(scenario())


def test_certificates_are_held_to_the_name_of_the_url_wherever_it_is_found(tmp_path: Path) -> None:
    """One that was verified for a name serves no other name at the same address."""
    authority = make_authority()

    async def scenario() -> None:
        context = authority.make_server_context(tmp_path, "id.nowhere.test")
        async with serve(make_answer(), context=context) as (server, client):
            where = {
                "addresses": (("localhost", int(server.origin.rpartition(":")[2])),),
                "trusted_certificates": authority.pem,
            }
            assert 200 == (await client.send(ask("https://id.nowhere.test/", **where))).status
            assert "provider_tls" == (await fault_of(client, ask("https://other.nowhere.test/", **where))).code

    asyncio.run(scenario())


def port_of(server: Server) -> int:
    """Where a server listens."""
    return int(server.origin.rpartition(":")[2])


@pytest.mark.parametrize("is_secure", [False, True])
def test_connections_belong_to_the_name_in_which_they_were_opened(tmp_path: Path, is_secure: bool) -> None:
    """Calls in that name share one; those in another, and those to the address itself, have their own."""
    context = make_authority().make_server_context(tmp_path, "one.test") if is_secure else None
    peers: list[object] = []

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.append(writer.get_extra_info("peername"))
        writer.write(make_answer(b"", "200 OK", "Connection: keep-alive"))

    async def scenario() -> None:
        async with serve(answer, context) as (server, client):
            where = {"addresses": (("127.0.0.1", port_of(server)),), "tls_verify": False}
            scheme = server.origin.partition(":")[0]
            for request in (
                ask(f"{scheme}://one.test/", **where),
                ask(f"{scheme}://one.test/again", **where),
                ask(f"{scheme}://two.test/", **where),
                ask(server.origin, tls_verify=False),
            ):
                assert 200 == (await client.send(request)).status

        assert peers[0] == peers[1]
        assert 3 == len(set(peers))

    asyncio.run(scenario())


def test_an_address_that_says_nothing_has_its_share_of_the_time(tmp_path: Path) -> None:
    """One that does not take a connection, or does not shake hands, leaves the others their turn."""
    authority = make_authority()

    async def scenario() -> None:
        silence = asyncio.Event()

        async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await silence.wait()
            writer.close()

        silent = await asyncio.start_server(hold, "127.0.0.1", 0)
        async with serve(make_answer(), authority.make_server_context(tmp_path, "id.test")) as (server, client):
            addresses = (
                ("name.invalid", 443),
                ("127.0.0.1", silent.sockets[0].getsockname()[1]),
                ("127.0.0.1", port_of(server)),
            )
            request = ask("https://id.test/", addresses=addresses, trusted_certificates=authority.pem, timeout_s=1.0)
            assert 200 == (await client.send(request)).status
            silence.set()
            silent.close()

    asyncio.run(scenario())


def test_a_certificate_that_is_refused_is_no_reason_to_ask_elsewhere(tmp_path: Path) -> None:
    """Somebody sits where the service should."""
    authority = make_authority()
    (tmp_path / "other").mkdir()

    async def scenario() -> None:
        good = authority.make_server_context(tmp_path, "id.test")
        bad = authority.make_server_context(tmp_path / "other", "other.test")
        async with serve(make_answer(), bad) as (first, client), serve(make_answer(), good) as (second, _):
            addresses = tuple(("127.0.0.1", port_of(server)) for server in (first, second))
            request = ask("https://id.test/", addresses=addresses, trusted_certificates=authority.pem)
            assert "provider_tls" == (await fault_of(client, request)).code
            assert ([], []) == (first.heads, second.heads)

    asyncio.run(scenario())


@pytest.mark.parametrize("timeout_s", [0.0, -1.0])
def test_no_time_left_is_not_all_the_time_there_is(timeout_s: float) -> None:
    """For aiohttp it would be."""

    async def scenario() -> None:
        async def hold(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            await reader.read()

        async with serve(hold) as (server, client), asyncio.timeout(5):
            assert "provider_timeout" == (await fault_of(client, ask(server.origin, timeout_s=timeout_s))).code

    asyncio.run(scenario())


def test_addresses_and_a_proxy_exclude_each_other() -> None:
    """The proxy would have to know them."""

    async def scenario() -> None:
        client = AiohttpClient()
        request = ask("http://id.nowhere.test/", addresses=(("127.0.0.1", 1),), proxy=Proxy("http://127.0.0.1:1"))
        assert "provider_proxy" == (await fault_of(client, request)).code
        await client.close()

    asyncio.run(scenario())
