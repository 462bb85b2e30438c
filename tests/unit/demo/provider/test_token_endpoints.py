"""Introspection and revocation: what a resource server may know, and what a client may take back."""

import pytest

from ostiary.demo.provider.memory import ACCESS_TOKEN_LIFETIME_S
from tests.unit.demo.provider.world import CLIENT_ID, ISSUER, StandingClock, ask, claims_of, get_tokens
from tests.unit.demo.visitor import Visitor


def test_an_access_token_is_described(visitor: Visitor) -> None:
    """RFC 7662 section 2.2; the same as the token says of itself."""
    token = get_tokens(visitor)["access_token"]
    claims = claims_of(token)
    assert ask(visitor, "/introspect", token=token).json() == {
        "active": True,
        "iss": ISSUER,
        "sub": claims["sub"],
        "aud": "account",
        "client_id": CLIENT_ID,
        "username": "quickstart-user",
        "scope": "openid profile email",
        "token_type": "Bearer",
        "jti": claims["jti"],
        "iat": claims["iat"],
        "exp": claims["exp"],
    }


def test_a_clients_own_token_has_no_user_name(visitor: Visitor) -> None:
    """Its subject is the client."""
    token = ask(visitor, grant_type="client_credentials").json()["access_token"]
    described = ask(visitor, "/introspect", token=token).json()
    assert described["sub"] == CLIENT_ID
    assert "username" not in described


@pytest.mark.parametrize("token", ["unknown", "e30.e30.e30", "\U0001f600"])
def test_an_unknown_token_is_inactive_and_nothing_else(visitor: Visitor, token: str) -> None:
    """RFC 7662 section 2.2: nothing that would help who guesses."""
    answer = ask(visitor, "/introspect", token=token)
    assert answer.status == 200
    assert answer.json() == {"active": False}


def test_an_expired_token_is_inactive(visitor: Visitor, clock: StandingClock) -> None:
    """At its `exp`, not later."""
    token = get_tokens(visitor)["access_token"]
    clock.now += ACCESS_TOKEN_LIFETIME_S
    assert ask(visitor, "/introspect", token=token).json() == {"active": False}


def test_a_refresh_token_is_only_known_to_who_asks_for_one(visitor: Visitor) -> None:
    """A resource server that does not look at the type must not let it in."""
    token = get_tokens(visitor)["refresh_token"]
    assert ask(visitor, "/introspect", token=token).json() == {"active": False}
    described = ask(visitor, "/introspect", token=token, token_type_hint="refresh_token").json()
    assert described["active"] is True
    assert "token_type" not in described


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
def test_both_want_the_clients_credentials(visitor: Visitor, path: str) -> None:
    """Otherwise anybody could try tokens, or take them back."""
    answer = visitor.post(path, {"token": "x"})
    assert answer.status == 401
    assert answer.json()["error"] == "invalid_client"
    assert answer.header("www-authenticate") == 'Basic realm="ostiary-demo"'


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
def test_both_want_a_token(visitor: Visitor, path: str) -> None:
    """Section 2.1 of both specifications."""
    answer = ask(visitor, path, token=None)
    assert answer.status == 400
    assert answer.json()["error"] == "invalid_request"


def test_a_revoked_access_token_is_inactive_and_can_be_refreshed(visitor: Visitor) -> None:
    """The grant goes on."""
    tokens = get_tokens(visitor)
    assert ask(visitor, "/revoke", token=tokens["access_token"]).status == 200
    assert ask(visitor, "/introspect", token=tokens["access_token"]).json() == {"active": False}
    assert ask(visitor, grant_type="refresh_token", refresh_token=tokens["refresh_token"]).status == 200


def test_a_revoked_refresh_token_takes_the_access_token_along(visitor: Visitor) -> None:
    """RFC 7009 section 2.1."""
    tokens = get_tokens(visitor)
    assert ask(visitor, "/revoke", token=tokens["refresh_token"], token_type_hint="nonsense").status == 200
    assert ask(visitor, "/introspect", token=tokens["access_token"]).json() == {"active": False}
    refreshed = ask(visitor, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refreshed.json()["error"] == "invalid_grant"


def test_revoking_what_is_not_there_succeeds(visitor: Visitor) -> None:
    """RFC 7009 section 2.2: the purpose is reached."""
    assert ask(visitor, "/revoke", token="unknown").status == 200
