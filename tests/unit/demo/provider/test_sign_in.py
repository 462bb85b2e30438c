"""The authorization endpoint and its page: who is asked, who is not, and what a form must prove."""

import pytest

from ostiary.demo.provider.memory import CODE_LIFETIME_S, LOGIN_LIFETIME_S
from ostiary.demo.provider.throttle import MAX_FAILURES, WINDOW_S
from tests.unit.demo.provider.world import (
    ISSUER,
    PERSON,
    REDIRECT_URI,
    StandingClock,
    authorize_url,
    redeem,
    sign_in,
)
from tests.unit.demo.visitor import Visitor

LOGIN_COOKIE = "ostiary_demo_provider_login"
WRONG = {"username": "quickstart-user", "password": "wrong"}


def test_a_stranger_is_shown_the_form(visitor: Visitor) -> None:
    """The page has the two fields and says where it leads back to."""
    page = visitor.get(authorize_url())
    assert page.status == 200
    assert {"username", "password"} <= set(page.form.fields)
    assert REDIRECT_URI in page.text


def test_the_right_password_leads_back_with_a_code_the_state_and_the_issuer(visitor: Visitor) -> None:
    """RFC 6749 section 4.1.2 and RFC 9207; 303, so that the browser comes back with GET."""
    answer = sign_in(visitor)
    assert answer.status == 303
    assert answer.header("location").startswith(REDIRECT_URI + "?")
    assert set(answer.sent_back) == {"code", "state", "iss"}
    assert answer.sent_back["state"] == "the state"
    assert answer.sent_back["iss"] == ISSUER


def test_nobody_may_keep_the_redirect_or_tell_where_it_came_from(visitor: Visitor) -> None:
    """The address has a code in it."""
    answer = sign_in(visitor)
    assert answer.header("cache-control") == "no-store"
    assert answer.header("referrer-policy") == "no-referrer"


def test_the_query_of_the_redirect_uri_is_kept(visitor: Visitor) -> None:
    """RFC 6749 section 3.1.2: parameters are added to it."""
    answer = sign_in(visitor, redirect_uri=f"{REDIRECT_URI}?tenant=a%20b")
    assert answer.sent_back["tenant"] == "a b"


def test_a_wrong_password_shows_the_form_again_and_signs_nobody_in(visitor: Visitor) -> None:
    """The user name stays filled in, the password does not."""
    page = visitor.fill_in(visitor.get(authorize_url()), WRONG)
    assert page.status == 403
    assert "do not belong together" in page.text
    assert page.form.fields["username"] == "quickstart-user"
    assert page.form.fields["password"] == ""
    assert LOGIN_COOKIE not in visitor.cookies


def test_after_too_many_wrong_passwords_even_the_right_one_waits(visitor: Visitor, clock: StandingClock) -> None:
    """Until the window is over."""
    page = visitor.get(authorize_url())
    for _ in range(MAX_FAILURES):
        visitor.fill_in(page, WRONG)
    refused = visitor.fill_in(page, PERSON)
    assert refused.status == 429
    assert refused.header("retry-after") == str(WINDOW_S)
    clock.now += WINDOW_S
    assert visitor.fill_in(page, PERSON).status == 303


def test_cancel_goes_back_with_access_denied(visitor: Visitor) -> None:
    """The client learns that the person would not; RFC 9207 wants the issuer in errors, too."""
    answer = visitor.fill_in(visitor.get(authorize_url()), {}, button="cancel")
    assert answer.status == 303
    assert answer.sent_back["error"] == "access_denied"
    assert answer.sent_back["state"] == "the state"
    assert answer.sent_back["iss"] == ISSUER


def test_a_form_from_another_browser_is_refused(visitor: Visitor) -> None:
    """The form token belongs to the browser that was shown the page: login CSRF."""
    page = visitor.get(authorize_url())
    visitor.cookies.clear()
    visitor.get(authorize_url())
    answer = visitor.fill_in(page, PERSON)
    assert answer.status == 403
    assert not answer.has("location")
    assert LOGIN_COOKIE not in visitor.cookies


def test_a_form_without_cookies_is_refused(visitor: Visitor) -> None:
    """A browser that keeps none is told to start again."""
    page = visitor.get(authorize_url())
    visitor.cookies.clear()
    answer = visitor.fill_in(page, PERSON)
    assert answer.status == 403
    assert "start again" in answer.text


def test_a_form_token_is_for_one_authorization_request(visitor: Visitor) -> None:
    """It cannot be taken to a form that leads elsewhere."""
    page, other = visitor.get(authorize_url()), visitor.get(authorize_url(state="other"))
    answer = visitor.post(page.form.action, other.form.filled(PERSON))
    assert answer.status == 403


def test_two_tabs_can_both_sign_in(visitor: Visitor) -> None:
    """Nothing is kept between showing a form and getting it back."""
    one, two = visitor.get(authorize_url(state="1")), visitor.get(authorize_url(state="2"))
    assert visitor.fill_in(one, PERSON).sent_back["state"] == "1"
    assert visitor.fill_in(two, PERSON).sent_back["state"] == "2"


def test_the_second_time_is_silent(visitor: Visitor) -> None:
    """The login cookie stands for the password."""
    sign_in(visitor)
    answer = visitor.get(authorize_url(state="again"))
    assert answer.status == 303
    assert answer.sent_back["state"] == "again"
    assert "code" in answer.sent_back


def test_a_login_ends_by_itself(visitor: Visitor, clock: StandingClock) -> None:
    """After its lifetime the form is shown again."""
    sign_in(visitor)
    clock.now += LOGIN_LIFETIME_S
    assert visitor.get(authorize_url()).status == 200


def test_each_sign_in_has_a_new_cookie_and_the_old_one_is_worth_nothing(visitor: Visitor) -> None:
    """A cookie that was planted beforehand must not become a login."""
    sign_in(visitor)
    old = visitor.cookies[LOGIN_COOKIE]
    visitor.fill_in(visitor.get(authorize_url(prompt="login")), PERSON)
    assert visitor.cookies[LOGIN_COOKIE] != old
    visitor.cookies[LOGIN_COOKIE] = old
    assert visitor.get(authorize_url()).status == 200


@pytest.mark.parametrize("prompt", ["login", "consent", "select_account"])
def test_a_prompt_shows_the_form_to_who_is_signed_in(visitor: Visitor, prompt: str) -> None:
    """OpenID Connect Core 3.1.2.1; here all three are answered with the password."""
    sign_in(visitor)
    page = visitor.get(authorize_url(prompt=prompt))
    assert page.status == 200
    assert visitor.fill_in(page, PERSON).status == 303


def test_prompt_none_shows_no_form_to_a_stranger(visitor: Visitor) -> None:
    """The client gets `login_required` and may decide what to do."""
    answer = visitor.get(authorize_url(prompt="none"))
    assert answer.status == 303
    assert answer.sent_back["error"] == "login_required"
    assert answer.sent_back["state"] == "the state"


def test_prompt_none_is_silent_for_who_is_signed_in(visitor: Visitor) -> None:
    """The renewal without a refresh token."""
    sign_in(visitor)
    assert "code" in visitor.get(authorize_url(prompt="none")).sent_back


def test_max_age_asks_again_when_the_password_is_too_long_ago(visitor: Visitor, clock: StandingClock) -> None:
    """At the limit it is too long; with prompt=none the client is told instead."""
    sign_in(visitor)
    clock.now += 59
    assert visitor.get(authorize_url(max_age="60")).status == 303
    clock.now += 1
    assert visitor.get(authorize_url(max_age="60")).status == 200
    assert visitor.get(authorize_url(max_age="60", prompt="none")).sent_back["error"] == "login_required"


def test_max_age_zero_always_asks(visitor: Visitor) -> None:
    """It means the same as prompt=login."""
    sign_in(visitor)
    assert visitor.get(authorize_url(max_age="0")).status == 200


def test_the_request_may_come_as_a_form(visitor: Visitor) -> None:
    """OpenID Connect Core 3.1.2.1 wants GET and POST."""
    parameters = dict(pair.split("=") for pair in authorize_url(redirect_uri=None).partition("?")[2].split("&"))
    page = visitor.post("/authorize", {**parameters, "scope": "openid", "redirect_uri": REDIRECT_URI})
    assert page.status == 200
    assert "code" in visitor.fill_in(page, PERSON).sent_back


def test_a_login_hint_fills_in_the_user_name(visitor: Visitor) -> None:
    """And is escaped, being text from anywhere."""
    page = visitor.get(authorize_url(login_hint='"><b>me'))
    assert page.form.fields["username"] == '"><b>me'
    assert "<b>" not in page.text


def test_an_unknown_client_is_shown_an_error_and_nobody_is_redirected(visitor: Visitor) -> None:
    """RFC 6749 section 4.1.2.1."""
    page = visitor.get(authorize_url(client_id="other"))
    assert page.status == 400
    assert not page.has("location")
    assert "No client is known" in page.text


def test_a_redirect_uri_elsewhere_is_shown_as_an_error(visitor: Visitor) -> None:
    """The demo sends codes to this machine only."""
    page = visitor.get(authorize_url(redirect_uri="https://shop.example.com/callback"))
    assert page.status == 400
    assert not page.has("location")


def test_a_form_that_comes_back_with_another_redirect_uri_is_refused(visitor: Visitor) -> None:
    """What was checked when the form was shown is checked again."""
    page = visitor.get(authorize_url())
    action = page.form.action.replace("localhost", "attacker.example")
    assert visitor.post(action, page.form.filled(PERSON)).status == 400


def test_a_body_that_is_no_form_is_refused(visitor: Visitor) -> None:
    """Nothing is guessed."""
    page = visitor.get(authorize_url())
    assert visitor.send("POST", page.form.action, [("content-type", "text/plain")], b"username=x").status == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"scope": "unknown"}, "invalid_scope"),
    ],
)
def test_what_is_wrong_with_the_request_goes_back_to_the_client(
    visitor: Visitor, changes: dict[str, str | None], error: str
) -> None:
    """Before a password is asked for."""
    answer = visitor.get(authorize_url(**changes))
    assert answer.status == 303
    assert answer.sent_back["error"] == error
    assert "code" not in answer.sent_back
    assert answer.sent_back["iss"] == ISSUER


def test_a_code_lives_a_minute(visitor: Visitor, clock: StandingClock) -> None:
    """RFC 6749 section 4.1.2 allows ten; the browser needs seconds."""
    code = sign_in(visitor).sent_back["code"]
    clock.now += CODE_LIFETIME_S
    assert redeem(visitor, code).json()["error"] == "invalid_grant"
