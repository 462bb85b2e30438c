"""Speaking https, and the redirect to it: what upstreams are told, what clients cannot change, who is waited for."""

import ssl
from typing import Any

import pytest

from ostiary.config.gateway import HttpsTarget
from ostiary.gateway.redirect import build_redirect_snapshot
from tests.fakes.certificates import make_authority
from tests.fakes.conversation import Conversation
from tests.fakes.messages import relayed, replied, request, response
from tests.fakes.server_pairs import make_client_context
from tests.fakes.tls_client import TlsClient, TlsConversation

AUTHORITY = make_authority()


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server for `localhost`."""
    return AUTHORITY.make_server_context(tmp_path_factory.mktemp("tls"), "localhost")


def open_secure(talk: TlsConversation, context: ssl.SSLContext) -> TlsClient:
    """Listen for https and let a client shake hands there."""
    talk.open_entrance(context)
    client = talk.connect_tls(make_client_context(AUTHORITY))
    client.shakes_hands()
    return client


def redirecting(target: HttpsTarget, **gateway: Any) -> Conversation:
    """A gateway that only redirects."""
    talk = Conversation(gateway=gateway)
    talk.server.install(build_redirect_snapshot(talk.server.snapshot.gateway, target), "req")
    return talk


# ---------------------------------------------------------------------------------------------------------------- https


def test_the_upstream_learns_that_it_was_https(context: ssl.SSLContext) -> None:
    """Whatever the client's own headers say; the port is https's where Host names none."""
    with TlsConversation() as talk:
        client = open_secure(talk, context)
        client.says(request("GET /a", "X-Forwarded-Proto: http", "X-Forwarded-Port: 80", "Forwarded: proto=http"))
        upstream = talk.line()
        told = upstream.take()
        assert (1, 1) == (told.count(b"X-Forwarded-Proto: https\r\n"), told.count(b"X-Forwarded-Port: 443\r\n"))
        assert b"proto=http" not in told
        upstream.answers(response(body=b"hello"))
        assert relayed(body=b"hello") == client.hears()


def test_an_absolute_target_is_https_s_there(context: ssl.SSLContext) -> None:
    """One of the other scheme is refused."""
    with TlsConversation() as talk:
        client = open_secure(talk, context)
        client.says(request("GET https://shop.example/a"))
        upstream = talk.line()
        assert upstream.take().startswith(b"GET /a HTTP/1.1\r\n")
        upstream.answers(response(body=b"hello"))
        assert relayed(body=b"hello") == client.hears()
        client.says(request("GET http://shop.example/a"))
        assert client.hears().startswith(b"HTTP/1.1 400 ")


def test_a_client_that_ends_is_gone(context: ssl.SSLContext) -> None:
    """TLS ends in both directions at once: nobody waits for the answer, and the upstream is given up."""
    with TlsConversation() as talk:
        client = open_secure(talk, context)
        client.says(request("GET /a"))
        upstream = talk.line()
        upstream.take()
        talk.loop.do(client.transport.deliver, None)
        talk.work()
        upstream.is_abandoned()
        assert [("client_gone", 499)] == [(record["reason"], record["status"]) for record in talk.records()]


def test_an_idle_client_that_says_no_goodbye_is_not_waited_for(context: ssl.SSLContext) -> None:
    """After `idle_s` the gateway says its own, and a moment later it ends the connection."""
    with TlsConversation(gateway={"timeouts": {"header_s": 5, "idle_s": 5}}) as talk:
        client = open_secure(talk, context)
        client.sends(client._sent.read())
        assert 1 == len(talk.server._connections)
        talk.pass_time(5.3)
        assert 1 == len(talk.server._connections)
        talk.pass_time(1.5)
        assert (True, set()) == (client.transport.is_lost, talk.server._connections)


# ------------------------------------------------------------------------------------------------------------- redirect


def test_a_redirect_asks_nobody(context: ssl.SSLContext) -> None:
    """No upstream, no task, no cookie; cookies and credentials of the request go nowhere."""
    with redirecting(HttpsTarget(None, 8443)) as talk:
        client = talk.connect()
        client.says(request("GET /a?b=c", "Cookie: ostiary_session_x=1", "Authorization: Bearer t"))
        client.hears(replied("308 Permanent Redirect", "Location: https://shop.example:8443/a?b=c"))
        client.stays_connected()
        talk.expect_no_line()
        assert [] == talk.tasks
        assert [("https-redirect", "https_redirect", 308)] == [
            (record["route"], record["reason"], record["status"]) for record in talk.records()
        ]


def test_a_body_is_not_waited_for() -> None:
    """The answer comes at once, and the connection ends with it."""
    with redirecting(HttpsTarget(None)) as talk:
        client = talk.connect()
        client.says(request("POST /a", "Content-Length: 1000", "Expect: 100-continue"))
        client.hears(replied("308 Permanent Redirect", "Location: https://shop.example/a", close=True))
        client.sees_the_end()


@pytest.mark.parametrize(
    "host", ["a b", "evil.example/@shop", "evil.example#", "a,b", "", "shop.example:99999", "[::1"]
)
def test_a_bad_host_is_refused(host: str) -> None:
    """As everywhere, before anything is written into an answer."""
    with redirecting(HttpsTarget(None)) as talk:
        client = talk.connect()
        client.says(request("GET /a", host=host))
        client.hears_fault(400, "host_invalid")


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "/a/../b", "/%0d%0aX: y", "http://evil.example/a"]
)
def test_a_bad_target_is_refused(target: str) -> None:
    """There is no path that turns into a host, a header or another page."""
    with redirecting(HttpsTarget(None)) as talk:
        client = talk.connect()
        client.says(request(f"GET {target}"))
        heard = client.take()
        assert heard.startswith(b"HTTP/1.1 400 ")
        assert b"Location" not in heard


def test_forwarding_headers_of_strangers_change_nothing() -> None:
    """Those of a trusted proxy do: the host that it names, and https, which would go round in circles."""
    with redirecting(HttpsTarget(None)) as talk:
        client = talk.connect()
        client.says(request("GET /a", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https"))
        client.hears(replied("308 Permanent Redirect", "Location: https://shop.example/a"))
    with redirecting(HttpsTarget(None), trusted_proxies=["192.0.2.0/24"]) as talk:
        client = talk.connect()
        client.says(request("GET /a", "X-Forwarded-Host: www.example"))
        client.hears(replied("308 Permanent Redirect", "Location: https://www.example/a"))
        client.says(request("GET /a", "X-Forwarded-Proto: https"))
        client.hears_fault(503, "https_redirect_loop", close=False)
        assert ["https_redirect_loop"] == talk.log.codes
