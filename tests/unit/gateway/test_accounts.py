"""What an exchange tells about itself: everything that is known, and nothing that is secret."""

from collections.abc import Iterator

import msgspec
import pytest

from ostiary.config.routes import Route
from ostiary.gateway.access_record import AccessRecord
from ostiary.gateway.accounts import build_record
from ostiary.gateway.connection import ClientConnection
from ostiary.gateway.exchange import Exchange
from ostiary.http.head import RawHead
from ostiary.verdicts import Deciding
from tests.fakes.conversation import Client, Conversation
from tests.fakes.requests import make_request
from tests.fakes.scripted_plugins import ScriptedPlugin, admit

TIME = 1_800_000_000.0


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    """An exchange that came from a client and was not understood."""
    with Conversation() as talk:
        connection = talk.connect().transport.protocol
        assert isinstance(connection, ClientConnection)
        made = Exchange(connection, RawHead(b"GE\xe9"))
        made.id, made.status, made.verdict, made.reason = "req-1", 400, "fault", "framing_invalid"
        made.began_at = 10.0
        yield made


def test_little_is_known_of_what_was_not_understood(exchange: Exchange) -> None:
    """The peer, the method as it came, the fault."""
    expected = AccessRecord(TIME, "req-1", "192.0.2.7", "GE\xe9", 400, "fault", "framing_invalid", 1_500_000)

    assert expected == build_record(exchange, 11.5, TIME)


def test_everything_is_told_of_what_was_forwarded(exchange: Exchange) -> None:
    """The client behind trusted proxies, not the peer; a query only that there was one."""
    request = exchange.request = make_request("GET", "/a?token=hush", {"Host": "shop.example:81", "Cookie": "s=hush"})
    request.client = "9.9.9.9"
    exchange.route = Route("shop")
    deciding = exchange.deciding = Deciding(request, (ScriptedPlugin(admit()),))
    deciding.advance(TIME)
    exchange.verdict, exchange.reason, exchange.status = "admit", "", 200
    exchange.node_name, exchange.answered_at, exchange.attempts = "10.0.0.1:8000", 10.25, 2
    exchange.received_bytes, exchange.passed_bytes = 3, 4
    expected = AccessRecord(
        TIME, "req-1", "9.9.9.9", "GET", 200, "admit", "alice_known", 500_000, "shop.example", "/a", "(redacted)",
        "shop", "d-alice", "10.0.0.1:8000", 250_000, 3, 4, 2,
    )  # fmt: skip

    record = build_record(exchange, 10.5, TIME)
    assert expected == record
    assert b"hush" not in msgspec.json.encode(record)


def test_a_reason_of_the_end_counts_more_than_one_of_the_way(exchange: Exchange) -> None:
    """Admitted, but then the upstream was lost; and the response was cut."""
    exchange.request = make_request()
    exchange.deciding = Deciding(exchange.request, (ScriptedPlugin(admit()),))
    exchange.deciding.advance(TIME)
    exchange.reason, exchange.is_cut = "upstream_lost", True
    record = build_record(exchange, 10.0, TIME)

    assert ("upstream_lost", "d-alice", True, "", 0) == (
        record.reason,
        record.principal,
        record.cut,
        record.query,
        record.upstream_us,
    )


def test_nobody_has_no_digest(exchange: Exchange) -> None:
    """A route without plugins, and one whose plugins admitted nobody."""
    exchange.request = make_request()
    assert "" == build_record(exchange, 10.0, TIME).principal
    exchange.deciding = Deciding(exchange.request, ())
    assert "" == build_record(exchange, 10.0, TIME).principal


def test_a_client_is_a_party() -> None:
    """The record's peer is the one that connected."""
    with Conversation() as talk:
        client: Client = talk.connect("198.51.100.9")
        client.says(b"\x00\r\n\r\n")
        client.hears_fault(400, "framing_invalid")
        assert ["198.51.100.9"] == [record["client"] for record in talk.records()]
