"""From http to https: where a request is sent, and what is never sent anywhere."""

import pytest

from ostiary.config.gateway import GatewaySettings, HttpsTarget
from ostiary.errors import OperatorFault
from ostiary.gateway.redirect import ROUTE_ID, HttpsRedirect, build_redirect_snapshot
from ostiary.plugin import Reply
from tests.fakes.conversation import Conversation
from tests.fakes.messages import replied, request
from tests.fakes.requests import make_request


def location_of(reply: Reply) -> str:
    """Return where a reply sends people."""
    return dict(reply.headers)["Location"]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (HttpsTarget(None, 443), "https://shop.example/a%20b?x=%2F&x"),
        (HttpsTarget(None, 8443), "https://shop.example:8443/a%20b?x=%2F&x"),
        (HttpsTarget("https://gw.example:1"), "https://gw.example:1/a%20b?x=%2F&x"),
    ],
)
def test_the_path_and_the_query_stay(target: HttpsTarget, expected: str) -> None:
    """The host too, unless the gateway's own address is known; the port that was asked is http's."""
    plugin = HttpsRedirect(target)
    reply = plugin.decide(make_request("GET", "/a%20b?x=%2F&x", headers={"Host": "Shop.Example:8080"}), None, 0.0)

    assert (308, "https_redirect", expected) == (reply.status, reply.reason, location_of(reply))
    assert HttpsRedirect(target).fingerprint == plugin.fingerprint


def test_what_came_by_https_is_not_sent_round_in_circles() -> None:
    """A proxy in front that ends TLS and sends everything here: the operator is told what to change."""
    with pytest.raises(OperatorFault, match=r"https_redirect_loop.*listener of its own"):
        HttpsRedirect(HttpsTarget(None)).decide(make_request(scheme="https"), None, 0.0)


def test_the_snapshot_has_one_route_and_the_gateway_s_limits() -> None:
    """Nothing else of the configuration is reachable there."""
    settings = GatewaySettings()
    snapshot = build_redirect_snapshot(settings, HttpsTarget(None))

    assert [ROUTE_ID] == [route.id for route in snapshot.routes]
    assert snapshot.gateway is settings
    assert snapshot.routes[0].upstream is None
    assert () == snapshot.cookie_names


def test_every_method_is_answered_on_the_wire() -> None:
    """No body for HEAD; the connection stays open."""
    with Conversation() as talk:
        talk.server.install(build_redirect_snapshot(GatewaySettings(), HttpsTarget(None, 8443)), "req")
        client = talk.connect()
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            client.says(request(f"{method} /a?b", body=b"x" if method == "POST" else None))
            client.hears(replied("308 Permanent Redirect", "Location: https://shop.example:8443/a?b"))
            client.stays_connected()
