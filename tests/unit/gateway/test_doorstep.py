"""Before the handshake: deadlines, limits, plain HTTP at the wrong door, and the way into a connection."""

import ssl

import pytest

from ostiary.gateway.doorstep import PLAIN_ANSWER, REPORT_S, Lobby, TlsEntrance
from tests.fakes.certificates import make_authority
from tests.fakes.log import FakeLog
from tests.fakes.messages import replied, request
from tests.fakes.scripted_plugins import DENY, ScriptedPlugin
from tests.fakes.server_pairs import make_client_context
from tests.fakes.tls_client import FixedCertificate, TlsClient, TlsConversation

DENIED = replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n")
AUTHORITY = make_authority()


@pytest.fixture(scope="module")
def server_context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server for `localhost`."""
    return AUTHORITY.make_server_context(tmp_path_factory.mktemp("tls"), "localhost")


def denying(**gateway: object) -> TlsConversation:
    """A gateway that answers everything at once."""
    return TlsConversation({"guard": ScriptedPlugin(DENY)}, gateway=gateway)


def connect(talk: TlsConversation, context: ssl.SSLContext) -> TlsClient:
    """Connect to a listener for https, which is opened for the first client."""
    if len(talk.loop.listeners) == 1:
        talk.open_entrance(context)
    return talk.connect_tls(make_client_context(AUTHORITY))


def test_after_the_handshake_requests_are_answered(server_context: ssl.SSLContext) -> None:
    """Several on one connection; the first in one packet with the client's last word of the handshake."""
    with denying() as talk:
        client = connect(talk, server_context)
        client.shakes_hands()
        client.says(request("GET /a"))
        assert DENIED == client.hears()
        client.says(request("GET /b") * 2)
        assert DENIED * 2 == client.hears()
        assert ["handshake"] == talk.tasks
        assert [] == talk.log.codes


def test_a_hello_in_pieces_is_put_together(server_context: ssl.SSLContext) -> None:
    """Also where the rest comes before the handshake has begun."""
    with denying() as talk:
        client = connect(talk, server_context)
        hello = client.hello()
        talk.loop.call_soon(client.transport.deliver, hello[:5])
        talk.loop.call_soon(client.transport.deliver, hello[5:9])
        for at in range(9, len(hello), 100):
            client.sends(hello[at : at + 100])
        client._receive()
        client.shakes_hands()
        client.says(request())
        assert DENIED == client.hears()


def test_whoever_says_nothing_has_as_long_as_a_head(server_context: ssl.SSLContext) -> None:
    """Nobody else's time is spent on it: no task is made."""
    with denying(timeouts={"header_s": 5}) as talk:
        client = connect(talk, server_context)
        talk.pass_time(4.5)
        assert "open" == client.transport.fate
        talk.pass_time(1.0)
        assert ("aborted", []) == (client.transport.fate, talk.tasks)


def test_a_handshake_that_stops_halfway_is_ended(server_context: ssl.SSLContext) -> None:
    """And reported."""
    with denying(timeouts={"header_s": 5}) as talk:
        client = connect(talk, server_context)
        client.sends(client.hello()[:50])
        talk.pass_time(5.5)
        assert client.transport.is_lost
        assert [("handshake_failed", "no TLS connection: the handshake took too long")] == [
            (event.code, event.message) for event in talk.log.events
        ]


def test_noise_is_reported_with_its_reason(server_context: ssl.SSLContext) -> None:
    """The peer is named; what it said is not."""
    with denying() as talk:
        client = connect(talk, server_context)
        client.sends(b"\x16\x03\x01\x00\x05hello")
        assert client.transport.is_lost
        (event,) = talk.log.events
        assert ("warning", "handshake_failed", "192.0.2.7") == (event.severity, event.code, event.fields["peer"])
        assert "hello" not in event.message


def test_plain_http_is_answered_in_words(server_context: ssl.SSLContext) -> None:
    """And nothing but HTTP is."""
    with denying() as talk:
        lost = connect(talk, server_context)
        lost.sends(request())
        assert (PLAIN_ANSWER, "closed") == (bytes(lost.transport.sent), lost.transport.fate)
        for noise in (b"\x00", b"\x80\x2e\x01", b" "):
            client = connect(talk, server_context)
            client.sends(noise)
            client.sends(b"GET")
            assert (b"", "aborted") == (bytes(client.transport.sent), client.transport.fate)
        assert ([], []) == (talk.tasks, talk.log.events)


def test_they_count_as_connections(server_context: ssl.SSLContext) -> None:
    """With those that have shaken hands; each place is free again when it is left."""
    with denying(limits={"connections": 2}) as talk:
        first, second, third = (connect(talk, server_context) for _ in range(3))
        assert ["open", "open", "aborted"] == [each.transport.fate for each in (first, second, third)]
        second.shakes_hands()
        second.says(request())
        assert DENIED == second.hears()
        assert "aborted" == connect(talk, server_context).transport.fate
        talk.loop.do(first.transport.reset)
        assert "open" == connect(talk, server_context).transport.fate


def test_who_leaves_in_the_middle_is_no_news(server_context: ssl.SSLContext) -> None:
    """Before the handshake's task has begun, in it, and in the moment after it."""
    with denying() as talk:
        early = connect(talk, server_context)
        talk.loop.call_soon(early.transport.deliver, early.hello())
        talk.loop.call_soon(early.transport.reset)
        talk.work()
        halfway = connect(talk, server_context)
        halfway.sends(halfway.hello()[:20])
        talk.loop.do(halfway.transport.reset)
        late = connect(talk, server_context)
        late.shakes_hands()
        talk.loop.call_soon(late.transport.deliver, late._sent.read())
        talk.loop.call_soon(late.transport.deliver, None)
        talk.work()
        assert [] == talk.log.events
        assert set() == talk.server._connections


def test_a_drain_does_not_wait_for_them(server_context: ssl.SSLContext) -> None:
    """They have asked nothing."""
    with denying() as talk:
        silent, halfway = connect(talk, server_context), connect(talk, server_context)
        halfway.sends(halfway.hello()[:20])
        drained = talk.start_drain()
        talk.pass_time(0.1)
        assert drained.result()
        assert ["aborted"] * 2 == [each.transport.fate for each in (silent, halfway)]


def test_they_can_be_cut(server_context: ssl.SSLContext) -> None:
    """As any connection."""
    with denying() as talk:
        client = connect(talk, server_context)
        (guest,) = talk.server._connections
        guest.cut()
        assert "aborted" == client.transport.fate


def test_failures_are_told_at_most_once_in_ten_seconds(server_context: ssl.SSLContext) -> None:
    """The next line counts those that were not."""
    log = FakeLog()
    entrance = TlsEntrance(FixedCertificate(server_context), log)
    for now in (100.0, 100.0 + REPORT_S - 0.1, 101.0, 100.0 + REPORT_S):
        entrance.report("192.0.2.7", "noise", now)

    assert [0, 2] == [event.fields["others"] for event in log.events]


def test_the_lobby_keeps_everything() -> None:
    """Bytes in order, and that nobody is there any more."""
    lobby = Lobby()
    lobby.data_received(b"a")
    lobby.data_received(b"b")
    assert (b"ab", False) == (lobby.arrived, lobby.is_over)
    lobby.eof_received()
    assert lobby.is_over
    lost = Lobby()
    lost.connection_lost(None)
    assert lost.is_over
