"""How people sign in, how long they stay, and how they leave."""

from typing import Any

import pytest

from ostiary.identity.members import MemberRule
from ostiary.plugins.oidc.compile_party import compile_party_settings
from ostiary.relying_party.settings import RelyingPartySettings
from tests.fakes.issuer import CLIENT_ID, DISCOVERY
from tests.fakes.oidc_configs import LEFT_OUT, REDIRECT_URL, SECRET, make_oidc

GITHUB = {"provider": "github", "oidc_issuer_url": LEFT_OUT}


def compile_with(**written: Any) -> RelyingPartySettings:
    """Compile a configuration."""
    return compile_party_settings(make_oidc(**written), "a-fingerprint")


def test_the_defaults_are_the_documents() -> None:
    """What the upstream is told, how the cookie is, how long all lasts."""
    settings = compile_with()

    assert (DISCOVERY, CLIENT_ID, REDIRECT_URL, "openid email profile") == (
        settings.discovery, settings.credentials.client_id, settings.redirect_uri, settings.scope
    )  # fmt: skip
    assert "client_secret_post" == settings.credentials.method
    assert (604_800.0, None, False, True) == (
        settings.limits.absolute_s, settings.renewal.interval_s, settings.renewal.silently,
        settings.renewal.counts_id_token,
    )  # fmt: skip
    headers = settings.headers
    assert headers.id_token_in_authorization
    assert not any((headers.access_token, headers.id_token, headers.userinfo, headers.raw_id_token,
                    headers.refresh_token, headers.forwarded_access_token, headers.forwarded_user))  # fmt: skip
    cookie = settings.cookie
    assert ("_oauth2_proxy", "/", (), True, None) == (
        cookie.name, cookie.path, cookie.domains, cookie.http_only, cookie.same_site
    )  # fmt: skip
    assert ("_oauth2_proxy_csrf", False, 900.0, False) == (
        cookie.flow_name, cookie.flow_per_login, cookie.flow_lifetime_s, cookie.is_browser_session
    )  # fmt: skip
    assert ("/oauth2/sign_out", True, "rd") == (
        settings.logout.path, settings.logout.is_path_typed, settings.logout.mode
    )  # fmt: skip
    assert (True, (), "oidc", None) == (
        settings.follows_rd, settings.allowed_redirects, settings.login, settings.store
    )  # fmt: skip
    assert not settings.use_pkce
    assert not settings.id_tokens.require_nonce


@pytest.mark.parametrize(
    ("written", "secure"),
    [
        ({}, None),
        ({"redirect_url": "http://foo.bar.com/oauth2/callback"}, None),
        ({"cookie_secure": True}, True),
        ({"cookie_secure": False}, False),
    ],
)
def test_cookies_are_secure_by_scheme_unless_typed(written: dict[str, Any], secure: bool | None) -> None:
    """The scheme is that of redirect_url."""
    assert secure is compile_with(**written).cookie.secure


@pytest.mark.parametrize(("written", "sent"), [("", None), ("lax", "Lax"), ("strict", "Strict"), ("none", "None")])
def test_same_site_is_sent_as_browsers_write_it(written: str, sent: str | None) -> None:
    """The empty text sends nothing."""
    assert sent == compile_with(cookie_samesite=written).cookie.same_site


def test_two_spellings_of_a_secret_seal_alike() -> None:
    """Padding is no part of it."""
    assert compile_with(cookie_secret=SECRET.rstrip("=")).secrets == compile_with(cookie_secret=SECRET).secrets
    assert 2 == len(set(compile_with(cookie_secret=[SECRET, "0123456789abcdef"]).secrets))


def test_a_cookie_that_ends_with_the_browser_ends_some_day() -> None:
    """A session restored for ever would be one for ever."""
    settings = compile_with(cookie_expire=0)

    assert settings.cookie.is_browser_session
    assert 604_800.0 == settings.limits.absolute_s


def test_lifetimes_are_seconds() -> None:
    """All three of them."""
    settings = compile_with(cookie_expire="12h30m", cookie_refresh="55m", cookie_csrf_expire="10m")

    assert (45_000.0, 3300.0, 600.0) == (
        settings.limits.absolute_s, settings.renewal.interval_s, settings.cookie.flow_lifetime_s
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "parameters"),
    [
        ({}, {}),
        ({"prompt": "login"}, {"prompt": "login"}),
        ({"approval_prompt": "force"}, {"approval_prompt": "force"}),
        ({"acr_values": "1 2"}, {"acr_values": "1 2"}),
        ({"provider": "aliyun", "oidc_issuer_url": LEFT_OUT}, {"access_type": "offline"}),
    ],
)
def test_what_is_asked_besides(written: dict[str, Any], parameters: dict[str, str]) -> None:
    """Nothing, unless it is written or the provider needs it."""
    assert parameters == compile_with(**written).authorization_parameters


def test_what_is_asked_for_is_held_against_the_answer() -> None:
    """Nonce, `acr`, audience and PKCE."""
    settings = compile_with(
        insecure_oidc_skip_nonce=False, acr_values="1 2", oidc_extra_audiences=["api"], code_challenge_method="S256"
    )

    assert settings.id_tokens.require_nonce
    assert frozenset({"1", "2"}) == settings.id_tokens.acr_values
    assert ("api",) == settings.extra_audiences
    assert settings.use_pkce


@pytest.mark.parametrize(
    ("written", "counts"),
    [({}, True), ({"pass_authorization_header": False}, False), (GITHUB, False),
     ({"provider": "aliyun", "oidc_issuer_url": LEFT_OUT}, False)],
)  # fmt: skip
def test_an_id_token_that_goes_upstream_counts(written: dict[str, Any], counts: bool) -> None:
    """Unless no refresh brings a new one."""
    assert counts is compile_with(**written).renewal.counts_id_token


@pytest.mark.parametrize(
    ("written", "tokens", "userinfo"),
    [
        ({}, True, False),
        ({"pass_user_headers": True}, True, True),
        ({"allowed_groups": "a"}, True, True),
        ({"allowed_groups": "a", "skip_claims_from_profile_url": True}, True, False),
        ({"session_cookie_minimal": True, "pass_authorization_header": False}, False, False),
    ],
)
def test_a_session_keeps_what_is_needed(written: dict[str, Any], tokens: bool, userinfo: bool) -> None:
    """Userinfo where it matters who exactly is there."""
    contents = compile_with(**written).contents

    assert (tokens, tokens, userinfo) == (contents.access_token, contents.raw_id_token, contents.userinfo)


def test_who_may_enter_is_one_rule() -> None:
    """With the claims that hold address and groups."""
    settings = compile_with(
        allowed_groups=["staff"], allowed_emails="alice@bar.com", email_domains=["*.bar.com"], oidc_email_claim="mail",
        oidc_groups_claim="roles", insecure_oidc_allow_unverified_email=True,
    )  # fmt: skip

    assert settings.members == MemberRule(
        groups=("staff",), emails=("alice@bar.com",), email_domains=("*.bar.com",), email_claim="mail",
        groups_claim="roles", require_verified_email=False,
    )  # fmt: skip


def test_what_goes_where_is_told() -> None:
    """Prefix, targets, store, kind of provider and headers."""
    settings = compile_with(
        **GITHUB, proxy_prefix="/sso", whitelist_domains=".bar.com", session_store_type="sqlite",
        pass_access_token=True, pass_user_headers=True, cookie_domains=[".bar.com"], cookie_csrf_per_request=True,
    )  # fmt: skip

    assert ("/sso/sign_out", (".bar.com",), "github") == (
        settings.logout.path, settings.allowed_redirects, settings.login
    )  # fmt: skip
    assert settings.store is not None
    assert settings.headers.forwarded_access_token
    assert settings.headers.forwarded_user
    assert not settings.headers.id_token_in_authorization
    assert (".bar.com",) == settings.cookie.domains
    assert settings.cookie.flow_per_login
