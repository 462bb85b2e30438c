"""Signing out as `rd` wishes: here, at an allowed host, at the provider; and who hears the ID token."""

from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from ostiary.plugin import Reply
from ostiary.relying_party.settings import LogoutSettings
from tests.fakes.issuer import CLIENT_ID
from tests.fakes.relying_parties import ORIGIN, PartyPlugin
from tests.fakes.sign_in import END_SESSION_ENDPOINT, PAGE_HEADERS, SignInWorld, Visitor, location_of, run

PAGE = f"{ORIGIN}/anything/test"
SIGN_OUT = f"{ORIGIN}/oauth2/sign_out"
RD = LogoutSettings(path="/oauth2/sign_out", is_path_typed=True, mode="rd")
OWN = {**PAGE_HEADERS, "Sec-Fetch-Site": "same-origin"}
FOREIGN = {**PAGE_HEADERS, "Sec-Fetch-Site": "cross-site"}


def sign_out(
    rd: str = "",
    headers: dict[str, str] | None = None,
    *,
    signs_in: bool = True,
    publishes: bool = True,
    **changes: Any,
) -> tuple[Reply, SignInWorld, Visitor]:
    """Sign in, and sign out with a wish."""
    world = SignInWorld()
    if publishes:
        world.publish(end_session_endpoint=END_SESSION_ENDPOINT)
    settings = {"follows_rd": True, "allowed_redirects": ("app.example.com",), "logout": RD, **changes}
    visitor = Visitor(world, PartyPlugin(world, **settings))

    async def conversation() -> Reply:
        if signs_in:
            await visitor.sign_in(PAGE)
        query = f"?rd={quote(rd, safe='')}" if rd else ""
        settled = await visitor.open(SIGN_OUT + query, headers={**OWN, **(headers or {})})
        assert isinstance(settled, Reply)
        return settled

    return run(conversation), world, visitor


@pytest.mark.parametrize(
    ("rd", "location"),
    [
        ("", "/"),
        ("/bye", "/bye"),
        ("/oauth2/sign_out", "/"),
        (f"{ORIGIN}/oauth2/sign_out?rd=%2Fbye", "/"),
        (f"{ORIGIN}/bye?x=1", "/bye?x=1"),
        ("https://app.example.com/bye", "https://app.example.com/bye"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_the_person_is_led_where_they_may_be_led(rd: str, location: str) -> None:
    """The session is over either way, and no token goes along."""
    reply, _, visitor = sign_out(rd)

    assert (302, location) == (reply.status, location_of(reply))
    assert "signed_out" == reply.reason
    assert [] == visitor.cookie_names


def test_the_header_is_a_wish_too() -> None:
    """As the document shows."""
    reply, _, _ = sign_out(headers={"X-Auth-Request-Redirect": "/bye"})

    assert "/bye" == location_of(reply)


def test_the_provider_hears_who_is_leaving() -> None:
    """At its own logout endpoint, and what the wish says already is not said twice."""
    reply, world, _ = sign_out(f"{END_SESSION_ENDPOINT}?post_logout_redirect_uri={ORIGIN}/foo&client_id=other")
    told = parse_qsl(urlsplit(location_of(reply)).query)

    assert END_SESSION_ENDPOINT == location_of(reply).partition("?")[0]
    assert [("post_logout_redirect_uri", f"{ORIGIN}/foo"), ("client_id", "other")] == told[:2]
    assert ["id_token_hint"] == [name for name, _ in told[2:]]
    assert "redirect_refused" not in world.log.codes


def test_without_a_session_there_is_no_hint() -> None:
    """The client is named all the same."""
    reply, _, _ = sign_out(END_SESSION_ENDPOINT, signs_in=False)

    assert f"{END_SESSION_ENDPOINT}?client_id={CLIENT_ID}" == location_of(reply)


@pytest.mark.parametrize("rd", ["https://app.example.com/oidc/logout", f"{END_SESSION_ENDPOINT}/else"])
def test_nobody_else_gets_the_id_token(rd: str) -> None:
    """Not even another page of the provider's host, where people may be led."""
    reply, _, _ = sign_out(rd)

    assert rd == location_of(reply)


def test_a_provider_without_a_logout_page_is_still_a_place_to_go() -> None:
    """Auth0's older pages are in no metadata; its host is the issuer's."""
    world = SignInWorld()
    issuer = world.document["issuer"]
    reply, _, _ = sign_out(f"{issuer}/v2/logout", publishes=False)

    assert f"{issuer}/v2/logout" == location_of(reply)


def test_a_provider_that_is_away_holds_nobody_up() -> None:
    """The session ends here; where the wish led is not known to be the provider's."""
    world = SignInWorld()
    visitor = Visitor(world, PartyPlugin(world, follows_rd=True, logout=RD))
    world.take_down()

    async def conversation() -> Reply:
        settled = await visitor.open(f"{SIGN_OUT}?rd={quote(END_SESSION_ENDPOINT, safe='')}", headers=OWN)
        assert isinstance(settled, Reply)
        return settled

    assert "/" == location_of(run(conversation))


def test_another_site_cannot_sign_anybody_out_and_the_question_keeps_the_wish() -> None:
    """The link of the question leads to where the wish did."""
    reply, _, visitor = sign_out("/bye?x=1", FOREIGN)

    assert (403, "logout_unconfirmed") == (reply.status, reply.reason)
    assert b"rd=%2Fbye%3Fx%3D1" in reply.body
    assert visitor.cookie_names
