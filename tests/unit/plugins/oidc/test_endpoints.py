"""`auth`, `userinfo`, `ping` and `ready`."""

import json
from typing import Any

import pytest

from ostiary.errors import StoreFault
from ostiary.plugin import Reply
from tests.fakes.oidc_plugins import CURL, ORIGIN, PAGE, XHR, visit_oidc
from tests.fakes.sign_in import SignInWorld, Visitor, run

AUTH = f"{ORIGIN}/oauth2/auth"
USERINFO = f"{ORIGIN}/oauth2/userinfo"
PERSON = {
    "email": "alice@bar.com",
    "email_verified": True,
    "groups": ["staff", "admins"],
    "preferred_username": "alice",
}


def ask(visitor: Visitor, url: str, method: str = "GET", headers: dict[str, str] | None = None) -> Reply:
    """Send a request to an endpoint."""
    reply = run(lambda: visitor.open(url, method, headers))
    assert isinstance(reply, Reply)
    return reply


def sign_in(world: SignInWorld | None = None, **written: Any) -> Visitor:
    """Return somebody who is signed in."""
    world = world or SignInWorld()
    world.claim_changes |= PERSON
    visitor = visit_oidc(world, **written)
    reply = run(lambda: visitor.sign_in(PAGE))
    assert "login_finished" == reply.reason
    return visitor


def headers_of(reply: Reply) -> dict[str, str]:
    """Return what a proxy is told."""
    return {name: value for name, value in reply.headers if name.startswith("X-Auth-Request-")}


@pytest.mark.parametrize("headers", [None, CURL, XHR])
def test_auth_is_202_and_says_who_is_there(headers: dict[str, str] | None) -> None:
    """With an empty body, whoever asks."""
    reply = ask(sign_in(), AUTH, headers=headers)

    assert (202, b"") == (reply.status, reply.body)
    assert {
        "X-Auth-Request-User": "user-1",
        "X-Auth-Request-Email": "alice@bar.com",
        "X-Auth-Request-Groups": "staff,admins",
        "X-Auth-Request-Preferred-Username": "alice",
    } == headers_of(reply)


@pytest.mark.parametrize("headers", [None, CURL, XHR])
@pytest.mark.parametrize("cookie", ["", "_oauth2_proxy=forged"])
def test_auth_is_401_and_never_a_redirect_without_a_session(headers: dict[str, str] | None, cookie: str) -> None:
    """Also to browsers."""
    visitor = visit_oidc(SignInWorld())
    reply = run(lambda: visitor.open(AUTH, headers=headers, cookie=cookie))

    assert (401, b"Unauthorized\n") == (reply.status, reply.body)
    assert not {"Location", "Set-Cookie"} & set(dict(reply.headers))


@pytest.mark.parametrize(
    ("query", "status"),
    [("allowed_groups=staff", 202), ("allowed_groups=guests", 403), ("allowed_emails=alice@bar.com", 202),
     ("allowed_email_domains=evil.example", 403), ("allowed_groups=", 403)],
)  # fmt: skip
def test_auth_is_403_for_whoever_does_not_meet_its_constraints(query: str, status: int) -> None:
    """A constraint that names nothing is met by nobody."""
    assert status == ask(sign_in(), f"{AUTH}?{query}").status


def test_auth_passes_the_cookies_of_a_renewal_on() -> None:
    """Also with a 403: the old refresh token is spent."""
    for query, status in (("", 202), ("?allowed_groups=guests", 403)):
        world = SignInWorld()
        visitor = sign_in(world)
        world.clock.advance(301)
        reply = ask(visitor, AUTH + query)

        assert (status, 1) == (reply.status, world.refreshes)
        assert any(name == "Set-Cookie" and value.startswith("_oauth2_proxy=") for name, value in reply.headers)


def test_auth_says_nothing_where_it_should_not() -> None:
    """`set_xauthrequest: false`."""
    reply = ask(sign_in(set_xauthrequest=False), AUTH)

    assert (202, {}) == (reply.status, headers_of(reply))


def test_auth_leaves_out_what_no_header_can_carry() -> None:
    """The rest is told."""
    world = SignInWorld()
    visitor = visit_oidc(world)
    world.claim_changes |= {
        **PERSON,
        "preferred_username": "J\N{LATIN SMALL LETTER O WITH DIAERESIS}rg",
        "groups": ["a\nb"],
    }
    run(lambda: visitor.sign_in(PAGE))

    assert {"X-Auth-Request-User", "X-Auth-Request-Email"} == set(headers_of(ask(visitor, AUTH)))


def test_auth_tells_nothing_that_could_be_somebody_else() -> None:
    """No address that was never verified, no group whose name reads as two; userinfo tells the address neither."""
    world = SignInWorld()
    visitor = visit_oidc(world)
    world.claim_changes |= {"email": "admin@bar.com", "email_verified": False, "groups": ["staff", "x,admins"]}
    run(lambda: visitor.sign_in(PAGE))
    told = headers_of(ask(visitor, AUTH))

    assert {"X-Auth-Request-User": "user-1", "X-Auth-Request-Groups": "staff"} == told
    assert "" == json.loads(ask(visitor, USERINFO).body)["email"]


def test_userinfo_is_json() -> None:
    """Of who is signed in."""
    reply = ask(sign_in(), USERINFO)

    assert 200 == reply.status
    assert "application/json" == dict(reply.headers)["Content-Type"]
    assert {
        "user": "user-1",
        "email": "alice@bar.com",
        "groups": ["staff", "admins"],
        "preferredUsername": "alice",
    } == json.loads(reply.body)


def test_userinfo_of_somebody_with_no_more_than_a_subject() -> None:
    """Groups and name are left out."""
    world = SignInWorld()
    visitor = visit_oidc(world)
    run(lambda: visitor.sign_in(PAGE))

    assert {"user": "user-1", "email": ""} == json.loads(ask(visitor, USERINFO).body)


def test_userinfo_of_nobody_is_401() -> None:
    """And no redirect."""
    assert 401 == ask(visit_oidc(SignInWorld()), USERINFO).status


@pytest.mark.parametrize("path", ["auth", "userinfo", "ping", "ready", "start"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_endpoints_are_read(path: str, method: str) -> None:
    """Anything else is 405."""
    reply = ask(visit_oidc(SignInWorld()), f"{ORIGIN}/oauth2/{path}", method)

    assert (405, "GET, HEAD") == (reply.status, dict(reply.headers)["Allow"])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_ping_and_ready_are_ok(method: str) -> None:
    """For anybody."""
    visitor = visit_oidc(SignInWorld(), ready_path="/up")

    assert (200, b"OK\n") == (ask(visitor, f"{ORIGIN}/oauth2/ping", method).status, b"OK\n")
    assert (200, b"OK\n") == (ask(visitor, f"{ORIGIN}/up", method).status, b"OK\n")


def test_ready_is_503_while_the_store_does_not_answer() -> None:
    """And ping is not."""
    world = SignInWorld()
    visitor = visit_oidc(world)

    async def fail(key: str) -> bytes | None:
        raise StoreFault("store_unavailable", key)

    world.stores.shared.read = fail
    reply = ask(visitor, f"{ORIGIN}/oauth2/ready")

    assert (503, "store_unavailable", "5") == (reply.status, reply.reason, dict(reply.headers)["Retry-After"])
    assert 200 == ask(visitor, f"{ORIGIN}/oauth2/ping").status
