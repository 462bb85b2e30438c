"""Upgrades that are not taken: the fields go, the body stays a body, the next request is the next request."""

import pytest

from tests.fakes.conversation import Conversation
from tests.fakes.messages import chunk, forwarded, read_chunks, relayed, request, response

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
UPGRADES = [
    ("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    ("Upgrade: h2c", "Connection: upgrade"),
    ("Upgrade: TLS/1.0", "Connection: Upgrade"),
]
CHUNKED = ("Transfer-Encoding: chunked",)


@pytest.mark.parametrize("upgrade", [*UPGRADES, ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: a")])
def test_an_upgrade_without_a_body_is_an_ordinary_request(upgrade: tuple[str, ...]) -> None:
    """And so is what follows it in the same read."""
    kept = tuple(field for field in upgrade if field.startswith("Sec-"))
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /1", *upgrade), request("GET /2"))
        upstream = talk.line()
        upstream.hears(forwarded("GET /1", *kept))
        upstream.answers(response(body=b"1"))
        client.hears(relayed(body=b"1"))
        upstream.hears(forwarded("GET /2"))
        upstream.answers(response(body=b"2"))
        client.hears(relayed(body=b"2"))
        client.stays_connected()


@pytest.mark.parametrize("upgrade", UPGRADES)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_declined_upgrade_keeps_its_body_split_at_every_byte(upgrade: tuple[str, ...], chunked: bool) -> None:
    """It never becomes a second request, wherever the client cuts it; a real second request does."""
    if chunked:
        sent = request("POST /1", *upgrade, *CHUNKED) + chunk(SMUGGLED[:9]) + chunk(SMUGGLED[9:]) + chunk(b"")
        head = forwarded("POST /1", framing=CHUNKED)
    else:
        sent = request("POST /1", *upgrade, body=SMUGGLED)
        head = forwarded("POST /1", framing=(f"Content-Length: {len(SMUGGLED)}",))
    with Conversation() as talk:
        client = talk.connect()
        whole = sent + request("GET /2")
        upstream = None
        for position in range(1, len(whole)):
            client.says(whole[:position])
            client.says(whole[position:])
            upstream = upstream or talk.line()
            heard = upstream.take()
            assert head == heard[: len(head)]
            body = heard[len(head) :]
            assert (SMUGGLED, True) == (read_chunks(body) if chunked else (body, True))
            upstream.answers(response(body=b"1"))
            upstream.hears(forwarded("GET /2"))
            upstream.answers(response(body=b"2"))
            client.hears(relayed(body=b"1"), relayed(body=b"2"))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_declined_upgrade_byte_by_byte(chunked: bool) -> None:
    """The body goes on as it comes."""
    framing = CHUNKED if chunked else ("Content-Length: 35",)
    sent = request("POST /1", *UPGRADES[0], *framing) + (chunk(SMUGGLED) + chunk(b"") if chunked else SMUGGLED)
    with Conversation() as talk:
        client = talk.connect()
        for byte in sent:
            client.says(bytes([byte]))
        upstream = talk.line()
        heard = upstream.take()
        head = forwarded("POST /1", framing=framing)
        assert head == heard[: len(head)]
        assert (SMUGGLED, True) == (read_chunks(heard[len(head) :]) if chunked else (heard[len(head) :], True))
        upstream.answers(response(body=b"1"))
        client.hears(relayed(body=b"1"))
        client.stays_connected()


def test_a_declined_upgrade_whose_chunks_break_is_refused() -> None:
    """The framing stays under watch to its end."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("POST /", *UPGRADES[0], *CHUNKED), chunk(b"hello"), b"zz\r\n", request("GET /2"))
        client.hears_fault(400, "framing_invalid")
        client.sees_the_end()
        upstream = talk.line()
        upstream.hears(forwarded("POST /", framing=CHUNKED))
        upstream.is_abandoned()


@pytest.mark.parametrize("framing", [("Content-Length: 5",), CHUNKED])
def test_a_websocket_handshake_with_a_body_is_refused(framing: tuple[str, ...]) -> None:
    """RFC 6455 knows none: whoever sends one wants two readers to disagree."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(request("GET /", "Upgrade: websocket", "Connection: Upgrade", *framing), SMUGGLED)
        client.hears_fault(400, "framing_upgrade")
        client.sees_the_end()
        assert [] == talk.dialled


def test_the_preface_of_http_2_is_no_request() -> None:
    """400, and the end."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        client.hears_fault(400, "framing_invalid")
        client.sees_the_end()


def test_connect_opens_no_tunnel() -> None:
    """405, and what follows is not looked at."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", SMUGGLED)
        headers = client.hears_fault(405, "method_refused")
        assert "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS" == headers["allow"]
        client.sees_the_end()
        assert [] == talk.dialled
