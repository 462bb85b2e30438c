"""The four grants: what they give, and what ends what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.demo.provider.grants import matches_challenge
from ostiary.demo.provider.memory import FAMILY_LIFETIME_S, REFRESH_TOKEN_LIFETIME_S
from ostiary.demo.provider.throttle import MAX_FAILURES
from tests.unit.demo.provider.world import (
    CHALLENGE,
    PERSON,
    VERIFIER,
    StandingClock,
    ask,
    claims_of,
    get_tokens,
    redeem,
    sign_in,
)
from tests.unit.demo.visitor import Answer, Visitor


def refresh(visitor: Visitor, token: str, **changes: str) -> Answer:
    """Use a refresh token."""
    return ask(visitor, grant_type="refresh_token", refresh_token=token, **changes)


def is_active(visitor: Visitor, access_token: str) -> bool:
    """What introspection says."""
    active: bool = ask(visitor, "/introspect", token=access_token).json()["active"]
    return active


def test_a_code_gives_all_three_tokens(visitor: Visitor) -> None:
    """RFC 6749 section 5.1 and OpenID Connect Core 3.1.3.3."""
    answer = get_tokens(visitor)
    assert set(answer) == {"access_token", "id_token", "refresh_token", "token_type", "expires_in", "scope"}
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 300
    assert answer["scope"] == "openid profile email"


def test_the_id_token_has_the_nonce_and_the_time_of_the_password(visitor: Visitor, clock: StandingClock) -> None:
    """`auth_time` is when the person signed in, not when the code was redeemed."""
    signed_in_at = int(clock.now)
    code = sign_in(visitor).sent_back["code"]
    clock.now += 30
    claims = claims_of(redeem(visitor, code).json()["id_token"])
    assert claims["nonce"] == "the nonce"
    assert claims["auth_time"] == signed_in_at
    assert claims["iat"] == signed_in_at + 30


def test_without_openid_there_is_no_id_token(visitor: Visitor) -> None:
    """It is plain OAuth then."""
    assert "id_token" not in get_tokens(visitor, scope="email")


def test_a_code_works_once_and_its_second_use_ends_what_the_first_gave(visitor: Visitor) -> None:
    """RFC 6749 section 4.1.2."""
    code = sign_in(visitor).sent_back["code"]
    tokens = redeem(visitor, code).json()
    assert redeem(visitor, code).json()["error"] == "invalid_grant"
    assert not is_active(visitor, tokens["access_token"])
    assert refresh(visitor, tokens["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "unknown"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"redirect_uri": "http://localhost:9080/other"}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": "too-short"}, "invalid_request"),
        ({"code_verifier": None}, "invalid_request"),
    ],
)
def test_a_code_alone_is_not_enough(visitor: Visitor, changes: dict[str, str | None], error: str) -> None:
    """It belongs to a redirect URI and a verifier."""
    given = {"code": sign_in(visitor).sent_back["code"], **changes}
    answer = redeem(visitor, given.pop("code"), **given)
    assert answer.status == 400
    assert answer.json()["error"] == error


def test_a_client_without_pkce_may_sign_in_but_not_make_up_a_verifier(visitor: Visitor) -> None:
    """The client is confidential, so PKCE is its choice; RFC 9700 section 4.8 keeps it from being taken off."""
    plain = {"code_challenge": None, "code_challenge_method": None}
    assert redeem(visitor, sign_in(visitor, **plain).sent_back["code"], code_verifier=None).status == 200
    again = sign_in(visitor, **plain, prompt="login").sent_back["code"]
    assert redeem(visitor, again).json()["error"] == "invalid_request"


def test_a_refresh_token_gives_a_new_pair_of_the_same_login(visitor: Visitor, clock: StandingClock) -> None:
    """OpenID Connect Core 12.2: same subject and auth_time, no nonce."""
    before = get_tokens(visitor)
    clock.now += 100
    after = refresh(visitor, before["refresh_token"]).json()
    assert after["refresh_token"] != before["refresh_token"]
    assert after["access_token"] != before["access_token"]
    old, new = claims_of(before["id_token"]), claims_of(after["id_token"])
    assert (new["sub"], new["auth_time"]) == (old["sub"], old["auth_time"])
    assert "nonce" not in new


def test_a_refresh_token_that_comes_again_ends_its_family(visitor: Visitor) -> None:
    """RFC 9700 section 4.14.2: somebody has stolen it, and nobody knows who is who."""
    first = get_tokens(visitor)
    second = refresh(visitor, first["refresh_token"]).json()
    assert refresh(visitor, first["refresh_token"]).json()["error"] == "invalid_grant"
    assert refresh(visitor, second["refresh_token"]).json()["error"] == "invalid_grant"
    assert not is_active(visitor, second["access_token"])


def test_another_login_is_not_touched_by_it(visitor: Visitor) -> None:
    """A family is what came of one sign-in."""
    stolen, other = get_tokens(visitor), get_tokens(visitor, prompt="login")
    refresh(visitor, stolen["refresh_token"])
    refresh(visitor, stolen["refresh_token"])
    assert refresh(visitor, other["refresh_token"]).status == 200


def test_an_access_token_refreshes_nothing(visitor: Visitor) -> None:
    """Only what was given out for it does."""
    assert refresh(visitor, get_tokens(visitor)["access_token"]).json()["error"] == "invalid_grant"


def test_an_idle_refresh_token_ends(visitor: Visitor, clock: StandingClock) -> None:
    """After half an hour without use."""
    tokens = get_tokens(visitor)
    clock.now += REFRESH_TOKEN_LIFETIME_S
    assert refresh(visitor, tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_family_ends_however_often_it_is_refreshed(visitor: Visitor, clock: StandingClock) -> None:
    """There is a last day for every sign-in."""
    token = get_tokens(visitor)["refresh_token"]
    ends_at = clock.now + FAMILY_LIFETIME_S
    while (answer := refresh(visitor, token)).status == 200:
        token = answer.json()["refresh_token"]
        clock.now += REFRESH_TOKEN_LIFETIME_S - 1
    assert clock.now >= ends_at


def test_a_narrower_scope_is_for_one_access_token(visitor: Visitor) -> None:
    """RFC 6749 section 6: the refresh token keeps the scope that was granted, and never gets more."""
    first = get_tokens(visitor, scope="openid email")
    narrow = refresh(visitor, first["refresh_token"], scope="email").json()
    assert narrow["scope"] == "email"
    full = refresh(visitor, narrow["refresh_token"]).json()
    assert full["scope"] == "openid email"
    assert refresh(visitor, full["refresh_token"], scope="openid profile").json()["error"] == "invalid_scope"


def test_a_client_gets_a_token_for_itself(visitor: Visitor) -> None:
    """Without a refresh token (RFC 6749 section 4.4.3), without an ID token, and with itself as subject."""
    answer = ask(visitor, grant_type="client_credentials", scope="openid email").json()
    assert set(answer) == {"access_token", "token_type", "expires_in", "scope"}
    assert answer["scope"] == "email"
    assert claims_of(answer["access_token"])["sub"] == "apisix-quickstart-client"


def test_scopes_that_nobody_knows_are_left_out_and_alone_refused(visitor: Visitor) -> None:
    """What was given is said in the answer."""
    assert ask(visitor, grant_type="client_credentials").json()["scope"] == "profile email"
    assert ask(visitor, grant_type="client_credentials", scope="email orders").json()["scope"] == "email"
    assert ask(visitor, grant_type="client_credentials", scope="orders").json()["error"] == "invalid_scope"


def test_a_password_gives_tokens(visitor: Visitor) -> None:
    """As in the tutorial."""
    answer = ask(visitor, grant_type="password", **PERSON, scope="openid").json()
    assert {"access_token", "refresh_token", "id_token"} <= set(answer)
    assert refresh(visitor, answer["refresh_token"]).status == 200


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"username": "nobody"}])
def test_a_wrong_password_is_an_invalid_grant(visitor: Visitor, changes: dict[str, str]) -> None:
    """RFC 6749 section 5.2, with nothing that tells which of the two was wrong."""
    answer = ask(visitor, grant_type="password", **{**PERSON, **changes})
    assert answer.status == 400
    assert answer.json()["error"] == "invalid_grant"


def test_wrong_passwords_count_here_too(visitor: Visitor) -> None:
    """The same count as on the page."""
    for _ in range(MAX_FAILURES):
        ask(visitor, grant_type="password", username=PERSON["username"], password="wrong")
    assert ask(visitor, grant_type="password", **PERSON).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("grant", ["implicit", "", "urn:ietf:params:oauth:grant-type:device_code"])
def test_other_grants_are_not_supported(visitor: Visitor, grant: str) -> None:
    """RFC 6749 section 5.2."""
    assert ask(visitor, grant_type=grant).json()["error"] == "unsupported_grant_type"


def test_the_challenge_of_rfc_7636_appendix_b() -> None:
    """The specification's own example."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert matches_challenge(verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    assert matches_challenge(VERIFIER, CHALLENGE)


@given(st.from_regex(r"[A-Za-z0-9\-._~]{43,128}", fullmatch=True))
def test_no_other_verifier_matches(verifier: str) -> None:
    """Whatever it is."""
    assert matches_challenge(verifier, CHALLENGE) == (verifier == VERIFIER)
