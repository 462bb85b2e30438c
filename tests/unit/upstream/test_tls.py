"""TLS towards services: whom a handshake is held to, against real servers on loopback.

In the loop of the tests and in the gateway's own, whose TLS layers are not the same.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from ostiary.config.upstream_tls import TlsSpec
from ostiary.errors import UpstreamFault
from ostiary.upstream.connection import UpstreamConnection
from ostiary.upstream.pool import Pool
from ostiary.upstream.tls import UpstreamContext, explain_tls_error, make_trust
from tests.fakes.certificates import Authority, make_authority
from tests.fakes.messages import response
from tests.fakes.server_pairs import make_pair
from tests.fakes.until import until
from tests.fakes.upstream_wire import FakeBorrower

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Run = Callable[[Coroutine[Any, Any, None]], None]
DAY_S = 86_400


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """What runs a scenario."""
    chosen: Run = request.param
    return chosen


@pytest.fixture(scope="module")
def authority() -> Authority:
    """A private authority."""
    return make_authority()


async def stay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing until the other side leaves."""
    try:
        await reader.read()
    except ConnectionError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def serve(context: ssl.SSLContext | None, script: Script = stay) -> AsyncIterator[int]:
    """Listen; yield the port."""
    server = await asyncio.start_server(script, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0.01)  # what is being closed gets its turns


def make_context(spec: TlsSpec) -> UpstreamContext:
    """Make what connections with these wishes are made with."""
    return UpstreamContext(spec.server_name, make_trust(spec))


async def dial(port: int, spec: TlsSpec, timeout_s: float = 10.0) -> UpstreamConnection:
    """Open a connection, or raise."""
    pool = Pool(size=1, idle_timeout_s=1, requests=1, timer=lambda: 0.0, tls=make_context(spec))
    return await pool.dial(("127.0.0.1", port), timeout_s)


def fault_of(
    run: Run, context: ssl.SSLContext | None, spec: TlsSpec, script: Script = stay, timeout_s: float = 10.0
) -> UpstreamFault:
    """Fail to shake hands."""

    async def scenario() -> None:
        async with serve(context, script) as port:
            await dial(port, spec, timeout_s)

    with pytest.raises(UpstreamFault) as caught:
        run(scenario())
    return caught.value


def trusting(authority: Authority, name: str | None = None) -> TlsSpec:
    """Trust a private authority."""
    return TlsSpec(server_name=name, trusted_certificates=authority.pem)


def test_a_certificate_for_the_nodes_address_is_good(authority: Authority, tmp_path: Path, run: Run) -> None:
    """HTTP/1.1 is what is agreed on, in TLS 1.2 at least."""

    async def scenario() -> None:
        context = authority.make_server_context(tmp_path, "127.0.0.1")
        context.set_alpn_protocols(["h2", "http/1.1"])
        async with serve(context) as port:
            connection = await dial(port, trusting(authority))
            tls = connection.transport.get_extra_info("ssl_object")
            assert ("http/1.1", True) == (tls.selected_alpn_protocol(), tls.version() in {"TLSv1.3", "TLSv1.2"})
            connection.abandon()

    run(scenario())


def test_the_operators_name_goes_before_the_nodes(authority: Authority, tmp_path: Path, run: Run) -> None:
    """It is asked for, and held to."""
    asked: list[str | None] = []

    async def scenario() -> None:
        context = authority.make_server_context(tmp_path, "orders.internal")
        context.sni_callback = lambda _, name, __: asked.append(name)
        async with serve(context) as port:
            (await dial(port, trusting(authority, "orders.internal"))).abandon()
            (await dial(port, TlsSpec(verify=False, server_name="other.internal"))).abandon()

    run(scenario())
    assert ["orders.internal", "other.internal"] == asked


def test_a_response_comes_through(authority: Authority, tmp_path: Path, run: Run) -> None:
    """Whole, in however many records."""
    borrower = FakeBorrower()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response("200 OK", body=b"x" * 300_000))
        await stay(reader, writer)

    async def scenario() -> None:
        async with serve(authority.make_server_context(tmp_path, "127.0.0.1"), answer) as port:
            connection = await dial(port, trusting(authority))
            connection.lend(borrower, "GET", ())
            connection.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            connection.request_sent = True
            await until(lambda: borrower.is_whole)

    run(scenario())
    assert (b"x" * 300_000, None) == (borrower.body, borrower.lost)


def test_a_service_that_speaks_first_is_hung_up_on(authority: Authority, tmp_path: Path, run: Run) -> None:
    """Nobody asked; what it said is no answer to whoever does."""

    async def blurt(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(response("200 OK", body=b"hello"))

    async def scenario() -> None:
        async with serve(authority.make_server_context(tmp_path, "127.0.0.1"), blurt) as port:
            try:
                connection = await dial(port, trusting(authority))
            except UpstreamFault:
                return  # it was that quick
            await until(connection.is_closing)
            assert not connection.is_usable()

    run(scenario())


@pytest.mark.parametrize(
    ("begins_in_days", "reason"), [(-10, "certificate has expired"), (1, "certificate is not yet valid")]
)
def test_a_certificate_has_its_time(
    authority: Authority, tmp_path: Path, run: Run, begins_in_days: int, reason: str
) -> None:
    """The log says why it is not good."""
    pair = make_pair(authority, begins_at=time.time() + begins_in_days * DAY_S, lasts_days=5)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair.write(tmp_path))
    fault = fault_of(run, context, trusting(authority))

    assert ("upstream_tls", True) == (fault.code, f"refused ({reason}); see upstream.tls" in fault.detail)


def test_a_certificate_for_another_name_is_refused(authority: Authority, tmp_path: Path, run: Run) -> None:
    """Whether the name is the node's or the operator's."""
    context = authority.make_server_context(tmp_path, "orders.internal")
    by_node, by_name = (fault_of(run, context, trusting(authority, name)) for name in (None, "other.internal"))

    assert ("upstream_tls", "upstream_tls") == (by_node.code, by_name.code)
    assert "IP address mismatch" in by_node.detail
    assert "Hostname mismatch" in by_name.detail


def test_an_authority_that_nobody_trusts_is_refused_unless_that_is_typed(
    authority: Authority, tmp_path: Path, run: Run
) -> None:
    """`verify: false` checks nothing at all."""
    context = authority.make_server_context(tmp_path, "127.0.0.1")
    assert "unable to get local issuer certificate" in fault_of(run, context, TlsSpec()).detail

    async def scenario() -> None:
        async with serve(context) as port:
            (await dial(port, TlsSpec(verify=False))).abandon()

    run(scenario())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_old_protocol_is_refused(authority: Authority, tmp_path: Path, run: Run) -> None:
    """TLS 1.2 is the least, whatever is checked."""
    context = authority.make_server_context(tmp_path, "127.0.0.1")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")

    assert "upstream_tls" == fault_of(run, context, TlsSpec(verify=False)).code


def test_a_server_that_wants_a_certificate_is_named(authority: Authority, tmp_path: Path, run: Run) -> None:
    """In TLS 1.2 it hangs up during the handshake."""
    context = authority.make_server_context(tmp_path, "127.0.0.1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    fault = fault_of(run, context, trusting(authority))

    assert ("upstream_tls", True) == (fault.code, "client certificate" in fault.detail)


async def speak_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer in plain text, as an http port does."""
    await reader.read(1)
    writer.write(response("400 Bad Request"))
    await writer.drain()
    writer.close()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """End in the middle of the handshake."""
    await reader.read(99_999)
    writer.close()


async def hang_up_rudely(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reset in the middle of the handshake."""
    await reader.read(1)
    writer.transport.abort()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (speak_plainly, "does it speak https on this port?"),
        (hang_up, "hung up during the TLS handshake"),
        (hang_up_rudely, "hung up during the TLS handshake"),
    ],
)
def test_a_server_that_shakes_no_hands_is_told_to_the_operator(run: Run, script: Script, reason: str) -> None:
    """With the likely reason."""
    fault = fault_of(run, None, TlsSpec(), script)

    assert ("upstream_tls", True) == (fault.code, reason in fault.detail)


def test_a_handshake_is_part_of_the_time_for_connecting(run: Run) -> None:
    """Whoever accepts and says nothing is given up, and hung up on."""
    left = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stay(reader, writer)
        left.append(True)

    async def scenario() -> None:
        async with serve(None, listen) as port:
            with pytest.raises(UpstreamFault) as caught:
                await dial(port, TlsSpec(), 0.05)
            assert "upstream_timeout" == caught.value.code
            await until(lambda: bool(left))

    run(scenario())


def test_a_connection_that_is_gone_shakes_no_hands() -> None:
    """It was lost between its opening and the handshake."""

    async def scenario() -> None:
        async with serve(None) as port:
            loop = asyncio.get_running_loop()
            lower, protocol = await loop.create_connection(asyncio.Protocol, "127.0.0.1", port)
            lower.abort()
            with pytest.raises(ConnectionResetError):
                await make_context(TlsSpec()).shake_hands(lower, protocol, "127.0.0.1", 1.0)

    asyncio.run(scenario())


@pytest.mark.parametrize("is_polite", [True, False])
def test_an_answer_is_whole_although_it_was_not_read_when_the_service_left(
    authority: Authority, tmp_path: Path, run: Run, is_polite: bool
) -> None:
    """Reading is paused for a slow client; what lies in the layer of TLS then is not lost with the connection."""
    whole, paused = response("200 OK", "Connection: close", body=b"x" * 100_000), asyncio.Event()

    async def answer_and_leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(whole[:1000])
        await paused.wait()
        writer.write(whole[1000:])
        await writer.drain()
        writer.close() if is_polite else writer.transport.abort()

    async def scenario() -> None:
        async with serve(authority.make_server_context(tmp_path, "127.0.0.1"), answer_and_leave) as port:
            connection, borrower = await dial(port, trusting(authority)), FakeBorrower()
            connection.lend(borrower, "GET", ())
            connection.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            connection.request_sent = True
            await until(lambda: bool(borrower.arrivals))
            connection.transport.pause_reading()
            paused.set()
            await asyncio.sleep(0.1)
            connection.transport.resume_reading()
            await until(lambda: borrower.is_whole or borrower.lost is not None)
            assert (None, 100_000) == (borrower.lost, len(borrower.body))

    run(scenario())


def test_an_error_is_explained_without_the_library() -> None:
    """What is unknown has words too."""
    assert "TLS failed (the server broke the protocol)" == explain_tls_error(ssl.SSLError())
