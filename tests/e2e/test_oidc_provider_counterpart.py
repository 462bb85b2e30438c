"""The provider that the end-to-end tests sign in at, tried alone: what it does is not the gateway's doing.

A client of the tests' own walks the flows with joserfc, so that a red end-to-end test can be told from a red provider.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.e2e.counterparts.calls import Response, call, post_form
from tests.e2e.counterparts.oidc_provider import (
    AUDIENCE,
    LOGIN,
    PASSWORD,
    Client,
    OidcProvider,
    register,
    start_oidc_provider,
)
from tests.e2e.counterparts.processes import free_port
from tests.fakes.browser import Browser, Page

REDIRECT_URI = "http://localhost:9/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")


def _client(client_id: str, **metadata: Any) -> Client:
    return register(client_id, f"{client_id}-secret", redirect_uris=[REDIRECT_URI], **metadata)


SHOP = _client("shop", post_logout_redirect_uris=["http://localhost:9/signed-out"])
OPAQUE = _client("opaque", access_token_format="opaque")
BY_ALGORITHM = {alg: _client(f"alg-{alg.lower()}", id_token_signed_response_alg=alg) for alg in ALGORITHMS}


@pytest.fixture(scope="module")
def running() -> Iterator[OidcProvider]:
    """One provider for the module."""
    with start_oidc_provider(clients=[SHOP, OPAQUE, *BY_ALGORITHM.values()], require_pkce=True) as provider:
        yield provider


@pytest.fixture
def provider(running: OidcProvider) -> OidcProvider:
    """The provider, with counters at zero and no faults."""
    running.reset()
    return running


def _authorize(provider: OidcProvider, client: Client, **changes: str | None) -> str:
    parameters: dict[str, str | None] = {
        "client_id": client["client_id"],
        "response_type": "code",
        "scope": "openid profile",
        "redirect_uri": REDIRECT_URI,
        "state": "the-state",
        "nonce": "the-nonce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | changes
    return f"{provider.issuer}/auth?" + urlencode({name: value for name, value in parameters.items() if value})


def _at_client(location: str) -> bool:
    return location.startswith(REDIRECT_URI)


def _sign_in(browser: Browser, url: str) -> Page:
    page = browser.open(url, stop_before=_at_client)
    return browser.submit(page, {"login": LOGIN, "password": PASSWORD}, stop_before=_at_client)


def _callback_parameters(page: Page) -> dict[str, str]:
    assert page.location is not None, (page.status, page.text)
    return {name: value for name, (value,) in parse_qs(urlsplit(page.location).query).items()}


def _redeem(provider: OidcProvider, client: Client, code: str, verifier: str = VERIFIER) -> Response:
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
    return provider.token(client, **fields, code_verifier=verifier)


def _tokens(provider: OidcProvider, client: Client = SHOP) -> dict[str, Any]:
    code = _callback_parameters(_sign_in(Browser(), _authorize(provider, client)))["code"]
    tokens: dict[str, Any] = _redeem(provider, client, code).json()
    return tokens


def _keys(provider: OidcProvider) -> KeySet:
    return KeySet.import_key_set(call(provider.metadata()["jwks_uri"]).json())


def _verify(provider: OidcProvider, token: str, alg: str = "RS256") -> jwt.Token:
    return jwt.decode(token, _keys(provider), algorithms=[alg])


def test_its_metadata_names_what_the_gateway_needs(provider: OidcProvider) -> None:
    """Discovery: issuer, endpoints, S256 and the `iss` of RFC 9207."""
    metadata = provider.metadata()
    assert metadata["issuer"] == provider.issuer
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert {"RS256", "PS256", "ES256", "EdDSA"} <= set(metadata["id_token_signing_alg_values_supported"])
    assert all(
        metadata[name].startswith(f"{provider.issuer}/")
        for name in (
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "userinfo_endpoint",
            "introspection_endpoint",
            "revocation_endpoint",
            "end_session_endpoint",
        )
    )


def test_a_person_signs_in_with_the_code_flow_and_pkce(provider: OidcProvider) -> None:
    """The whole flow: sign-in page, callback, tokens, their claims, userinfo."""
    page = _sign_in(Browser(), _authorize(provider, SHOP))
    parameters = _callback_parameters(page)
    assert (parameters["state"], parameters["iss"]) == ("the-state", provider.issuer)
    tokens = _redeem(provider, SHOP, parameters["code"]).json()
    identity = _verify(provider, tokens["id_token"]).claims
    assert (identity["iss"], identity["aud"], identity["sub"], identity["nonce"]) == (
        provider.issuer,
        "shop",
        LOGIN,
        "the-nonce",
    )
    access = _verify(provider, tokens["access_token"])
    assert (access.header["typ"], access.claims["aud"], access.claims["client_id"]) == ("at+jwt", AUDIENCE, "shop")
    assert access.claims["sub"] == LOGIN
    userinfo = call(f"{provider.issuer}/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}).json()
    assert userinfo == {"sub": LOGIN, "name": "Quickstart User", "preferred_username": LOGIN}


def test_a_wrong_password_shows_the_form_again(provider: OidcProvider) -> None:
    """No code for whoever does not know the password."""
    browser = Browser()
    page = browser.open(_authorize(provider, SHOP))
    page = browser.submit(page, {"login": LOGIN, "password": "guess"})
    assert (page.status, page.location) == (401, None)
    assert "wrong password" in page.text
    page = browser.submit(page, {"login": LOGIN, "password": PASSWORD}, stop_before=_at_client)
    assert "code" in _callback_parameters(page)


def test_a_person_who_cancels_goes_back_with_access_denied(provider: OidcProvider) -> None:
    """RFC 6749 §4.1.2.1."""
    browser = Browser()
    page = browser.open(_authorize(provider, SHOP))
    page = browser.submit(page, button="cancel", stop_before=_at_client)
    assert _callback_parameters(page)["error"] == "access_denied"


def test_a_second_sign_in_needs_no_password(provider: OidcProvider) -> None:
    """Single sign-on: the provider's own session answers at once; `prompt=login` asks again."""
    browser = Browser()
    _sign_in(browser, _authorize(provider, SHOP))
    page = browser.open(_authorize(provider, OPAQUE, state="second"), stop_before=_at_client)
    assert _callback_parameters(page)["state"] == "second"
    assert len(browser.open(_authorize(provider, SHOP, prompt="login"), stop_before=_at_client).forms) == 1


def test_a_login_without_pkce_is_refused_when_it_is_required(provider: OidcProvider) -> None:
    """The setting `require_pkce`."""
    url = _authorize(provider, SHOP, code_challenge=None, code_challenge_method=None)
    page = Browser().open(url, stop_before=_at_client)
    assert _callback_parameters(page)["error"] == "invalid_request"


def test_a_wrong_verifier_gets_no_token(provider: OidcProvider) -> None:
    """RFC 7636 §4.6."""
    code = _callback_parameters(_sign_in(Browser(), _authorize(provider, SHOP)))["code"]
    answer = _redeem(provider, SHOP, code, verifier=VERIFIER[::-1])
    assert (answer.status, answer.json()["error"]) == (400, "invalid_grant")


def test_a_code_is_good_once_and_its_second_use_revokes_the_tokens(provider: OidcProvider) -> None:
    """RFC 6749 §4.1.2."""
    code = _callback_parameters(_sign_in(Browser(), _authorize(provider, OPAQUE)))["code"]
    tokens = _redeem(provider, OPAQUE, code).json()
    assert provider.introspect(OPAQUE, tokens["access_token"])["active"] is True
    assert _redeem(provider, OPAQUE, code).json()["error"] == "invalid_grant"
    assert provider.introspect(OPAQUE, tokens["access_token"]) == {"active": False}


def test_the_answer_can_come_as_a_posted_form(provider: OidcProvider) -> None:
    """OAuth 2.0 Form Post Response Mode: a page with one form that posts code and state to the redirect URI."""
    page = _sign_in(Browser(), _authorize(provider, SHOP, response_mode="form_post"))
    (form,) = page.forms
    assert (form.method, form.action) == ("POST", REDIRECT_URI)
    assert form.fields["state"] == "the-state"
    assert "code" in form.fields


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # RFC 9864 names it Ed25519; providers still say EdDSA
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_id_tokens_are_signed_as_the_client_registered(provider: OidcProvider, alg: str) -> None:
    """Each client's `id_token_signed_response_alg`."""
    token = _verify(provider, _tokens(provider, BY_ALGORITHM[alg])["id_token"], alg)
    assert token.header["alg"] == alg


def test_a_machine_gets_a_signed_access_token(provider: OidcProvider) -> None:
    """Client credentials: RFC 9068, `sub` is the client."""
    token = _verify(provider, provider.machine_token(SHOP, "read write"))
    assert (token.header["alg"], token.header["typ"]) == ("RS256", "at+jwt")
    assert (token.claims["sub"], token.claims["aud"], token.claims["scope"]) == ("shop", AUDIENCE, "read write")


def test_a_wrong_client_secret_gets_no_token(provider: OidcProvider) -> None:
    """RFC 6749 §5.2: 401 invalid_client."""
    answer = post_form(f"{provider.issuer}/token", {"grant_type": "client_credentials"}, ("shop", "guess"))
    assert (answer.status, answer.json()["error"]) == (401, "invalid_client")


def test_the_password_grant_gives_a_token_of_the_person(provider: OidcProvider) -> None:
    """The custom grant, and its refusal."""
    assert _verify(provider, provider.person_token(SHOP)).claims["sub"] == LOGIN
    answer = provider.token(SHOP, grant_type="password", username=LOGIN, password="guess")
    assert (answer.status, answer.json()["error"]) == (400, "invalid_grant")
    opaque = provider.person_token(OPAQUE)
    userinfo = call(f"{provider.issuer}/me", headers={"Authorization": f"Bearer {opaque}"}).json()
    assert (userinfo["sub"], userinfo["email"]) == (LOGIN, "quickstart-user@example.com")


def test_refresh_tokens_rotate_and_reuse_revokes_everything(provider: OidcProvider) -> None:
    """RFC 9700 §4.14: the old token, presented again, ends the new one too."""
    first = _tokens(provider)
    second = provider.token(SHOP, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert _verify(provider, second["id_token"]).claims["sub"] == LOGIN
    reused = provider.token(SHOP, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (reused.status, reused.json()["error"]) == (400, "invalid_grant")
    after = provider.token(SHOP, grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert (after.status, after.json()["error"]) == (400, "invalid_grant")


def test_introspection_tells_what_a_token_is_until_it_is_revoked(provider: OidcProvider) -> None:
    """RFC 7662 and RFC 7009, for opaque tokens."""
    token = provider.machine_token(OPAQUE)
    assert token.count(".") == 0
    told = provider.introspect(OPAQUE, token)
    assert (told["active"], told["client_id"], told["scope"], told["iss"]) == (True, "opaque", "read", provider.issuer)
    credentials = (OPAQUE["client_id"], OPAQUE["client_secret"])
    assert post_form(f"{provider.issuer}/token/revocation", {"token": token}, credentials).status == 200
    assert provider.introspect(OPAQUE, token) == {"active": False}
    assert provider.introspect(OPAQUE, "invalid-access-token") == {"active": False}


def test_signing_out_ends_its_session(provider: OidcProvider) -> None:
    """RP-initiated logout: confirm, come back to the registered address, sign in anew."""
    browser = Browser()
    code = _callback_parameters(_sign_in(browser, _authorize(provider, SHOP)))["code"]
    hint = _redeem(provider, SHOP, code).json()["id_token"]
    query = urlencode(
        {"id_token_hint": hint, "post_logout_redirect_uri": "http://localhost:9/signed-out", "state": "bye"}
    )
    page = browser.open(f"{provider.issuer}/session/end?{query}")
    page = browser.submit(page, stop_before=lambda location: location.startswith("http://localhost:9/"))
    assert page.location == "http://localhost:9/signed-out?state=bye"
    assert len(browser.open(_authorize(provider, SHOP), stop_before=_at_client).forms) == 1


def test_rotated_keys_sign_at_once_and_old_ones_stay_or_go(provider: OidcProvider) -> None:
    """The control that tests of key rotation use; sessions and tokens outlive it."""
    old = provider.machine_token(SHOP)
    provider.rotate_keys()
    new = provider.machine_token(SHOP)
    assert _kid(new) != _kid(old)
    assert _verify(provider, old).claims["sub"] == _verify(provider, new).claims["sub"]
    kids = provider.rotate_keys(keep_old=False)
    assert {_kid(old), _kid(new)}.isdisjoint(kids)
    assert _kid(provider.machine_token(SHOP)) in kids


def test_it_counts_what_it_is_asked_and_remembers_the_parameters(provider: OidcProvider) -> None:
    """The controls that tests of single-flight and of client authentication use."""
    provider.machine_token(SHOP)
    provider.metadata()
    counters = provider.counters()
    assert (counters["token"], counters["discovery"], counters["jwks"]) == (1, 1, 0)
    (request,) = provider.requests("token")
    assert (request["client_id"], request["authorization"], request["status"]) == ("shop", "Basic", 200)
    assert request["params"]["grant_type"] == "client_credentials"


def test_it_fails_where_it_is_told_to(provider: OidcProvider) -> None:
    """The control that outage tests use: a status for so many times, then as before; silence until reset."""
    provider.set_fault("jwks", status=500, body="<html>", content_type="text/html", times=1)
    url = f"{provider.issuer}/jwks"
    assert (call(url).status, call(url).status) == (500, 200)
    provider.set_fault("jwks", hang=True)
    with pytest.raises(TimeoutError):
        call(url, timeout_s=0.3)
    provider.reset()
    assert call(url).status == 200


def test_tokens_live_as_long_as_it_is_told(provider: OidcProvider) -> None:
    """The control that refresh tests use: from the next token on."""
    provider.set_lifetime(7)
    assert _tokens(provider)["expires_in"] == 7
    provider.set_lifetime(3600)
    assert _tokens(provider)["expires_in"] == 3600


def test_it_goes_away_and_comes_back_with_what_it_knows(provider: OidcProvider) -> None:
    """The control that outage tests use: connections are refused, and refresh tokens are good afterwards."""
    tokens = _tokens(provider)
    provider.go_away(2.0)
    with pytest.raises(ConnectionRefusedError):
        call(provider.discovery_url)
    provider.wait_until_back()
    assert provider.token(SHOP, grant_type="refresh_token", refresh_token=tokens["refresh_token"]).status == 200


def test_the_same_issuer_comes_back_after_an_outage() -> None:
    """A restart on the same port with the same keys: old signatures verify, sessions are gone."""
    with start_oidc_provider(clients=[SHOP], port=free_port(), algs=["RS256"]) as provider:
        token = provider.machine_token(SHOP)
        settings = provider.settings | {"port": provider.port, "jwks": provider.private_keys()}
    with start_oidc_provider(**settings) as again:
        assert again.issuer == provider.issuer
        assert _verify(again, token).claims["sub"] == "shop"


def test_it_can_hide_what_it_supports() -> None:
    """The setting `discovery`: a provider that does not advertise S256."""
    settings = {"code_challenge_methods_supported": None, "issuer": "http://127.0.0.1:1"}
    with start_oidc_provider(clients=[SHOP], algs=["RS256"], discovery=settings) as provider:
        metadata = provider.metadata()
    assert "code_challenge_methods_supported" not in metadata
    assert metadata["issuer"] == "http://127.0.0.1:1"


def _kid(token: str) -> str:
    header = token.partition(".")[0]
    kid: str = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]
    return kid
