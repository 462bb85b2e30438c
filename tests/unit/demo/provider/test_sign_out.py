"""Signing out at a client's wish: at once with an ID token, after a question without, and never to elsewhere."""

from urllib.parse import urlencode

import pytest

from ostiary.demo.provider.keys import SigningKey
from tests.unit.demo.provider.world import CLIENT_ID, ISSUER, ask, authorize_url, get_tokens, sign_in
from tests.unit.demo.visitor import Answer, Visitor

AFTERWARDS = "http://localhost:9080/signed-out"


def end_session(visitor: Visitor, **parameters: str) -> Answer:
    """Ask for the end of the session, by GET."""
    return visitor.get("/end-session?" + urlencode(parameters))


def is_signed_in(visitor: Visitor) -> bool:
    """Whether the next authorization request is answered without a form."""
    return visitor.get(authorize_url()).status == 303


def test_with_an_id_token_it_is_done_at_once(visitor: Visitor) -> None:
    """Back to the client, with its state, signed out."""
    tokens = get_tokens(visitor)
    answer = end_session(visitor, id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTERWARDS, state="s")
    assert answer.status == 303
    assert answer.header("location") == f"{AFTERWARDS}?state=s"
    assert not is_signed_in(visitor)


def test_it_may_come_as_a_form(visitor: Visitor) -> None:
    """Section 2 of the specification: GET and POST."""
    tokens = get_tokens(visitor)
    answer = visitor.post("/end-session", {"id_token_hint": tokens["id_token"]})
    assert answer.status == 200
    assert not is_signed_in(visitor)


def test_tokens_of_the_login_end_with_it(visitor: Visitor) -> None:
    """Introspection says so, and nothing can be refreshed."""
    tokens = get_tokens(visitor)
    end_session(visitor, id_token_hint=tokens["id_token"])
    assert ask(visitor, "/introspect", token=tokens["access_token"]).json() == {"active": False}
    refreshed = ask(visitor, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refreshed.json()["error"] == "invalid_grant"


def test_without_an_id_token_the_person_is_asked(visitor: Visitor) -> None:
    """A link on any page leads here; only the answer signs out."""
    sign_in(visitor)
    page = end_session(visitor, client_id=CLIENT_ID, post_logout_redirect_uri=AFTERWARDS)
    assert page.status == 200
    assert AFTERWARDS in page.text
    assert is_signed_in(visitor)
    answer = visitor.fill_in(page, {})
    assert answer.status == 303
    assert answer.header("location") == AFTERWARDS
    assert not is_signed_in(visitor)


def test_a_confirmation_from_another_browser_is_refused(visitor: Visitor) -> None:
    """Its token is not this browser's."""
    sign_in(visitor)
    page = end_session(visitor)
    answer = visitor.post(page.form.action, {"form_token": "0" * 64})
    assert answer.status == 403
    assert is_signed_in(visitor)


def test_who_is_not_signed_in_is_not_asked(visitor: Visitor) -> None:
    """There is nothing to confirm."""
    answer = end_session(visitor, client_id=CLIENT_ID, post_logout_redirect_uri=AFTERWARDS)
    assert answer.header("location") == AFTERWARDS


def test_without_an_address_there_is_a_page(visitor: Visitor) -> None:
    """It says that it is done."""
    tokens = get_tokens(visitor)
    page = end_session(visitor, id_token_hint=tokens["id_token"])
    assert page.status == 200
    assert "You are signed out" in page.text


def test_an_expired_id_token_is_still_a_hint(visitor: Visitor, key: SigningKey) -> None:
    """Section 2: people sign out long after the token's five minutes."""
    subject = "5b0e9f6c-3c7e-4a51-9c57-2f6d1d9a7e10"
    sign_in(visitor)
    hint = key.sign({"iss": ISSUER, "aud": CLIENT_ID, "sub": subject, "exp": 1})
    assert end_session(visitor, id_token_hint=hint).status == 200
    assert not is_signed_in(visitor)


def test_an_id_token_of_somebody_else_is_not_enough(visitor: Visitor, key: SigningKey) -> None:
    """The person is asked."""
    sign_in(visitor)
    hint = key.sign({"iss": ISSUER, "aud": CLIENT_ID, "sub": "somebody-else"})
    page = end_session(visitor, id_token_hint=hint)
    assert "Sign out?" in page.text
    assert is_signed_in(visitor)


@pytest.mark.parametrize(
    "parameters",
    [
        {"id_token_hint": "no token"},
        {"id_token_hint": "e30.e30.e30"},
        {"client_id": "other"},
        {"post_logout_redirect_uri": AFTERWARDS},
        {"client_id": CLIENT_ID, "post_logout_redirect_uri": "https://elsewhere.example/"},
        {"client_id": CLIENT_ID, "post_logout_redirect_uri": "javascript:alert(1)"},
    ],
)
def test_a_wrong_request_is_shown_and_sends_nobody_anywhere(visitor: Visitor, parameters: dict[str, str]) -> None:
    """Section 4: no redirect after an error, and nobody is signed out."""
    sign_in(visitor)
    page = end_session(visitor, **parameters)
    assert page.status == 400
    assert not page.has("location")
    assert is_signed_in(visitor)


def test_an_access_token_is_no_hint(visitor: Visitor) -> None:
    """Another type, another purpose."""
    tokens = get_tokens(visitor)
    assert end_session(visitor, id_token_hint=tokens["access_token"]).status == 400


@pytest.mark.parametrize("changes", [{"iss": "http://127.0.0.1:1"}, {"aud": "other"}])
def test_an_id_token_for_others_is_no_hint(visitor: Visitor, key: SigningKey, changes: dict[str, str]) -> None:
    """It must be ours, and for our client."""
    hint = key.sign({"iss": ISSUER, "aud": CLIENT_ID, "sub": "x", **changes})
    assert end_session(visitor, id_token_hint=hint).status == 400


def test_a_confirmation_that_is_no_form_is_refused(visitor: Visitor) -> None:
    """Nothing is guessed."""
    assert visitor.send("POST", "/end-session/confirm", [("content-type", "text/plain")], b"x").status == 400
