"""The line per request: who (a digest), what, which route, what was decided and why, how long. Never a secret."""

import json

from ostiary.plugin import Reply
from tests.fakes.conversation import Conversation
from tests.fakes.messages import request, response
from tests.fakes.scripted_plugins import DENY, Later, ScriptedPlugin, admit

SECRET = "hush-0123456789"


def test_a_forwarded_request_tells_everything() -> None:
    """All fields, durations in microseconds."""
    later = Later()
    with Conversation({"guard": ScriptedPlugin(later.pending, authenticates=True)}) as talk:
        client = talk.connect()
        client.says(request("POST /orders/7?token=x", body=b"hello"))
        talk.pass_time(0.25)
        later.settle(admit())
        talk.work()
        upstream = talk.line()
        talk.pass_time(0.5)
        upstream.answers(response("201 Created", "Content-Length: 11"))
        talk.pass_time(0.25)
        upstream.answers(b"hello, back")
        assert [
            {
                "time": 1_800_000_001.0,
                "id": "req-1",
                "client": "192.0.2.7",
                "method": "POST",
                "host": "shop.example",
                "path": "/orders/7",
                "query": "(redacted)",
                "status": 201,
                "route": "shop",
                "verdict": "admit",
                "reason": "alice_known",
                "principal": "d-alice",
                "upstream": "10.0.0.1:8000",
                "duration_us": 1_000_000,
                "upstream_us": 750_000,
                "received_bytes": 5,
                "sent_bytes": 11,
                "attempts": 1,
            }
        ] == talk.records()
        upstream.take()
        client.take()


def test_what_was_not_is_not_told() -> None:
    """A refusal has no upstream, a path without query no query, nobody no principal."""
    with Conversation({"guard": ScriptedPlugin(DENY)}) as talk:
        client = talk.connect()
        client.says(request("GET /a"))
        client.take()
        assert [
            {
                "time": 1_800_000_000.0, "id": "req-1", "client": "192.0.2.7", "method": "GET", "status": 403,
                "verdict": "reply", "reason": "not_for_you", "duration_us": 0, "host": "shop.example", "path": "/a",
                "route": "shop",
            }
        ] == talk.records()  # fmt: skip


def test_a_request_that_was_never_understood_has_its_line() -> None:
    """With what is known of it."""
    with Conversation() as talk:
        client = talk.connect()
        client.says(b"GET / HTTP/1.1\nHost: a\n\n")
        client.take()
        record = talk.records()[0]
        assert (400, "fault", "framing_invalid", "192.0.2.7", "req-1") == tuple(
            record[name] for name in ("status", "verdict", "reason", "client", "id")
        )
        assert "path" not in record


def test_no_secret_of_a_request_is_told() -> None:
    """Not its query, cookies, tokens, nor what it says in any header; nor those of the answer."""
    with Conversation({"guard": ScriptedPlugin(admit(set_cookies=(f"s={SECRET}",)))}) as talk:
        client = talk.connect()
        client.says(
            request(
                f"POST /?code={SECRET}", f"Cookie: s={SECRET}", f"Authorization: Bearer {SECRET}",
                f"X-Anything: {SECRET}", f"Referer: http://a/{SECRET}", body=SECRET.encode("ascii"),
            )
        )  # fmt: skip
        upstream = talk.line()
        upstream.answers(response("200 OK", f"Set-Cookie: a={SECRET}", body=SECRET.encode("ascii")))
        assert SECRET not in json.dumps(talk.records())
        assert SECRET not in talk.log.text
        upstream.take()
        client.take()


def test_a_secret_of_a_refused_request_is_not_told_either() -> None:
    """Whichever rule it breaks."""
    for line in (f"Authorization: {SECRET}\r\nAuthorization: {SECRET}", f"Expect: {SECRET}", f"Host: {SECRET}"):
        with Conversation() as talk:
            client = talk.connect()
            client.says(request(f"GET /?code={SECRET}", line))
            assert SECRET not in client.take().decode("latin-1")
            assert SECRET not in json.dumps(talk.records())
            assert SECRET not in talk.log.text


def test_every_request_has_an_id_of_its_own_that_its_fault_page_names() -> None:
    """The reference on the page finds the line."""
    with Conversation() as talk:
        talk.refusing = {"10.0.0.1:8000"}
        client = talk.connect()
        client.says(request())
        client.says(request())
        bodies = [json.loads(part.partition(b"\r\n\r\n")[2]) for part in client.take().split(b"HTTP/1.1 ")[1:]]
        assert ["req-1", "req-2"] == [body["reference"] for body in bodies]
        assert ["req-1", "req-2"] == [record["id"] for record in talk.records()]
        assert ["req-1", "req-2"] == [event.fields["reference"] for event in talk.log.events]


def test_a_plugin_sees_the_same_id() -> None:
    """What it logs can be joined with the access log."""
    plugin = ScriptedPlugin(Reply(204, reason="ok"))
    with Conversation({"guard": plugin}) as talk:
        client = talk.connect()
        client.says(request())
        client.take()
        assert ["req-1"] == [asked.id for asked, _, _ in plugin.asked]


def test_lines_collect_and_go_out_with_the_next_tick() -> None:
    """Not one write per request; none is older than a quarter of a second."""
    with Conversation({"guard": ScriptedPlugin(DENY)}) as talk:
        client = talk.connect()
        client.says(request() * 5)
        client.take()
        assert b"" == talk.log_lines
        talk.pass_time(0.25)
        assert 5 == talk.log_lines.count(b"\n")
