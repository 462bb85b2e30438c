"""The token endpoint's manners, and userinfo."""

import base64

import pytest

from tests.unit.demo.provider.world import BASIC, CLIENT_ID, CLIENT_SECRET, ask, claims_of, get_tokens
from tests.unit.demo.visitor import Answer, Visitor

CREDENTIALS = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
OWN = {"grant_type": "client_credentials"}


def bearer(visitor: Visitor, token: str) -> Answer:
    """Ask for the claims that the token opens."""
    return visitor.get("/userinfo", [("authorization", f"Bearer {token}")])


def test_a_client_may_send_its_secret_in_the_form(visitor: Visitor) -> None:
    """`client_secret_post`, as the tutorial does."""
    assert visitor.post("/token", {**OWN, **CREDENTIALS}).status == 200


def test_nobody_may_keep_the_answer(visitor: Visitor) -> None:
    """RFC 6749 section 5.1."""
    answer = visitor.post("/token", OWN, BASIC)
    assert answer.header("cache-control") == "no-store"
    assert answer.header("content-type") == "application/json"


@pytest.mark.parametrize(
    "fields", [OWN, {**OWN, **CREDENTIALS, "client_secret": "wrong"}, {**OWN, **CREDENTIALS, "client_id": "other"}]
)
def test_a_client_that_is_not_known_is_refused_in_one_way(visitor: Visitor, fields: dict[str, str]) -> None:
    """401, and nothing about what was wrong."""
    answer = visitor.post("/token", fields)
    assert answer.status == 401
    assert answer.header("www-authenticate") == 'Basic realm="ostiary-demo"'
    assert answer.json() == {
        "error": "invalid_client",
        "error_description": "The client_id or the client_secret is wrong or missing.",
    }


def test_two_ways_of_authentication_at_once_are_refused(visitor: Visitor) -> None:
    """RFC 6749 section 2.3."""
    answer = visitor.post("/token", {**OWN, **CREDENTIALS}, BASIC)
    assert answer.status == 400
    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    "authorization",
    ["Bearer x", "Basic", "Basic !", "Basic " + base64.b64encode(b"nocolon").decode(), "Basic /w==", "Basic \xe9"],
)
def test_an_authorization_header_that_is_not_basic_is_refused(visitor: Visitor, authorization: str) -> None:
    """It is an answer and not a failure."""
    answer = visitor.post("/token", OWN, [("authorization", authorization)])
    assert answer.status == 400
    assert answer.json()["error"] == "invalid_request"


def test_parameters_of_the_query_do_not_count(visitor: Visitor) -> None:
    """RFC 6749 section 2.3.1: credentials are never in an address."""
    assert visitor.post(f"/token?client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}", OWN).status == 401


def test_a_parameter_that_comes_twice_is_refused(visitor: Visitor) -> None:
    """RFC 6749 section 3.2."""
    pairs = [("grant_type", "client_credentials"), ("scope", "email"), ("scope", "profile")]
    assert visitor.post("/token", pairs, BASIC).json()["error"] == "invalid_request"


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke"])
def test_json_is_no_form(visitor: Visitor, path: str) -> None:
    """`application/x-www-form-urlencoded` and nothing else."""
    answer = visitor.send("POST", path, [("content-type", "application/json"), *BASIC], b"{}")
    assert answer.status == 400
    assert answer.json()["error"] == "invalid_request"


def test_a_form_that_is_too_large_is_refused(visitor: Visitor) -> None:
    """Before it is read whole."""
    assert visitor.post("/token", {**OWN, "scope": "x" * 70_000}, BASIC).status == 413


def test_userinfo_is_what_the_scope_opens(visitor: Visitor) -> None:
    """OpenID Connect Core 5.4; `sub` is that of the ID token."""
    tokens = get_tokens(visitor, scope="openid email")
    assert bearer(visitor, tokens["access_token"]).json() == {
        "sub": claims_of(tokens["id_token"])["sub"],
        "email": "quickstart-user@example.com",
        "email_verified": True,
    }


def test_userinfo_may_be_posted_for(visitor: Visitor) -> None:
    """OpenID Connect Core 5.3.1, with the token in the header all the same."""
    token = get_tokens(visitor)["access_token"]
    assert visitor.post("/userinfo", {}, [("authorization", f"bearer {token}")]).json()["name"] == "Quickstart User"
    assert visitor.post("/userinfo", {"access_token": token}).status == 401


def test_without_a_token_there_is_a_challenge_without_an_error(visitor: Visitor) -> None:
    """RFC 6750 section 3.1."""
    answer = visitor.get("/userinfo")
    assert answer.status == 401
    assert answer.header("www-authenticate") == 'Bearer realm="ostiary-demo"'


def test_a_token_that_is_not_usable_opens_nothing(visitor: Visitor) -> None:
    """A made-up one, a revoked one, and a refresh token."""
    tokens = get_tokens(visitor)
    ask(visitor, "/revoke", token=tokens["access_token"])
    for token in ("made-up", tokens["access_token"], tokens["refresh_token"]):
        answer = bearer(visitor, token)
        assert answer.status == 401
        assert 'error="invalid_token"' in answer.header("www-authenticate")


def test_a_token_without_openid_opens_nothing(visitor: Visitor) -> None:
    """Neither a person's nor the client's own."""
    own = ask(visitor, grant_type="client_credentials").json()["access_token"]
    for token in (get_tokens(visitor, scope="email")["access_token"], own):
        answer = bearer(visitor, token)
        assert answer.status == 403
        assert 'error="insufficient_scope"' in answer.header("www-authenticate")
