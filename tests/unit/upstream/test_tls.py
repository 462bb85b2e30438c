"""TLS towards services: whom a handshake is held to, against real servers on loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ostiary.config.upstream_tls import TlsSpec
from ostiary.errors import UpstreamFault
from ostiary.upstream.pool import Pool
from ostiary.upstream.tls import UpstreamContext, explain_tls_error
from tests.fakes.certificates import Authority, make_authority


@asynccontextmanager
async def serve(context: ssl.SSLContext | None) -> AsyncIterator[tuple[int, asyncio.Queue[str | None]]]:
    """Listen; yield the port, and which protocols were agreed on."""
    agreed: asyncio.Queue[str | None] = asyncio.Queue()

    async def attend(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tls = writer.get_extra_info("ssl_object")
        agreed.put_nowait(None if tls is None else tls.selected_alpn_protocol())

    server = await asyncio.start_server(attend, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], agreed
    finally:
        server.close()


async def dial(port: int, spec: TlsSpec, host: str = "127.0.0.1") -> str:
    """Open a connection; return the name that was agreed on, or raise."""
    pool = Pool(size=1, idle_timeout_s=1, requests=1, timer=lambda: 0.0, tls=UpstreamContext(spec))
    connection = await pool.dial((host, port), 10.0)
    tls = connection.transport.get_extra_info("ssl_object")
    connection.abandon()
    return str(tls.version())


def fault_of(context: ssl.SSLContext | None, spec: TlsSpec) -> UpstreamFault:
    """Fail to shake hands."""

    async def scenario() -> None:
        async with serve(context) as (port, _):
            await dial(port, spec)

    with pytest.raises(UpstreamFault) as caught:
        asyncio.run(scenario())
    assert "upstream_tls" == caught.value.code
    return caught.value


@pytest.fixture(scope="module")
def authority() -> Authority:
    """A private authority."""
    return make_authority()


def test_a_certificate_for_the_nodes_address_is_good(authority: Authority, tmp_path: Path) -> None:
    """HTTP/1.1 is what is agreed on."""

    async def scenario() -> None:
        context = authority.make_server_context(tmp_path, "127.0.0.1")
        context.set_alpn_protocols(["h2", "http/1.1"])
        async with serve(context) as (port, agreed):
            assert await dial(port, TlsSpec(trusted_certificates=authority.pem)) in {"TLSv1.3", "TLSv1.2"}
            assert "http/1.1" == await agreed.get()

    asyncio.run(scenario())


def test_the_operators_name_goes_before_the_nodes(authority: Authority, tmp_path: Path) -> None:
    """It is asked for, and held to."""

    async def scenario() -> None:
        async with serve(authority.make_server_context(tmp_path, "orders.internal")) as (port, _):
            spec = TlsSpec(server_name="orders.internal", trusted_certificates=authority.pem)
            assert await dial(port, spec)

    asyncio.run(scenario())


def test_a_certificate_for_another_name_is_refused(authority: Authority, tmp_path: Path) -> None:
    """The log says which setting it is about."""
    context = authority.make_server_context(tmp_path, "orders.internal")

    assert "see upstream.tls" in fault_of(context, TlsSpec(trusted_certificates=authority.pem)).detail


def test_an_authority_that_nobody_trusts_is_refused_unless_that_is_typed(authority: Authority, tmp_path: Path) -> None:
    """`verify: false` checks nothing at all."""
    context = authority.make_server_context(tmp_path, "127.0.0.1")
    assert "certificate is refused" in fault_of(context, TlsSpec()).detail

    async def scenario() -> None:
        async with serve(context) as (port, _):
            assert await dial(port, TlsSpec(verify=False))

    asyncio.run(scenario())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_old_protocol_is_refused(authority: Authority, tmp_path: Path) -> None:
    """TLS 1.2 is the least."""
    context = authority.make_server_context(tmp_path, "127.0.0.1")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")

    async def scenario() -> None:
        async with serve(context) as (port, _):
            await dial(port, TlsSpec(trusted_certificates=authority.pem))

    with pytest.raises(UpstreamFault) as caught:
        asyncio.run(scenario())
    assert caught.value.code in {"upstream_tls", "upstream_unreachable"}  # some servers just hang up


def test_a_server_that_speaks_no_tls_is_told_to_be_one() -> None:
    """What it answers in plain text is no answer."""

    async def scenario() -> None:
        async def attend(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(attend, "127.0.0.1", 0)
        try:
            await dial(server.sockets[0].getsockname()[1], TlsSpec())
        finally:
            server.close()

    with pytest.raises(UpstreamFault) as caught:
        asyncio.run(scenario())
    assert caught.value.code in {"upstream_tls", "upstream_unreachable"}


def test_an_error_is_explained_without_the_library() -> None:
    """What is unknown has words too."""
    assert "broke the protocol" in explain_tls_error(ssl.SSLError())
